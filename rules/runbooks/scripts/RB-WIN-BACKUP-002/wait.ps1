# SPDX-License-Identifier: GPL-3.0-or-later
# The result of this job, and of no earlier one: an old success is what called us.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$since = if ($Saved.Contains('4') -and $Saved['4'].Contains('wait_for')) { [string]$Saved['4'].wait_for }
if (-not $since) { return [ordered]@{ changed = $false; note = 'no_job'; saved = [ordered]@{} } }
for ($try = 0; $try -lt 230; $try++) {
    $backup = Get-HipaaBackupState
    if (-not $backup.job_started_at) { break }
    Start-Sleep -Seconds 60
}
if ($backup.job_started_at) { throw [System.TimeoutException]::new('The job still runs after almost 4 h.') }
# Its minute counts: the summary and the job may differ by seconds.
if (-not $backup.last_backup_at -or $backup.last_backup_at.Substring(0, 16) -lt $since.Substring(0, 16)) {
    throw [System.InvalidOperationException]::new('The job has left no result.')
}
if ($backup.result -ne 0) {
    $code = if ($backup.detailed_result) { $backup.detailed_result } else { $backup.result }
    $signed = [System.BitConverter]::ToInt32([System.BitConverter]::GetBytes([uint32]$code), 0)
    throw [System.Runtime.InteropServices.COMException]::new('The job failed.', $signed)
}
[ordered]@{ changed = $false; note = 'job_succeeded'; saved = [ordered]@{} }
