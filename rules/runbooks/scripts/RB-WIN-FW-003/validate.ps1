# SPDX-License-Identifier: GPL-3.0-or-later
# Both services, that the rules can be read, and that nothing is left that would turn the profiles off.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$down = @(foreach ($name in 'BFE', 'MpsSvc') { if ((Get-HipaaServiceState -Name $name).state -ne 'Running') { $name } })
$isArmed = Test-HipaaTask -Name HipaaRevert-RB-WIN-FW-003
$reason = 'services_run'
if ($down.Count -gt 0) { $reason = 'service_does_not_run' }
elseif ($isArmed) { $reason = 'revert_is_armed' }
else { [void]@(Get-HipaaFirewallProfile) }
[ordered]@{
    valid = $reason -eq 'services_run'
    reason = $reason
    observed = [ordered]@{ services = $down; revert_armed = $isArmed }
}
