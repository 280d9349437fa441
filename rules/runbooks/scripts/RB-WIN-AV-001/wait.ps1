# SPDX-License-Identifier: GPL-3.0-or-later
# The update ends before the new definitions are loaded.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

for ($try = 0; $try -lt 12; $try++) {
    $now = Get-HipaaDefenderState
    $isFresh = $null -ne $now.signature_age_days -and $now.signature_age_days -le $Parameter.signature_age_max_days
    $isYoung = $null -eq $now.engine_age_days -or $now.engine_age_days -le $Parameter.engine_age_max_days
    if ($isFresh -and $isYoung) { return [ordered]@{ changed = $false; note = 'in_use'; saved = [ordered]@{} } }
    Start-Sleep -Seconds 10
}
throw [System.TimeoutException]::new('The definitions in use are still old after 120 s.')
