# SPDX-License-Identifier: GPL-3.0-or-later
# Only the service control manager is asked: without the service no log can be read. Stop, start and killed
# threads look alike to it; the check looks for silence in the log.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$service = Get-HipaaServiceState -Name EventLog
$reason = 'met'
if (-not $service.exists) { $reason = 'service_missing' }
elseif ($service.state -eq 'Running' -and $service.start_mode -eq 'Auto') { $reason = 'already_good' }
elseif ($service.state -in 'Start Pending', 'Stop Pending') { $reason = 'service_pending' }
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ state = $service.state; start_mode = $service.start_mode; exit_code = $service.exit_code }
}
