# SPDX-License-Identifier: GPL-3.0-or-later
# A data volume that nothing unlocks would be gone after the next restart: its key file and the automatic unlocking
# come first.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$begun = @(foreach ($name in $Parameter.fixed) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        $state = Get-HipaaVolumeState -Volume $volume
        if ($state.conversion -ne 0) { continue }
        if ($state.protectors -notcontains 3) { throw [System.InvalidOperationException]::new('No recovery password') }
        $keys = @(Get-HipaaProtectorId -Volume $volume -Type 2)
        $key = if ($keys.Count -gt 0) { $keys[0] } else { (Invoke-HipaaVolumeMethod -Volume $volume -Method ProtectKeyWithExternalKey).VolumeKeyProtectorID }
        [void](Invoke-HipaaVolumeMethod -Volume $volume -Method EnableAutoUnlock -ArgumentList @{ VolumeKeyProtectorID = $key })
        $method = Get-HipaaRegistryState -Path 'SOFTWARE\Policies\Microsoft\FVE' -Name EncryptionMethodWithXtsFdv
        $number = if ($method.exists) { $method.value } else { 7 }
        $arguments = @{ EncryptionMethod = [uint32]$number; EncryptionFlags = [uint32]0 }
        [void](Invoke-HipaaVolumeMethod -Volume $volume -Method Encrypt -ArgumentList $arguments)
        $name
    })
[ordered]@{ changed = $begun.Count -gt 0; note = 'data_volumes_encrypting'; saved = [ordered]@{ volumes = $begun } }
