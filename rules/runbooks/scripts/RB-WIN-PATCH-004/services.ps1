# SPDX-License-Identifier: GPL-3.0-or-later
# Modes only: triggers start these services when they are needed, so stopped is normal.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @((Get-HipaaUpdateObstacle).services)
$changed = $false
foreach ($service in $services) {
    $changed = (Set-HipaaServiceStartMode -Name $service.name -StartMode $service.good_mode) -or $changed
}
[ordered]@{
    changed = $changed
    note = if ($changed) { 'start_modes_set' } else { 'start_modes_good' }
    saved = [ordered]@{}
}
