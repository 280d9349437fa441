# SPDX-License-Identifier: GPL-3.0-or-later
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$resumed = @(foreach ($name in $Parameter.volumes) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        if ((Get-HipaaVolumeState -Volume $volume).protection -eq 1) { continue }
        [void](Invoke-HipaaVolumeMethod -Volume $volume -Method EnableKeyProtectors)
        $name
    })
[ordered]@{ changed = $resumed.Count -gt 0; note = 'protection_resumed'; saved = [ordered]@{ volumes = $resumed } }
