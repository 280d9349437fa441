# SPDX-License-Identifier: GPL-3.0-or-later
# A log is never made smaller again: Windows would have to delete records for it. Copies stay as well, and so does
# what somebody has set to yet another value meanwhile.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
$logs = if ($Saved.Contains('1')) { $Saved['1'].logs } else { [ordered]@{} }
$mode = if ($Parameter.modes -contains 'circular') { 0 } else { 1 }
foreach ($name in $logs.Keys) {
    $log = Get-WinEvent -ListLog $name -ErrorAction Stop
    $old = $logs[$name]
    $hadMode = $name -in $Parameter.stuck + $Parameter.retaining
    $isOurMode = $hadMode -and [int]$log.LogMode -eq $mode -and $mode -ne $old.mode
    $isOurs = $name -in $Parameter.disabled -and $log.IsEnabled -and -not $old.enabled
    if ($isOurMode) { $log.LogMode = [int]$old.mode }
    if ($isOurs) { $log.IsEnabled = [bool]$old.enabled }
    if ($isOurMode -or $isOurs) {
        $log.SaveChanges()
        $changed = $true
    }
    if ($hadMode -and [int]$log.LogMode -eq $old.mode) { $changed = (Restore-HipaaRegistryState -State $old.backup) -or $changed }
}
[ordered]@{ changed = $changed; note = 'logs_restored'; saved = [ordered]@{} }
