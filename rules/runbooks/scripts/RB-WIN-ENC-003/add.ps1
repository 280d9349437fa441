# SPDX-License-Identifier: GPL-3.0-or-later
# The method tells the id of the protector and never the password.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$targets = @($Parameter.windows + $Parameter.fixed)
if ($targets.Count -eq 0) { $targets = @($env:SystemDrive) }
$added = @(foreach ($name in $targets) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        if (@(Get-HipaaProtectorId -Volume $volume -Type 3).Count -gt 0) { continue }
        [void](Invoke-HipaaVolumeMethod -Volume $volume -Method ProtectKeyWithNumericalPassword)
        $name
    })
[ordered]@{ changed = $added.Count -gt 0; note = 'recovery_password_added'; saved = [ordered]@{ volumes = $added } }
