# SPDX-License-Identifier: GPL-3.0-or-later
# Encrypted, or on the way there; the check says encryption_in_progress until it is done. Each volume has what opens
# it at a start and what opens it when that fails.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$targets = @($Parameter.windows + $Parameter.fixed)
if ($targets.Count -eq 0) { $targets = @($env:SystemDrive) }
$wrong = @(foreach ($name in $targets) {
        $state = Get-HipaaVolumeState -Volume (Get-HipaaEncryptableVolume -Name $name)
        $openers = if ($state.type -eq 0) { 1, 4, 5, 6 } else { 2, 8, 10 }
        $isOpened = @($state.protectors | Where-Object { $_ -in $openers }).Count -gt 0
        if ($state.conversion -notin 1, 2 -or $state.protectors -notcontains 3 -or -not $isOpened) { $name }
    })
$valid = $wrong.Count -eq 0
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'encryption_has_begun' } else { 'encryption_has_not_begun' }
    observed = [ordered]@{ volumes = $wrong }
}
