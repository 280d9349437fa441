# SPDX-License-Identifier: GPL-3.0-or-later
# A service that runs and records nothing is no use. Its start is a record itself, and a session makes more:
# the newest one of the System and the Security log must be of this hour.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$service = Get-HipaaServiceState -Name EventLog
$minutes = $null
$reason = 'service_does_not_run'
if ($service.state -eq 'Running') {
    $ages = @(foreach ($log in 'System', 'Security') {
            $newest = @(Get-WinEvent -LogName $log -MaxEvents 1 -ErrorAction SilentlyContinue)
            if ($newest.Count -gt 0) { [long][Math]::Floor(((Get-Date) - $newest[0].TimeCreated).TotalMinutes) }
        } )
    $minutes = ($ages | Measure-Object -Minimum).Minimum
    if ($null -ne $minutes) { $minutes = [long]$minutes }
    $isRecording = $null -ne $minutes -and $minutes -lt 60
    $reason = if (-not $isRecording) { 'no_new_record' } elseif ($service.start_mode -ne 'Auto') { 'start_mode_is_not_auto' } else { 'service_records' }
}
[ordered]@{
    valid = $reason -eq 'service_records'
    reason = $reason
    observed = [ordered]@{ state = $service.state; start_mode = $service.start_mode; newest_minutes = $minutes }
}
