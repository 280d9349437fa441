# SPDX-License-Identifier: GPL-3.0-or-later
# What starts by itself and does not run now had to stop with the log service.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$names = @(Get-Service -Name EventLog -DependentServices -ErrorAction Stop | ForEach-Object { $_.Name })
$waiting = @(foreach ($name in $names) {
        $service = Get-HipaaServiceState -Name $name
        if ($service.start_mode -eq 'Auto' -and $service.state -eq 'Stopped') { $name }
    })
$before = Get-HipaaServiceState -Name EventLog
$saved = [ordered]@{ service = $before; dependents = $waiting; noted_at = ConvertTo-HipaaInstant -Value (Get-Date) }
[ordered]@{ changed = $false; note = 'services_noted'; saved = $saved }
