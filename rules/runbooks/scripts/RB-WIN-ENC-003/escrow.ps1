# SPDX-License-Identifier: GPL-3.0-or-later
# BitLocker must have recorded that somebody keeps it, or this step fails and nothing is encrypted. What the command
# hands out holds the password, so it goes nowhere.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$joins = @(Get-HipaaRegistrySubKey -Path 'SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo')
$hasCommand = $null -ne (Get-Command -Name BackupToAAD-BitLockerKeyProtector -ErrorAction SilentlyContinue)
$isJoined = $joins.Count -gt 0 -and $hasCommand
$targets = @($Parameter.windows + $Parameter.fixed)
if ($targets.Count -eq 0) { $targets = @($env:SystemDrive) }
$kept = @(foreach ($name in $targets) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        if ((Get-HipaaVolumeState -Volume $volume).conversion -ne 0) { continue }
        foreach ($id in @(Get-HipaaProtectorId -Volume $volume -Type 3)) {
            if ($isJoined) {
                $null = BackupToAAD-BitLockerKeyProtector -MountPoint $name -KeyProtectorId $id -ErrorAction Stop
                continue
            }
            $call = @{ Method = 'BackupRecoveryInformationToActiveDirectory'; ArgumentList = @{ VolumeKeyProtectorID = $id } }
            [void](Invoke-HipaaVolumeMethod -Volume $volume @call)
        }
        if ((Get-HipaaEscrowState -Volume $volume) -ne 'kept') { throw [System.InvalidOperationException]::new('Not kept') }
        $name
    })
[ordered]@{ changed = $kept.Count -gt 0; note = 'recovery_password_kept'; saved = [ordered]@{ volumes = $kept } }
