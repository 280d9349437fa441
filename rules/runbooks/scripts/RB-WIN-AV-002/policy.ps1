# SPDX-License-Identifier: GPL-3.0-or-later
# On a workgroup host these values are local policy; while they stand, the preferences do nothing. What ran before is
# noted here, since the next step may need a second try.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(Get-HipaaService -Name WinDefend, WdNisSvc)
$values = @(Get-HipaaDefenderPolicy | Where-Object { -not $_.owned })
$changed = $false
foreach ($value in $values) {
    $absent = [ordered]@{ path = $value.path; name = $value.name; exists = $false }
    $changed = (Restore-HipaaRegistryState -State $absent) -or $changed
}
[ordered]@{
    changed = $changed
    note = if ($changed) { 'values_removed' } else { 'no_values' }
    saved = [ordered]@{ values = $values; services = $services }
}
