# SPDX-License-Identifier: GPL-3.0-or-later
# A stopped one is started only: VSS is idle most of the time. What leans on a service stops with it, and is
# started again after it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$fault = Get-HipaaWriterFault
$before = @()
foreach ($name in $fault.services) {
    $running = @(Get-Service -Name $name -DependentServices -ErrorAction Stop | Where-Object { [int]$_.Status -eq 4 })
    $before += [ordered]@{
        name = $name
        state = (Get-HipaaService -Name $name).state
        dependents = @($running | ForEach-Object { $_.Name })
    }
}
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
    saved = [ordered]@{ services = $before }
}
