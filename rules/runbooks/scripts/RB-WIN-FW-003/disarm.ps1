# SPDX-License-Identifier: GPL-3.0-or-later
# Whoever runs this has reached the host through the firewall. A task that is gone and profiles that are off mean
# that the host has gone back meanwhile: that is a failure, and must not look like a success.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$isArmed = Test-HipaaTask -Name HipaaRevert-RB-WIN-FW-003
$off = @(Get-HipaaFirewallProfile | Where-Object { $_.enabled -ne 1 })
if (-not $isArmed -and $off.Count -gt 0) { throw [System.InvalidOperationException]::new('The host has gone back') }
$changed = Unregister-HipaaTask -Name HipaaRevert-RB-WIN-FW-003
[ordered]@{ changed = $changed; note = 'revert_disarmed'; saved = [ordered]@{} }
