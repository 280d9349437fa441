# SPDX-License-Identifier: GPL-3.0-or-later
# The method tells the id of the protector and never the password; Add-BitLockerKeyProtector hands out both.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$added = @(foreach ($name in $Saved['1'].volumes) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        if (@(Get-HipaaProtectorId -Volume $volume -Type 3).Count -gt 0) { continue }
        [void](Invoke-HipaaVolumeMethod -Volume $volume -Method ProtectKeyWithNumericalPassword)
        $name
    })
[ordered]@{ changed = $added.Count -gt 0; note = 'recovery_password_added'; saved = [ordered]@{ volumes = $added } }
