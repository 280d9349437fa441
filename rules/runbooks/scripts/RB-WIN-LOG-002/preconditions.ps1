# SPDX-License-Identifier: GPL-3.0-or-later
# Only the logs that are named count. A copy of a full log and the growth need room twice: the drive of the
# logs is that of Windows, and a full one stops more than logs.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$size = [ordered]@{
    Security = 'security_kb'; System = 'system_kb'; Application = 'application_kb'; Setup = 'setup_kb'
    'Microsoft-Windows-PowerShell/Operational' = 'powershell_kb'
}
$number = @{ circular = 0; auto_backup = 1 }
$acceptable = @(foreach ($mode in $Parameter.modes) { $number[$mode] })
$policy = 'SOFTWARE\Policies\Microsoft\Windows\EventLog'
$full = @($Parameter.stuck + $Parameter.retaining)
$small = @($size.Keys | Where-Object { $Parameter[$size[$_]] -gt 0 })
$names = @($small + $full + $Parameter.disabled | Sort-Object -Unique)
$reason = 'met'
$wrong = @()
if ((Get-HipaaServiceState -Name EventLog).state -ne 'Running') { $reason = 'service_down' }
else {
    $isOwned = $false
    $needed = 0L
    $wrong = @(foreach ($name in $names) {
            $log = Get-HipaaLogState -Name $name
            if (-not $log.exists) { continue }
            $least = if ($size.Contains($name)) { 1024L * $Parameter[$size[$name]] } else { 0L }
            $owned = @(
                if ($log.max_bytes -lt $least) {
                    $needed += $least - $log.max_bytes
                    'MaxSize'
                }
                if ($name -in $full -and $log.mode -notin $acceptable) {
                    if ($log.full) { $needed += $log.max_bytes }
                    'Retention'
                    'AutoBackupLogFiles'
                }
                if ($name -in $Parameter.disabled -and -not $log.enabled) { 'Enabled' }
            )
            if ($owned.Count -eq 0) { continue }
            foreach ($value in $owned) {
                if (Test-HipaaPolicyOwned -Path "$policy\$name" -Name $value) { $isOwned = $true }
            }
            $name
        })
    $disk = @(Get-HipaaCimInstance -ClassName Win32_Volume -Filter "DriveLetter='$env:SystemDrive'")
    if ($wrong.Count -eq 0) { $reason = 'already_good' }
    elseif ($isOwned) { $reason = 'gpo_managed' }
    elseif ($disk.Count -eq 0 -or [long]$disk[0].FreeSpace -lt 2 * $needed) { $reason = 'disk_space_low' }
}
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ logs = $wrong } }
