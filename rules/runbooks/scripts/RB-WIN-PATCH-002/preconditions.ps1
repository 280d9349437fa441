# SPDX-License-Identifier: GPL-3.0-or-later
# A search that takes longer than this script may take has not answered: that is met, not good.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(Get-HipaaService -Name wuauserv, BITS)
$signs = @(Get-HipaaRebootSign)
$last = Get-HipaaLastUpdateSearch
$isOld = -not $last -or (Get-HipaaHoursSince -Instant $last) -gt 24 * ($Parameter.scan_age_max_days + 1)
$answer = $null
$reason = 'met'
if (@($services | Where-Object { -not $_.exists }).Count -gt 0) { $reason = 'service_missing' }
elseif (@($services | Where-Object { $_.start_mode -eq 'Disabled' }).Count -gt 0) { $reason = 'service_disabled' }
elseif ($signs.Count -gt 0) { $reason = 'pending_reboot' }
elseif (-not $isOld) {
    $answer = Get-HipaaUpdateAnswer -TimeoutSeconds 90
    if ($answer.result_code -eq 2 -and -not $answer.hresult) { $reason = 'already_good' }
}
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ services = $services; reboot = $signs; last_search_at = $last; search = $answer }
}
