# SPDX-License-Identifier: GPL-3.0-or-later
# The policy as it is: volumes, target and options are not ours to choose. A job that runs already, as after
# a crash of the controller, is waited for and not doubled.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$backup = Get-HipaaBackupState
# Where another product makes the copies, mending the services was all.
if (-not $backup.is_configured) { return [ordered]@{ changed = $false; note = 'no_policy'; saved = [ordered]@{} } }
if ($backup.job_started_at) {
    return [ordered]@{ changed = $false; note = 'job_running'; saved = [ordered]@{ wait_for = $backup.job_started_at } }
}
$job = Start-WBBackup -Policy (Get-WBPolicy -ErrorAction Stop) -Async -ErrorAction Stop
$startedAt = ConvertTo-HipaaInstant -Value $job.StartTime
# Right after its start the job may not know its time yet.
if (-not $startedAt) { $startedAt = ConvertTo-HipaaInstant -Value (Get-Date) }
[ordered]@{ changed = $true; note = 'job_started'; saved = [ordered]@{ wait_for = $startedAt; own = $startedAt } }
