# SPDX-License-Identifier: GPL-3.0-or-later
# What we forbid: each line must be found. Expected: tests/static/test_pscheck.py.
Invoke-Expression 'Get-Date'
Write-Host 'x'
Get-CimInstance -ClassName Win32_Product
Get-ComputerInfo
Get-WmiObject -Class Win32_BIOS
$volume.KeyProtector.RecoveryPassword
$method = 'GetKeyProtectorNumericalPassword'
gci 'C:\' | % { $_ }
$profile = 'domain'
foreach ($event in $list) { 1 }
Start-Sleep -Seconds 1
$x = 1
