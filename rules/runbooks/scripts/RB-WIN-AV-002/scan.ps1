# SPDX-License-Identifier: GPL-3.0-or-later
# What came in while nobody watched is found by a scan. Where only a part was off, the last scan counts.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$gaps = @(Get-HipaaDefenderGap -State (Get-HipaaDefenderState) -Component @() -ScanAgeMaxDays $Parameter.scan_age_max_days)
$wasOff = $Saved.Contains('1') -and @($Saved['1'].services)[0].state -ne 'Running'
$wasOff = $wasOff -or ($Saved.Contains('3') -and @($Saved['3'].switched_on) -contains 'realtime')
$wasOff = $wasOff -or ($Saved.Contains('1') -and @($Saved['1'].values).Count -gt 0)
if (-not $wasOff -and $gaps -notcontains 'scan') { return [ordered]@{ changed = $false; note = 'not_needed'; saved = [ordered]@{} } }
Start-MpScan -ScanType QuickScan -ErrorAction Stop
[ordered]@{ changed = $true; note = 'scanned'; saved = [ordered]@{} }
