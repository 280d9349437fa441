# SPDX-License-Identifier: GPL-3.0-or-later
# Writers that are well again are not enough where the last job failed for one: only a good job ends that.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$fault = Get-HipaaWriterFault -TimeoutSeconds 90
$services = @(if ($fault.services.Count -gt 0) { Get-HipaaService -Name $fault.services })
$reason = 'met'
if ($fault.job_started_at) { $reason = 'job_running' }
elseif ($fault.writers.Count -eq 0 -and -not $fault.last_job_failed) { $reason = 'already_good' }
elseif (@($fault.writers | Where-Object { -not $_.service }).Count -gt 0) { $reason = 'writer_not_restartable' }
elseif (@($services | Where-Object { -not $_.exists }).Count -gt 0) { $reason = 'service_missing' }
elseif (@($services | Where-Object { $_.start_mode -eq 'Disabled' }).Count -gt 0) { $reason = 'service_disabled' }
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ fault = $fault; services = $services } }
