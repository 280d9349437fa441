# SPDX-License-Identifier: GPL-3.0-or-later
# An agent that hangs in a search answers nobody. One that is stopped is idle: a trigger starts it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$before = @(Get-HipaaService -Name wuauserv, BITS)
$changed = $false
foreach ($service in $before) {
    if ($service.state -eq 'Stopped') { continue }
    Stop-Service -Name $service.name -Force -ErrorAction Stop
    Wait-HipaaServiceState -Name $service.name -State Stopped -TimeoutSeconds 120
    [void](Start-HipaaService -Name $service.name)
    $changed = $true
}
[ordered]@{ changed = $changed; note = if ($changed) { 'services_restarted' } else { 'services_idle' }; saved = [ordered]@{ services = $before } }
