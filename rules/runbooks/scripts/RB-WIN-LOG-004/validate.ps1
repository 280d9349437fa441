# SPDX-License-Identifier: GPL-3.0-or-later
# WinRM runs, the right is there, and nothing is left that would touch WinRM again.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$isReader = $true
if ([int]@(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0].ProductType -ne 2) {
    $descriptor = [string](Get-WinEvent -ListLog Security -ErrorAction Stop).SecurityDescriptor
    $isReader = $descriptor -match ';;;(NS|S-1-5-20)\)' -or
    @(Get-LocalGroupMember -SID S-1-5-32-573 -ErrorAction Stop | Where-Object { [string]$_.SID -eq 'S-1-5-20' }).Count -gt 0
}
$isArmed = (Test-HipaaTask -Name HipaaRevert-RB-WIN-LOG-004) -or (Test-HipaaTask -Name HipaaRestart-RB-WIN-LOG-004)
$reason = 'forwarding_is_set_up'
if ((Get-HipaaServiceState -Name WinRM).state -ne 'Running') { $reason = 'service_does_not_run' }
elseif (-not $isReader) { $reason = 'no_right_to_read' }
elseif ($isArmed) { $reason = 'task_is_armed' }
[ordered]@{
    valid = $reason -eq 'forwarding_is_set_up'
    reason = $reason
    observed = [ordered]@{ is_reader = $isReader; task_armed = $isArmed }
}
