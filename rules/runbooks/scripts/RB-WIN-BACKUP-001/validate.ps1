# SPDX-License-Identifier: GPL-3.0-or-later
# A success that is not older than the start of the job. Its minute counts: both may differ by seconds.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(Get-HipaaService -Name wbengine, VSS, swprv | Where-Object { $_.exists })
$backup = Get-HipaaBackupState
$since = if ($Saved.Contains('5') -and $Saved['5'].Contains('wait_for')) { [string]$Saved['5'].wait_for }
$reason = 'backup_succeeded'
if (@($services | Where-Object { $_.start_mode -eq 'Disabled' }).Count -gt 0) { $reason = 'service_disabled' }
elseif (-not $since) { $reason = 'services_ready' }
elseif ($backup.job_started_at) { $reason = 'job_running' }
elseif ($backup.result -ne 0) { $reason = 'job_failed' }
elseif (-not $backup.last_success_at -or $backup.last_success_at.Substring(0, 16) -lt $since.Substring(0, 16)) { $reason = 'no_new_success' }
[ordered]@{
    valid = $reason -in 'backup_succeeded', 'services_ready'
    reason = $reason
    observed = [ordered]@{ services = $services; backup = $backup }
}
