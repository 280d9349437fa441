# SPDX-License-Identifier: GPL-3.0-or-later
# A sensor that cannot work starts, and is gone within the minute.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

Start-Sleep -Seconds 60
foreach ($service in @(Get-HipaaService -Name $Parameter.services)) {
    if ($service.state -ne 'Running') {
        throw [System.InvalidOperationException]::new("$($service.name) did not keep running: exit code $($service.exit_code)")
    }
}
[ordered]@{ changed = $false; note = 'still_running'; saved = [ordered]@{} }
