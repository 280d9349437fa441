# SPDX-License-Identifier: GPL-3.0-or-later
# The whole volume and not only what is used: free space may hold what was deleted. The hardware test restarts first
# and begins only when the key could be read. The method is what policy wants, or Windows refuses it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$targets = @($Parameter.windows + $Parameter.fixed)
$isWanted = $targets.Count -eq 0 -or $env:SystemDrive -in $targets
$volume = Get-HipaaEncryptableVolume -Name $env:SystemDrive
$state = Get-HipaaVolumeState -Volume $volume
$changed = $false
if ($isWanted -and $state.conversion -eq 0) {
    if ($state.protectors -notcontains 3) { throw [System.InvalidOperationException]::new('No recovery password') }
    if (@($state.protectors | Where-Object { $_ -in 1, 4, 5, 6 }).Count -eq 0) {
        [void](Invoke-HipaaVolumeMethod -Volume $volume -Method ProtectKeyWithTPM)
    }
    $method = Get-HipaaRegistryState -Path 'SOFTWARE\Policies\Microsoft\FVE' -Name EncryptionMethodWithXtsOs
    # 7 is XTS-AES 256.
    $number = if ($method.exists) { $method.value } else { 7 }
    $arguments = @{ EncryptionMethod = [uint32]$number; EncryptionFlags = [uint32]0 }
    [void](Invoke-HipaaVolumeMethod -Volume $volume -Method EncryptAfterHardwareTest -ArgumentList $arguments)
    $changed = $true
}
[ordered]@{ changed = $changed; note = 'windows_volume_encrypting'; saved = [ordered]@{} }
