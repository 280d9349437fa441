# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 1 has noted.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($value in @($Saved['1'].values)) { $changed = (Restore-HipaaRegistryState -State $value) -or $changed }
}
[ordered]@{ changed = $changed; note = 'values_restored'; saved = [ordered]@{} }
