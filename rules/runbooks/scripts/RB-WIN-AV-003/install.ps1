# SPDX-License-Identifier: GPL-3.0-or-later
# The controller restarts the host after this step, with the feature or without: both ways Defender needs it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$mark = Get-HipaaStartMark
if ((Get-HipaaOptionalFeature -Name Windows-Defender) -eq 1) {
    return [ordered]@{ changed = $false; note = 'installed_already'; saved = [ordered]@{ mark = $mark } }
}
$result = Install-WindowsFeature -Name Windows-Defender -ErrorAction Stop
if ($result.Success -ne $true) { throw [System.InvalidOperationException]::new('Windows did not install the feature.') }
[ordered]@{ changed = $true; note = 'feature_installed'; saved = [ordered]@{ mark = $mark } }
