# SPDX-License-Identifier: GPL-3.0-or-later
# Protected services cannot be stopped or set up, but they can be started.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$before = @(Get-HipaaService -Name WinDefend, WdNisSvc)
$changed = Start-HipaaService -Name WinDefend -TimeoutSeconds 120
if ($before[1].exists -and $before[1].start_mode -ne 'Disabled' -and $Parameter.components -contains 'network') {
    $changed = (Start-HipaaService -Name WdNisSvc -TimeoutSeconds 60) -or $changed
}
[ordered]@{
    changed = $changed
    note = if ($changed) { 'services_started' } else { 'running_already' }
    saved = [ordered]@{}
}
