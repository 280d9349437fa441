# SPDX-License-Identifier: GPL-3.0-or-later
# A service that somebody has set to Manual or Disabled is no accident: a person asks why.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(Get-HipaaService -Name $Parameter.services)
$down = @($services | Where-Object { $_.state -ne 'Running' })
$reason = 'met'
if ($services.Count -eq 0 -or @($services | Where-Object { -not $_.exists }).Count -gt 0) { $reason = 'service_missing' }
elseif ($down.Count -eq 0) { $reason = 'already_good' }
elseif (@($down | Where-Object { $_.start_mode -eq 'Disabled' }).Count -gt 0) { $reason = 'service_disabled' }
elseif (@($down | Where-Object { $_.start_mode -ne 'Auto' }).Count -gt 0) { $reason = 'not_automatic' }
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ services = $services } }
