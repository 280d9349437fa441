# SPDX-License-Identifier: GPL-3.0-or-later
# What Defender says of itself now, and that no other restart waits.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = Get-HipaaDefenderState
$signs = @(Get-HipaaRebootSign)
$reason = 'protects'
if (-not $now.is_protecting) { $reason = 'does_not_protect' }
elseif ($signs.Count -gt 0) { $reason = 'still_pending' }
[ordered]@{ valid = $reason -eq 'protects'; reason = $reason; observed = [ordered]@{ defender = $now; reboot = $signs } }
