# SPDX-License-Identifier: GPL-3.0-or-later
# Only the logs that are named count. A copy of a full log and the growth need room twice, on the volume where the
# log lies: a full one stops more than logs.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

function Get-VolumeOf([string]$File) {
    # A path without a drive lies where Windows does; a volume may be mounted in a folder of another one.
    if ($File -notmatch '^[A-Za-z]:\\') { $File = "$env:SystemDrive\" }
    Get-HipaaCimInstance -ClassName Win32_Volume |
        Where-Object { $_.Name -and $File.StartsWith([string]$_.Name, [System.StringComparison]::OrdinalIgnoreCase) } |
        Sort-Object -Property { ([string]$_.Name).Length } -Descending | Select-Object -First 1
}

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
    $needed = @{}
    $wrong = @(foreach ($name in $names) {
            $log = Get-HipaaLogState -Name $name
            if (-not $log.exists) { continue }
            $least = if ($size.Contains($name)) { 1024L * $Parameter[$size[$name]] } else { 0L }
            $owned = @(
                if ($log.max_bytes -lt $least) {
                    $needed[$log.file] += $least - $log.max_bytes
                    'MaxSize'
                }
                if ($name -in $full -and $log.mode -notin $acceptable) {
                    if ($log.full) { $needed[$log.file] += $log.max_bytes }
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
    $free = @{}
    foreach ($file in $needed.Keys) {
        $volume = Get-VolumeOf $file
        if ($null -eq $volume) { $free[$file] = -1L; continue }
        if (-not $free.ContainsKey($volume.Name)) { $free[$volume.Name] = [long]$volume.FreeSpace }
        $free[$volume.Name] -= 2 * $needed[$file]
    }
    if ($wrong.Count -eq 0) { $reason = 'already_good' }
    elseif ($isOwned) { $reason = 'gpo_managed' }
    elseif (@($free.Values | Where-Object { $_ -lt 0 }).Count -gt 0) { $reason = 'disk_space_low' }
}
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ logs = $wrong } }
