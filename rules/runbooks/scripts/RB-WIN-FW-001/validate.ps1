# SPDX-License-Identifier: GPL-3.0-or-later
# What Windows enforces, and that nothing is left that would undo it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$wrong = @(Get-HipaaFirewallProfile | Where-Object {
        ($_.name -in $Parameter.active_off + $Parameter.inactive_off -and $_.enabled -ne 1) -or
        ($_.name -in $Parameter.open -and $_.inbound -ne 4)
    } | ForEach-Object { $_.name })
$isArmed = Test-HipaaTask -Name HipaaRevert-RB-WIN-FW-001
$reason = 'profiles_are_on'
if ($wrong.Count -gt 0) { $reason = 'profile_is_not_on' }
elseif ($isArmed) { $reason = 'revert_is_armed' }
[ordered]@{
    valid = $reason -eq 'profiles_are_on'
    reason = $reason
    observed = [ordered]@{ profiles = $wrong; revert_armed = $isArmed }
}
