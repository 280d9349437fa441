# SPDX-License-Identifier: GPL-3.0-or-later
# Nothing is in the way of updates; whether they come is what later checks see.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$found = Get-HipaaUpdateObstacle
$valid = $found.values.Count -eq 0 -and $found.services.Count -eq 0
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'nothing_in_the_way' } else { 'still_in_the_way' }
    observed = $found
}
