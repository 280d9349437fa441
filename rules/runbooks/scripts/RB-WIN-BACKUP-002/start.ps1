# SPDX-License-Identifier: GPL-3.0-or-later
# The policy as it is. A job that runs already, as after a crash of the controller, is waited for.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$fault = Get-HipaaWriterFault
if ($fault.job_started_at) {
    return [ordered]@{ changed = $false; note = 'job_running'; saved = [ordered]@{ wait_for = $fault.job_started_at } }
}
if (-not $fault.last_job_failed -or -not $fault.is_configured) {
    return [ordered]@{ changed = $false; note = 'no_job_to_repeat'; saved = [ordered]@{} }
}
$job = Start-WBBackup -Policy (Get-WBPolicy -ErrorAction Stop) -Async -ErrorAction Stop
$startedAt = ConvertTo-HipaaInstant -Value $job.StartTime
# Right after its start the job may not know its time yet.
if (-not $startedAt) { $startedAt = ConvertTo-HipaaInstant -Value (Get-Date) }
[ordered]@{ changed = $true; note = 'job_started'; saved = [ordered]@{ wait_for = $startedAt } }
