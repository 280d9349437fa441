# SPDX-License-Identifier: GPL-3.0-or-later
# The agent answers from its last search, which the check has just made. What it does not offer, nobody can install.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$query = @{ Online = $false; CategoryId = $Parameter.category_ids; ExceptId = $Parameter.except_category_ids }
$services = @(Get-HipaaService -Name wuauserv, BITS, CryptSvc, TrustedInstaller)
$disabled = @($services | Where-Object { -not $_.exists -or $_.start_mode -eq 'Disabled' } | ForEach-Object { $_.name })
$signs = @(Get-HipaaRebootSign)
$volume = @(Get-HipaaCimInstance -ClassName Win32_Volume | Where-Object { $_.DriveLetter -eq $env:SystemDrive })[0]
$free = [long][math]::Floor($volume.FreeSpace / 1GB)
$offered = @()
$reason = 'met'
if ($disabled.Count -gt 0) { $reason = 'service_disabled' }
elseif ($signs.Count -gt 0) { $reason = 'pending_reboot' }
else {
    $offered = @((Get-HipaaOfferedUpdate @query).ids)
    if ($offered.Count -eq 0) { $reason = 'nothing_offered' }
    elseif ($free -lt $Parameter.free_gigabytes_min) { $reason = 'low_disk_space' }
    else {
        $obstacle = Get-HipaaRestartObstacle
        if ($obstacle) { $reason = $obstacle }
    }
}
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ offered = $offered; disabled = $disabled; reboot = $signs; free_gigabytes = $free }
}
