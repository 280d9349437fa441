# SPDX-License-Identifier: GPL-3.0-or-later
# A password is there, and Entra ID has said that it keeps it. The directory has no event here: its answer counted.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$joins = @(Get-HipaaRegistrySubKey -Path 'SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo')
$hasCommand = $null -ne (Get-Command -Name BackupToAAD-BitLockerKeyProtector -ErrorAction SilentlyContinue)
$isJoined = $joins.Count -gt 0 -and $hasCommand
$lacking = @()
$unkept = @(foreach ($name in @($Parameter.missing + $Parameter.unverified + $Parameter.failed | Sort-Object -Unique)) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        if (@(Get-HipaaProtectorId -Volume $volume -Type 3).Count -eq 0) { $lacking += $name }
        if ($isJoined -and (Get-HipaaEscrowEvent -Drive $name) -ne 845) { $name }
    })
$reason = 'recovery_password_is_kept'
if ($lacking.Count -gt 0) { $reason = 'no_recovery_password' }
elseif ($unkept.Count -gt 0) { $reason = 'not_kept' }
[ordered]@{
    valid = $reason -eq 'recovery_password_is_kept'
    reason = $reason
    observed = [ordered]@{ lacking = $lacking; not_kept = $unkept }
}
