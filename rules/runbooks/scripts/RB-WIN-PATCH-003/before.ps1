# SPDX-License-Identifier: GPL-3.0-or-later
# The controller restarts the host after this step: a script that did it itself could not tell how that went.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

# Somebody may have logged on since the preconditions.
$obstacle = Get-HipaaRestartObstacle
if ($obstacle) { throw [System.InvalidOperationException]::new($obstacle) }
[ordered]@{ changed = $false; note = 'ready_to_restart'; saved = [ordered]@{ mark = Get-HipaaStartMark } }
