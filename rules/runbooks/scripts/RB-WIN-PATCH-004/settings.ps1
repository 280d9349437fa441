# SPDX-License-Identifier: GPL-3.0-or-later
# Without the values Windows does what it does as installed. Writing others would decide about restarts.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$values = @((Get-HipaaUpdateObstacle).values | Where-Object { -not $_.owned })
$changed = $false
foreach ($value in $values) {
    $absent = [ordered]@{ path = $value.path; name = $value.name; exists = $false }
    $changed = (Restore-HipaaRegistryState -State $absent) -or $changed
}
[ordered]@{
    changed = $changed
    note = if ($changed) { 'values_removed' } else { 'no_values' }
    saved = [ordered]@{}
}
