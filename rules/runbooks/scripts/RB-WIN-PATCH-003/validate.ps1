# SPDX-License-Identifier: GPL-3.0-or-later
# A start that is younger than the note, no sign left, and the services of before.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$mark = Get-HipaaStartMark
$signs = @(Get-HipaaRebootSign)
$before = if ($Saved.Contains('1')) { $Saved['1'].mark }
$stopped = @(if ($before) { $before.running | Where-Object { $mark.running -notcontains $_ } })
$reason = 'restarted'
if ($signs.Count -gt 0) { $reason = 'still_pending' }
elseif ($before -and $mark.booted_at -le $before.booted_at) { $reason = 'no_restart' }
elseif ($stopped.Count -gt 0) { $reason = 'service_stopped' }
[ordered]@{
    valid = $reason -eq 'restarted'
    reason = $reason
    observed = [ordered]@{ signs = $signs; booted_at = $mark.booted_at; stopped = $stopped }
}
