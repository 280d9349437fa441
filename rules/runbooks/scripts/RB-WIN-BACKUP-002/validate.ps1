# SPDX-License-Identifier: GPL-3.0-or-later
# Stable writers, services that run as before, and no last job whose failure names a writer.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$fault = Get-HipaaWriterFault -TimeoutSeconds 90
$ran = @(if ($Saved.Contains('1')) { $Saved['1'].services | Where-Object { $_.state -eq 'Running' } | ForEach-Object { $_.name } })
$down = @(if ($ran.Count -gt 0) { Get-HipaaService -Name $ran | Where-Object { $_.state -ne 'Running' } })
$reason = 'writers_are_well'
if ($fault.writers.Count -gt 0) { $reason = 'writer_failed' }
elseif ($down.Count -gt 0) { $reason = 'service_stopped' }
elseif ($fault.last_job_failed) { $reason = 'last_job_failed' }
[ordered]@{ valid = $reason -eq 'writers_are_well'; reason = $reason; observed = [ordered]@{ fault = $fault; stopped = $down } }
