# SPDX-License-Identifier: GPL-3.0-or-later
# Resuming seals the key to what the TPM measures now: a firmware or an update that waits for its restart would
# change that, and the clinic would face a recovery prompt. With nobody keeping the password, data would be lost.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$suspended = @()
$reasons = @(foreach ($name in $Parameter.volumes) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        $state = Get-HipaaVolumeState -Volume $volume
        if ($state.lock -ne 0) {
            'volume_locked'
            continue
        }
        if ($state.conversion -ne 1) {
            'not_fully_encrypted'
            continue
        }
        if ($state.protection -eq 1) { continue }
        $suspended += $name
        # What opens the volume at a start: a TPM with or without more, or a key file; a data volume may also have a password.
        $openers = if ($state.type -eq 0) { 1, 2, 4, 5, 6 } else { 2, 8, 10 }
        if (@($state.protectors | Where-Object { $_ -in $openers }).Count -eq 0) { 'no_unlock_protector' }
        if ($state.protectors -notcontains 3) { 'no_recovery_password' }
        else {
            # A policy that demanded it once does not show that the password which is there now is kept.
            $isKept = $name -in $Parameter.attested -or (Get-HipaaEscrowState -Volume $volume) -eq 'kept'
            if (-not $isKept) { 'escrow_unproven' }
        }
    })
$reason = 'met'
if ($reasons.Count -gt 0) { $reason = $reasons[0] }
elseif ($suspended.Count -eq 0) { $reason = 'already_good' }
elseif (Test-HipaaRebootPending) { $reason = 'pending_reboot' }
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ volumes = $suspended } }
