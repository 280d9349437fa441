# SPDX-License-Identifier: GPL-3.0-or-later
# A change may seem to succeed and be taken back by whatever switched protection off.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$good = 0
for ($try = 0; $try -lt 3 -and $good -lt 2; $try++) {
    if ($try -gt 0) { Start-Sleep -Seconds 60 }
    $gaps = @(Get-HipaaDefenderGap -State (Get-HipaaDefenderState) -Component $Parameter.components -ScanAgeMaxDays 36500)
    # The scan comes later.
    $isOn = @($gaps | Where-Object { $_ -ne 'scan' }).Count -eq 0
    $good = if ($isOn) { $good + 1 } else { 0 }
}
if ($good -lt 2) { throw [System.InvalidOperationException]::new('The protection does not stay on.') }
[ordered]@{ changed = $false; note = 'stays_on'; saved = [ordered]@{} }
