# SPDX-License-Identifier: GPL-3.0-or-later
# A Defender that is passive, off or gone is not the engine of its host: new definitions protect nobody there.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = Get-HipaaDefenderState
$reason = 'met'
if (-not $now.is_engine) { $reason = 'not_active_engine' }
elseif ($null -ne $now.signature_age_days -and $now.signature_age_days -le $Parameter.signature_age_max_days -and
    ($null -eq $now.engine_age_days -or $now.engine_age_days -le $Parameter.engine_age_max_days)) {
    $reason = 'already_good'
}
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = $now }
