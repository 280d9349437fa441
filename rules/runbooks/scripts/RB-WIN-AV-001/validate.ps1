# SPDX-License-Identifier: GPL-3.0-or-later
# An exit code is no proof; the age that Defender itself reports is one.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = Get-HipaaDefenderState
$reason = 'definitions_are_fresh'
if (-not $now.is_engine) { $reason = 'not_active_engine' }
elseif ($null -eq $now.signature_age_days -or $now.signature_age_days -gt $Parameter.signature_age_max_days) { $reason = 'definitions_are_old' }
elseif ($null -ne $now.engine_age_days -and $now.engine_age_days -gt $Parameter.engine_age_max_days) { $reason = 'engine_is_old' }
[ordered]@{ valid = $reason -eq 'definitions_are_fresh'; reason = $reason; observed = $now }
