# SPDX-License-Identifier: GPL-3.0-or-later
# What step 1 has listed, in its order. All of it is in force after a restart.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
foreach ($value in $Saved['1'].values) {
    $changed = (Set-HipaaRegistryState -Path $value.path -Name $value.name -Kind DWord -Value $value.written) -or $changed
}
[ordered]@{ changed = $changed; note = 'protocols_set'; saved = [ordered]@{} }
