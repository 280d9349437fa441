# SPDX-License-Identifier: GPL-3.0-or-later
# PowerShell 7 only: each line must be found. Expected: tests/static/test_pscheck.py.
Set-StrictMode -Version 3.0
$a = $b ?? 1
$a = $b ? 1 : 2
$a ??= 3
Get-Date && Get-Date
Get-Date || Get-Date
function Get-One { begin { 1 } clean { 2 } }
Get-Uptime
$text | ConvertFrom-Json -AsHashtable
Join-Path 'a' 'b' 'c'
Out-File -FilePath 'a' -Encoding utf8NoBOM
if ($IsWindows) { 1 }
[System.Convert]::ToHexString($bytes)
[datetime]::UnixEpoch
$options = @{ AsUTC = $true }
Get-Date @options
