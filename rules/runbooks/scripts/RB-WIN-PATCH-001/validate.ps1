# SPDX-License-Identifier: GPL-3.0-or-later
# A younger start, no restart that waits, the services of before, and nothing on offer that was to be installed.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$query = @{ Online = $false; CategoryId = $Parameter.category_ids; ExceptId = $Parameter.except_category_ids }
$mark = Get-HipaaStartMark
$signs = @(Get-HipaaRebootSign)
$ubr = Get-HipaaRegistryValue -Path 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' -Name UBR -Type int
$before = if ($Saved.Contains('1')) { $Saved['1'] }
$stopped = @(if ($before) { $before.mark.running | Where-Object { $mark.running -notcontains $_ } })
$missing = @((Get-HipaaOfferedUpdate @query).ids)
$reason = 'installed'
if ($before -and $mark.booted_at -le $before.mark.booted_at) { $reason = 'no_restart' }
elseif ($signs.Count -gt 0) { $reason = 'still_pending' }
elseif ($stopped.Count -gt 0) { $reason = 'service_stopped' }
elseif ($missing.Count -gt 0) { $reason = 'updates_missing' }
[ordered]@{
    valid = $reason -eq 'installed'
    reason = $reason
    observed = [ordered]@{ ubr = $ubr; booted_at = $mark.booted_at; reboot = $signs; stopped = $stopped; missing = $missing }
}
