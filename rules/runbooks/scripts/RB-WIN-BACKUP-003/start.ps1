# SPDX-License-Identifier: GPL-3.0-or-later
# One after the other: the services of a product depend on each other in ways that only its vendor knows.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
foreach ($service in @(Get-HipaaService -Name $Parameter.services)) {
    if ($service.start_mode -eq 'Manual') { continue }
    $changed = (Start-HipaaService -Name $service.name -TimeoutSeconds 60) -or $changed
}
[ordered]@{
    changed = $changed
    note = if ($changed) { 'services_started' } else { 'running_already' }
    saved = [ordered]@{}
}
