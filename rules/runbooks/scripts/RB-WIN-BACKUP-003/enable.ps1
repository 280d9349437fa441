# SPDX-License-Identifier: GPL-3.0-or-later
# A disabled service cannot be started (1058). The mode comes first, so that a crash in between leaves one that can.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
foreach ($service in @(Get-HipaaService -Name $Parameter.services)) {
    if ($service.start_mode -ne 'Disabled') { continue }
    $changed = (Set-HipaaServiceStartMode -Name $service.name -StartMode Auto) -or $changed
}
[ordered]@{
    changed = $changed
    note = if ($changed) { 'start_modes_set' } else { 'start_modes_good' }
    saved = [ordered]@{}
}
