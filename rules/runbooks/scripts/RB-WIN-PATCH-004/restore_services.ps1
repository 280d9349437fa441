# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 1 has noted, where it is as step 3 leaves it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($service in @($Saved['1'].services)) {
        $changed = (Restore-HipaaServiceStartMode -Service $service -Written $service.good_mode) -or $changed
    }
}
[ordered]@{ changed = $changed; note = 'start_modes_restored'; saved = [ordered]@{} }
