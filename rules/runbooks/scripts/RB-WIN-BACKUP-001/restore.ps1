# SPDX-License-Identifier: GPL-3.0-or-later
# Modes only, and only those that step 2 may have set: these services stop by themselves.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($service in @($Saved['1'].services)) {
        if ($service.start_mode -ne 'Disabled') { continue }
        $changed = (Restore-HipaaServiceStartMode -Service $service -Written Manual) -or $changed
    }
}
[ordered]@{ changed = $changed; note = 'start_modes_restored'; saved = [ordered]@{} }
