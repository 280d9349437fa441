# SPDX-License-Identifier: GPL-3.0-or-later
# Running is all that is claimed: whether the agent makes a copy is what its next job shows.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(Get-HipaaService -Name $Parameter.services)
$down = @($services | Where-Object { -not $_.exists -or ($_.state -ne 'Running' -and $_.start_mode -ne 'Manual') })
$valid = $services.Count -gt 0 -and $down.Count -eq 0
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'services_run' } else { 'service_stopped' }
    observed = [ordered]@{ services = $services }
}
