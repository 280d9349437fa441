# SPDX-License-Identifier: GPL-3.0-or-later
# As they are started at boot. One that fails is no reason to undo the log service; the others still get their turn.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$started = @()
$failed = @()
foreach ($name in $Saved['1'].dependents) {
    try {
        if (Start-HipaaService -Name $name -TimeoutSeconds 30) { $started += $name }
    }
    catch {
        $failed += $name
    }
}
[ordered]@{
    changed = $started.Count -gt 0
    note = if ($failed.Count -gt 0) { 'dependents_failed' } else { 'dependents_run' }
    saved = [ordered]@{ started = $started; failed = $failed }
}
