# SPDX-License-Identifier: GPL-3.0-or-later
# A password is there, and BitLocker has recorded that Entra ID or the directory keeps it. No call that succeeded and
# no policy stands for that record.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$state = [ordered]@{}
foreach ($name in @($Parameter.missing + $Parameter.unverified + $Parameter.failed | Sort-Object -Unique)) {
    $state[$name] = Get-HipaaEscrowState -Volume (Get-HipaaEncryptableVolume -Name $name)
}
$lacking = @($state.Keys | Where-Object { $state[$_] -eq 'none' })
$unkept = @($state.Keys | Where-Object { $state[$_] -in 'failed', 'unknown' })
$reason = 'recovery_password_is_kept'
if ($lacking.Count -gt 0) { $reason = 'no_recovery_password' }
elseif ($unkept.Count -gt 0) { $reason = 'not_kept' }
[ordered]@{
    valid = $reason -eq 'recovery_password_is_kept'
    reason = $reason
    observed = [ordered]@{ lacking = $lacking; not_kept = $unkept }
}
