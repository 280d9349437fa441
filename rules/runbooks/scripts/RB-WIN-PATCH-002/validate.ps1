# SPDX-License-Identifier: GPL-3.0-or-later
# A search that answered in this run, and automatic updates that have searched since.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$last = Get-HipaaLastUpdateSearch
$isOld = -not $last -or (Get-HipaaHoursSince -Instant $last) -gt 24 * ($Parameter.scan_age_max_days + 1)
$steps = @(foreach ($step in '5', '3') { if ($Saved.Contains($step) -and $Saved[$step].Contains('search')) { $Saved[$step].search } })
# After a crash of the controller the notes are gone: then this one search decides.
$search = if ($steps.Count -gt 0) { $steps[0] } else { Get-HipaaUpdateAnswer -TimeoutSeconds 90 }
$reason = 'searches_again'
if (-not $search.succeeded) { $reason = 'search_fails' }
elseif ($isOld) { $reason = 'search_is_old' }
[ordered]@{
    valid = $reason -eq 'searches_again'
    reason = $reason
    observed = [ordered]@{ search = $search; last_search_at = $last }
}
