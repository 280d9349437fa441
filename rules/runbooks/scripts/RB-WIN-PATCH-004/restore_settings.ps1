# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 1 has noted, and not where somebody has written another value since.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($value in @($Saved['1'].values)) {
        if ((Get-HipaaRegistryState -Path $value.path -Name $value.name).exists) { continue }
        $changed = (Restore-HipaaRegistryState -State $value) -or $changed
    }
}
[ordered]@{ changed = $changed; note = 'values_restored'; saved = [ordered]@{} }
