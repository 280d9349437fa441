# SPDX-License-Identifier: GPL-3.0-or-later
# wbengine that is stopped is idle, and no fault; disabled or ended with an error it is one.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(Get-HipaaService -Name wbengine, VSS, swprv | Where-Object { $_.exists })
# 1077: not started since the last boot.
$bad = @($services | Where-Object { $_.start_mode -eq 'Disabled' -or $_.exit_code -notin 0, 1077 })
$backup = Get-HipaaBackupState
$isHung = $backup.job_started_at -and (Get-HipaaHoursSince -Instant $backup.job_started_at) -gt $Parameter.hung_job_hours
$isOld = -not $backup.last_success_at -or (Get-HipaaHoursSince -Instant $backup.last_success_at) -gt $Parameter.max_age_hours
$reason = 'met'
if ($backup.job_started_at -and -not $isHung) { $reason = 'job_running' }
elseif ($bad.Count -eq 0) {
    if (-not $backup.has_cmdlets) { $reason = 'provider_missing' }
    elseif (-not $backup.is_configured) { $reason = 'not_configured' }
    elseif (-not $isHung -and -not $isOld -and $backup.result -eq 0) { $reason = 'already_good' }
}
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ services = $services; backup = $backup }
}
