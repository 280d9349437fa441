# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 2 was to write: what others have set meanwhile is not ours.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($value in $Saved['1'].values) { $changed = (Restore-HipaaRegistryState -State $value) -or $changed }
}
[ordered]@{ changed = $changed; note = 'protocols_restored'; saved = [ordered]@{} }
