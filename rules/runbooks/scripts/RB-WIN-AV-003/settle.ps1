# SPDX-License-Identifier: GPL-3.0-or-later
# Its service starts late, and the first engine comes with the first definitions.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

Wait-HipaaSettled -Before $Saved['2'].mark -Minutes 20
for ($try = 0; $try -lt 18; $try++) {
    if ($try -gt 0) { Start-Sleep -Seconds 30 }
    $now = Get-HipaaDefenderState
    if ($now.is_protecting) { return [ordered]@{ changed = $true; note = 'protects'; saved = [ordered]@{} } }
}
throw [System.TimeoutException]::new('Defender does not protect after the restart.')
