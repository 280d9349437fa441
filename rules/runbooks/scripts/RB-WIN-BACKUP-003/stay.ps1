# SPDX-License-Identifier: GPL-3.0-or-later
# An agent whose database is broken starts, and is gone within the minute.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

Start-Sleep -Seconds 60
foreach ($service in @(Get-HipaaService -Name $Parameter.services)) {
    if ($service.state -ne 'Running' -and $service.start_mode -ne 'Manual') {
        throw [System.InvalidOperationException]::new("$($service.name) did not keep running: exit code $($service.exit_code)")
    }
}
[ordered]@{ changed = $false; note = 'still_running'; saved = [ordered]@{} }
