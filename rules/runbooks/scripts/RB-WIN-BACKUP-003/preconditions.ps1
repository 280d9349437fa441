# SPDX-License-Identifier: GPL-3.0-or-later
# Agents that their schedule starts are Manual and stopped between jobs: that is no fault.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(Get-HipaaService -Name $Parameter.services)
$down = @($services | Where-Object { $_.state -ne 'Running' -and $_.start_mode -ne 'Manual' })
$reason = 'met'
if ($services.Count -eq 0 -or @($services | Where-Object { -not $_.exists }).Count -gt 0) { $reason = 'service_missing' }
elseif ($down.Count -eq 0) { $reason = 'already_good' }
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ services = $services } }
