# SPDX-License-Identifier: GPL-3.0-or-later
# Whoever runs this has reached the host through the new firewall. If the host has gone back meanwhile, that is a
# failure, and must not look like a success.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$wrong = @(Get-HipaaFirewallProfile | Where-Object {
        ($_.name -in $Parameter.active_off + $Parameter.inactive_off -and $_.enabled -ne 1) -or
        ($_.name -in $Parameter.open -and $_.inbound -ne 4)
    })
if ($wrong.Count -gt 0) { throw [System.InvalidOperationException]::new('The host has gone back') }
$changed = Unregister-HipaaTask -Name HipaaRevert-RB-WIN-FW-001
[ordered]@{ changed = $changed; note = 'revert_disarmed'; saved = [ordered]@{} }
