# SPDX-License-Identifier: GPL-3.0-or-later
# A job of somebody else goes on.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$backup = Get-HipaaBackupState
$own = if ($Saved.Contains('5') -and $Saved['5'].Contains('own')) { [string]$Saved['5'].own }
if (-not $own -or -not $backup.job_started_at -or $backup.job_started_at.Substring(0, 16) -ne $own.Substring(0, 16)) {
    return [ordered]@{ changed = $false; note = 'no_job_of_ours'; saved = [ordered]@{} }
}
Stop-WBJob -Confirm:$false -ErrorAction Stop
[ordered]@{ changed = $true; note = 'job_cancelled'; saved = [ordered]@{} }
