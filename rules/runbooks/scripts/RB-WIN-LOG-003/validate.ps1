# SPDX-License-Identifier: GPL-3.0-or-later
# A service that runs and records nothing is no use. Its start is a record itself, and a session makes more:
# the newest one of the System and the Security log must be younger than the repair, if the service was down, or
# else of this hour.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$service = Get-HipaaServiceState -Name EventLog
$minutes = $null
$reason = 'service_does_not_run'
if ($service.state -eq 'Running') {
    $times = @(foreach ($log in 'System', 'Security') {
            $newest = @(Get-WinEvent -LogName $log -MaxEvents 1 -ErrorAction SilentlyContinue)
            if ($newest.Count -gt 0) { $newest[0].TimeCreated.ToUniversalTime() }
        } )
    $isRecording = $false
    if ($times.Count -gt 0) {
        $last = @($times | Sort-Object -Descending)[0]
        $minutes = [long][Math]::Floor(((Get-Date).ToUniversalTime() - $last).TotalMinutes)
        $isRecording = $minutes -lt 60
        if ($Saved.Contains('1') -and $Saved['1'].service.state -ne 'Running') {
            # Both texts are UTC and of one form.
            $isRecording = [string]::CompareOrdinal((ConvertTo-HipaaInstant -Value $last), [string]$Saved['1'].noted_at) -ge 0
        }
    }
    $reason = if (-not $isRecording) { 'no_new_record' } elseif ($service.start_mode -ne 'Auto') { 'start_mode_is_not_auto' } else { 'service_records' }
}
[ordered]@{
    valid = $reason -eq 'service_records'
    reason = $reason
    observed = [ordered]@{ state = $service.state; start_mode = $service.start_mode; newest_minutes = $minutes }
}
