# state: healthy-2022-member
# SPDX-License-Identifier: GPL-3.0-or-later
# A condition on numbers finds the same records as one that says nothing about them.
$all = @(Get-WinEvent -LogName Security -MaxEvents 400)
$some = $all[7].RecordId
Check 'by record number' @(Get-WinEvent -LogName Security -FilterXPath "*[System[(EventRecordID=$some)]]").Count 1
$numbers = '(EventID=4624 and Level=0) or EventID=1102'
$expected = @(Get-WinEvent -LogName Security | Where-Object { ($_.Id -eq 4624 -and $_.Level -eq 0) -or $_.Id -eq 1102 }).Count
$found = try { @(Get-WinEvent -LogName Security -FilterXPath "*[System[$numbers]]" -ErrorAction Stop).Count } catch { 0 }
Check 'by event numbers' $found $expected
$either = @(Get-WinEvent -LogName Security -FilterXPath "*[System[EventRecordID=$some or Level>=0]]" -MaxEvents 5).Count
Check 'an unbounded branch' $either 5
