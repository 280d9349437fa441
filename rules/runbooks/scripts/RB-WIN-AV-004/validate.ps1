# SPDX-License-Identifier: GPL-3.0-or-later
# Running is all that a host tells of a foreign product; what it does is in the console of its vendor.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(Get-HipaaService -Name $Parameter.services)
$valid = $services.Count -gt 0 -and @($services | Where-Object { $_.state -ne 'Running' }).Count -eq 0
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'services_run' } else { 'service_stopped' }
    observed = [ordered]@{ services = $services }
}
