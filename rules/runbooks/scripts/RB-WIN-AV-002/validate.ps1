# SPDX-License-Identifier: GPL-3.0-or-later
# What Defender says of itself now.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = Get-HipaaDefenderState
$gaps = @(Get-HipaaDefenderGap -State $now -Component $Parameter.components -ScanAgeMaxDays $Parameter.scan_age_max_days)
[ordered]@{
    valid = $gaps.Count -eq 0
    reason = if ($gaps.Count -eq 0) { 'protection_is_on' } else { "$($gaps[0])_is_missing" }
    observed = [ordered]@{ defender = $now; gaps = $gaps; policy = @(Get-HipaaDefenderPolicy) }
}
