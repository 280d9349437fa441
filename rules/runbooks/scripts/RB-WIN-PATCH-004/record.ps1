# SPDX-License-Identifier: GPL-3.0-or-later
# Noted before anything changes: the way back must not depend on a step that failed.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$found = Get-HipaaUpdateObstacle
$values = @($found.values | Where-Object { -not $_.owned })
[ordered]@{ changed = $false; note = 'settings_noted'; saved = [ordered]@{ values = $values; services = @($found.services) } }
