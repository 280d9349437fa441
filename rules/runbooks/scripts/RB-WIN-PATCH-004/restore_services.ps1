# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 2 has noted.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('2')) {
    foreach ($service in @($Saved['2'].services)) {
        $changed = (Set-HipaaServiceStartMode -Name $service.name -StartMode $service.start_mode) -or $changed
    }
}
[ordered]@{ changed = $changed; note = 'start_modes_restored'; saved = [ordered]@{} }
