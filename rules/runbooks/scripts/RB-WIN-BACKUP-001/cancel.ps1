# SPDX-License-Identifier: GPL-3.0-or-later
# Cancelling keeps the copies that are complete. The service itself is never killed for it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$backup = Get-HipaaBackupState
if (-not $backup.job_started_at) { return [ordered]@{ changed = $false; note = 'no_job'; saved = [ordered]@{} } }
if ((Get-HipaaHoursSince -Instant $backup.job_started_at) -le $Parameter.hung_job_hours) {
    return [ordered]@{ changed = $false; note = 'job_is_young'; saved = [ordered]@{} }
}
Stop-WBJob -Confirm:$false -ErrorAction Stop
for ($try = 0; $try -lt 18; $try++) {
    if (-not (Get-HipaaBackupState).job_started_at) {
        return [ordered]@{ changed = $true; note = 'job_cancelled'; saved = [ordered]@{ started_at = $backup.job_started_at } }
    }
    Start-Sleep -Seconds 30
}
throw [System.TimeoutException]::new('The job that hangs did not end after it was cancelled.')
