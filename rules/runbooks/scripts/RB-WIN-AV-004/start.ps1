# SPDX-License-Identifier: GPL-3.0-or-later
# Sensors wait for their driver or their network after a boot: a start that fails now may work half a minute later.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$before = @(Get-HipaaService -Name $Parameter.services)
$changed = $false
for ($try = 1; $try -le 3; $try++) {
    $problem = $null
    foreach ($name in $Parameter.services) {
        try { $changed = (Start-HipaaService -Name $name -TimeoutSeconds 30) -or $changed }
        catch { $problem = $_ }
    }
    if ($null -eq $problem) { break }
    if ($try -lt 3) { Start-Sleep -Seconds 30 }
}
if ($null -ne $problem) { throw $problem }
[ordered]@{
    changed = $changed
    note = if ($changed) { 'services_started' } else { 'running_already' }
    saved = [ordered]@{ services = $before }
}
