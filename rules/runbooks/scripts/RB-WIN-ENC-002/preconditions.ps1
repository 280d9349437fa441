# SPDX-License-Identifier: GPL-3.0-or-later
# A password that nobody keeps is no help, so there must be somebody.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$isMember = [bool]@(Get-HipaaCimInstance -ClassName Win32_ComputerSystem)[0].PartOfDomain
$joins = @(Get-HipaaRegistrySubKey -Path 'SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo')
$hasCommand = $null -ne (Get-Command -Name BackupToAAD-BitLockerKeyProtector -ErrorAction SilentlyContinue)
$isJoined = $joins.Count -gt 0 -and $hasCommand
$todo = @()
$reasons = @(foreach ($name in @($Parameter.missing + $Parameter.unverified + $Parameter.failed | Sort-Object -Unique)) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        $state = Get-HipaaVolumeState -Volume $volume
        if ($state.lock -ne 0) {
            'volume_locked'
            continue
        }
        $lacks = $name -in $Parameter.missing -and $state.protectors -notcontains 3
        $unkept = $name -in $Parameter.unverified + $Parameter.failed -and (Get-HipaaEscrowState -Volume $volume) -ne 'kept'
        if (-not ($lacks -or $unkept)) { continue }
        $todo += $name
        $prefix = @{ 0 = 'OS'; 1 = 'FDV'; 2 = 'RDV' }[$state.type]
        $backup = Get-HipaaRegistryState -Path 'SOFTWARE\Policies\Microsoft\FVE' -Name "${prefix}ActiveDirectoryBackup"
        $isDirectory = $isMember -and $backup.value -eq 1
        if (-not ($isJoined -or $isDirectory)) { 'no_escrow_channel' }
    })
$reason = 'met'
if ($reasons.Count -gt 0) { $reason = $reasons[0] }
elseif ($todo.Count -eq 0) { $reason = 'already_good' }
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ volumes = $todo; entra_joined = $isJoined; domain_member = $isMember }
}
