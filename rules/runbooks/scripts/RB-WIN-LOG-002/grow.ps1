# SPDX-License-Identifier: GPL-3.0-or-later
# Before anything overwrites: a log that grew has room, and keeps what it holds. Windows rounds up to 64 KB.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$size = [ordered]@{
    Security = 'security_kb'; System = 'system_kb'; Application = 'application_kb'; Setup = 'setup_kb'
    'Microsoft-Windows-PowerShell/Operational' = 'powershell_kb'
}
$grown = @(foreach ($name in $size.Keys) {
        $least = 1024L * $Parameter[$size[$name]]
        if ($least -eq 0) { continue }
        $log = Get-WinEvent -ListLog $name -ErrorAction Stop
        if ($log.MaximumSizeInBytes -ge $least) { continue }
        $log.MaximumSizeInBytes = $least
        $log.SaveChanges()
        $name
    })
[ordered]@{ changed = $grown.Count -gt 0; note = 'logs_grown'; saved = [ordered]@{ logs = $grown } }
