# SPDX-License-Identifier: GPL-3.0-or-later
# Modes only: these services stop by themselves.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($service in @($Saved['1'].services)) {
        $changed = (Set-HipaaServiceStartMode -Name $service.name -StartMode $service.start_mode) -or $changed
    }
}
[ordered]@{ changed = $changed; note = 'start_modes_restored'; saved = [ordered]@{} }
