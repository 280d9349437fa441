# SPDX-License-Identifier: GPL-3.0-or-later
# A stopped one is started only: VSS is idle most of the time. What leans on a service stops with it, and is
# started again after it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$before = @($Saved['1'].services)
foreach ($service in $before) {
    if ($service.state -eq 'Running') {
        Stop-Service -Name $service.name -Force -ErrorAction Stop
        Wait-HipaaServiceState -Name $service.name -State Stopped
    }
    [void](Start-HipaaService -Name $service.name)
    foreach ($dependent in $service.dependents) { [void](Start-HipaaService -Name $dependent) }
}
[ordered]@{
    changed = $before.Count -gt 0
    note = if ($before.Count -gt 0) { 'services_restarted' } else { 'no_writer_failed' }
    saved = [ordered]@{}
}
