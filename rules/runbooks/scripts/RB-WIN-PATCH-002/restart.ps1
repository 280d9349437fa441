# SPDX-License-Identifier: GPL-3.0-or-later
# An agent that hangs in a search answers nobody. One that is stopped is idle: a trigger starts it. What ran before
# runs again even if a first try has stopped it and got no further.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
foreach ($name in 'wuauserv', 'BITS') {
    if ((Get-HipaaService -Name $name).state -eq 'Stopped') { continue }
    Stop-Service -Name $name -Force -ErrorAction Stop
    Wait-HipaaServiceState -Name $name -State Stopped -TimeoutSeconds 120
    $changed = $true
}
foreach ($name in $Saved['1'].running) { $changed = (Start-HipaaService -Name $name) -or $changed }
[ordered]@{ changed = $changed; note = if ($changed) { 'services_restarted' } else { 'services_idle' }; saved = [ordered]@{} }
