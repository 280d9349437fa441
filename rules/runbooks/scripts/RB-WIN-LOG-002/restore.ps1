# SPDX-License-Identifier: GPL-3.0-or-later
# A log is never made smaller again: Windows would have to delete records for it. Copies stay as well.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
$logs = if ($Saved.Contains('1')) { $Saved['1'].logs } else { [ordered]@{} }
foreach ($name in $logs.Keys) {
    $log = Get-WinEvent -ListLog $name -ErrorAction Stop
    $old = $logs[$name]
    if ([int]$log.LogMode -ne $old.mode -or $log.IsEnabled -ne $old.enabled) {
        $log.LogMode = [int]$old.mode
        $log.IsEnabled = [bool]$old.enabled
        $log.SaveChanges()
        $changed = $true
    }
    $changed = (Restore-HipaaRegistryState -State $old.backup) -or $changed
}
[ordered]@{ changed = $changed; note = 'logs_restored'; saved = [ordered]@{} }
