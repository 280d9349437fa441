# SPDX-License-Identifier: GPL-3.0-or-later
# By the method and not by the property, which Windows keeps from when the volume was listed.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$off = @(foreach ($name in $Parameter.volumes) {
        if ((Get-HipaaVolumeState -Volume (Get-HipaaEncryptableVolume -Name $name)).protection -ne 1) { $name }
    })
$valid = $off.Count -eq 0
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'protection_is_on' } else { 'protection_is_off' }
    observed = [ordered]@{ volumes = $off }
}
