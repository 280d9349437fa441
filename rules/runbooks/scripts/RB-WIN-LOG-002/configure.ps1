# SPDX-License-Identifier: GPL-3.0-or-later
# Overwriting as needed where policy takes it, else Windows copies a full log and goes on with a new one.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$mode = if ($Parameter.modes -contains 'circular') { 0 } else { 1 }
$full = @($Parameter.stuck + $Parameter.retaining)
$configured = @(foreach ($name in @($full + $Parameter.disabled | Sort-Object -Unique)) {
        $log = Get-WinEvent -ListLog $name -ErrorAction Stop
        $isStopping = $name -in $full -and [int]$log.LogMode -ne $mode
        $isOff = $name -in $Parameter.disabled -and -not $log.IsEnabled
        if (-not ($isStopping -or $isOff)) { continue }
        if ($isStopping) { $log.LogMode = $mode }
        if ($isOff) { $log.IsEnabled = $true }
        $log.SaveChanges()
        $name
    })
[ordered]@{ changed = $configured.Count -gt 0; note = 'logs_configured'; saved = [ordered]@{ logs = $configured } }
