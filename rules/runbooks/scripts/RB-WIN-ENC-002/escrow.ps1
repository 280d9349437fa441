# SPDX-License-Identifier: GPL-3.0-or-later
# Entra ID takes it from the system account only. Whoever keeps it has BitLocker record so, protector by protector; a
# call that succeeds and leaves no record has not had it kept. What the command hands out holds the password, so it
# goes nowhere.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$joins = @(Get-HipaaRegistrySubKey -Path 'SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo')
$hasCommand = $null -ne (Get-Command -Name BackupToAAD-BitLockerKeyProtector -ErrorAction SilentlyContinue)
$isJoined = $joins.Count -gt 0 -and $hasCommand
$kept = @(foreach ($name in @($Parameter.missing + $Parameter.unverified + $Parameter.failed | Sort-Object -Unique)) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        # A password that step 1 has added was kept by nobody before.
        if ($name -notin $Saved['1'].volumes -and (Get-HipaaEscrowState -Volume $volume) -eq 'kept') { continue }
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
$channel = if ($isJoined) { 'kept_by_entra_id' } else { 'kept_by_directory' }
[ordered]@{ changed = $kept.Count -gt 0; note = $channel; saved = [ordered]@{ volumes = $kept } }
