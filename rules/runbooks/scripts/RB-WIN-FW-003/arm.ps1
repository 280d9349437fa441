# SPDX-License-Identifier: GPL-3.0-or-later
# Windows lets nobody stop its firewall service, so the way back from a service that cuts the host off is to turn
# the profiles off: nothing is filtered then, as nothing was before.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$before = [ordered]@{}
foreach ($name in 'BFE', 'MpsSvc') { $before[$name] = Get-HipaaServiceState -Name $name }
$revert = @{
    Name = 'HipaaRevert-RB-WIN-FW-003'
    Command = @('Set-NetFirewallProfile -All -Enabled False')
    Minutes = $Parameter.revert_minutes
}
Register-HipaaTask @revert
[ordered]@{ changed = $true; note = 'revert_armed'; saved = [ordered]@{ services = $before; profiles = Get-HipaaFirewallSwitch } }
