# SPDX-License-Identifier: GPL-3.0-or-later
# Which volumes get their first recovery password from us: only there may the way back take one.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$without = @(foreach ($name in $Parameter.missing) {
        $volume = Get-HipaaEncryptableVolume -Name $name
        if (@(Get-HipaaProtectorId -Volume $volume -Type 3).Count -eq 0) { $name }
    })
[ordered]@{ changed = $false; note = 'recorded'; saved = [ordered]@{ volumes = $without } }
