# SPDX-License-Identifier: GPL-3.0-or-later
# Nobody is thrown out, no backup killed, and no host left waiting for a PIN at night.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$signs = @(Get-HipaaRebootSign)
$reason = 'met'
if ($signs.Count -eq 0) { $reason = 'already_good' }
else {
    $obstacle = Get-HipaaRestartObstacle
    if ($obstacle) { $reason = $obstacle }
}
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ signs = $signs } }
