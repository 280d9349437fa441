# SPDX-License-Identifier: GPL-3.0-or-later
# Where the client of Configuration Manager runs, Windows must not fetch updates by itself.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$found = Get-HipaaUpdateObstacle
$manager = Get-HipaaService -Name CcmExec
$reason = 'met'
if ($found.values.Count -eq 0 -and $found.services.Count -eq 0) { $reason = 'already_good' }
elseif ($manager.state -eq 'Running') { $reason = 'managed_elsewhere' }
elseif (@($found.values | Where-Object { $_.owned }).Count -gt 0) { $reason = 'gpo_managed' }
elseif (@($found.services | Where-Object { -not $_.exists }).Count -gt 0) { $reason = 'service_missing' }
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = $found }
