# SPDX-License-Identifier: GPL-3.0-or-later
# A WinRM that stops and does not start again would be the last that anybody hears of this host.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = (Get-Date).ToUniversalTime()
Register-HipaaTask -Name HipaaRevert-RB-WIN-LOG-004 -Command 'Start-Service -Name WinRM' -Minutes 5
$text = $now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [System.Globalization.CultureInfo]::InvariantCulture)
[ordered]@{ changed = $true; note = 'start_armed'; saved = [ordered]@{ started_at = $text } }
