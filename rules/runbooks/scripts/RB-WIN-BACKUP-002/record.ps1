# SPDX-License-Identifier: GPL-3.0-or-later
# Which services are to be restarted, and what leans on them: the way back must not depend on a step that failed.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$fault = Get-HipaaWriterFault
$before = @(foreach ($name in $fault.services) {
        $running = @(Get-Service -Name $name -DependentServices -ErrorAction Stop | Where-Object { [int]$_.Status -eq 4 })
        [ordered]@{
            name = $name
            state = (Get-HipaaService -Name $name).state
            dependents = @($running | ForEach-Object { $_.Name })
        }
    })
[ordered]@{ changed = $false; note = 'services_noted'; saved = [ordered]@{ services = $before } }
