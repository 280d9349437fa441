# SPDX-License-Identifier: GPL-3.0-or-later
# Twice in this runbook: before the database is set aside, when a failure is noted, and after it, when it counts.
# Automatic updates note their own searches only, so they are asked for one too.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$isAgain = $Saved.Contains('4')
if ($isAgain -and -not $Saved['4'].Contains('aside')) { return [ordered]@{ changed = $false; note = 'not_needed'; saved = [ordered]@{} } }
$before = Get-HipaaLastUpdateSearch
$answer = Get-HipaaUpdateAnswer -TimeoutSeconds 900
if ($answer.succeeded) {
    [void](New-Object -ComObject Microsoft.Update.AutoUpdate).DetectNow()
    for ($try = 0; $try -lt 20; $try++) {
        $now = Get-HipaaLastUpdateSearch
        if ($now -and (Get-HipaaHoursSince -Instant $now) -le 24) { break }
        Start-Sleep -Seconds 30
    }
}
elseif ($isAgain) { throw [System.InvalidOperationException]::new("The search failed again: $($answer.hresult)") }
[ordered]@{
    changed = $answer.succeeded
    note = if ($answer.succeeded) { 'search_succeeded' } else { 'search_failed' }
    saved = [ordered]@{ search = $answer; last_search_before = $before }
}
