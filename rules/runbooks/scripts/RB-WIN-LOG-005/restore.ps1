# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 1 has noted is put back; without a note it changed nothing.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) { $changed = Restore-HipaaRegistryState -State $Saved['1'].setting }
[ordered]@{ changed = $changed; note = 'value_restored'; saved = [ordered]@{} }
