# SPDX-License-Identifier: GPL-3.0-or-later
# A registered engine of another vendor keeps Defender off on clients, whether it is on or not; on servers two
# engines would disturb each other.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = Get-HipaaDefenderState
$gaps = @(Get-HipaaDefenderGap -State $now -Component $Parameter.components -ScanAgeMaxDays $Parameter.scan_age_max_days)
$service = Get-HipaaService -Name WinDefend
$others = @(Get-HipaaInstalledService -Pattern $Parameter.engine_services | Where-Object { $_.state -eq 'Running' })
$registered = 0
if (@(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0].ProductType -eq 1) {
    # The third hexadecimal digit from the right is 1 for Microsoft's own.
    $registered = @(Get-HipaaCimInstance -ClassName AntiVirusProduct -Namespace root/SecurityCenter2 |
            Where-Object { ([long]$_.productState -band 0xF00) -ne 0x100 }).Count
}
$policy = @(Get-HipaaDefenderPolicy)
$reason = 'met'
if ($gaps.Count -eq 0) { $reason = 'already_good' }
elseif (-not $service.exists) { $reason = 'feature_missing' }
elseif ($others.Count -gt 0 -or $registered -gt 0) { $reason = 'other_engine' }
elseif (@($policy | Where-Object { $_.owned }).Count -gt 0) { $reason = 'gpo_managed' }
elseif ($now.answers -and $now.running_mode -like '*Passive*' -or $now.running_mode -eq 'EDR Block Mode') { $reason = 'passive' }
elseif ($service.state -ne 'Running' -and $service.start_mode -eq 'Disabled') { $reason = 'service_disabled' }
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ defender = $now; gaps = $gaps; service = $service; policy = $policy; registered = $registered }
}
