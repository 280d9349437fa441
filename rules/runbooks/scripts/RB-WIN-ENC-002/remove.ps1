# SPDX-License-Identifier: GPL-3.0-or-later
# A password that nobody keeps would look like one that somebody does. What step 1 found without one has none again.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$removed = @()
if ($Saved.Contains('1')) {
    $removed = @(foreach ($name in $Saved['1'].volumes) {
            if (Remove-HipaaUnkeptRecoveryPassword -Volume (Get-HipaaEncryptableVolume -Name $name)) { $name }
        })
}
[ordered]@{ changed = $removed.Count -gt 0; note = 'recovery_password_taken_back'; saved = [ordered]@{ volumes = $removed } }
