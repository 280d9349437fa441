# SPDX-License-Identifier: GPL-3.0-or-later
# On clients Windows itself brings Defender back when the other engine goes. A server needs the feature, a
# restart, and no value that keeps it passive.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = Get-HipaaDefenderState
$isClient = @(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0].ProductType -eq 1
$isInstalled = (Get-HipaaService -Name WinDefend).exists
$isPassive = $now.answers -and ($now.running_mode -like '*Passive*' -or $now.running_mode -eq 'EDR Block Mode')
$others = @(Get-HipaaInstalledService -Pattern $Parameter.engine_services | Where-Object { $_.state -eq 'Running' })
$force = @{ Path = 'SOFTWARE\Policies\Microsoft\Windows Advanced Threat Protection'; Name = 'ForceDefenderPassiveMode' }
$isForced = (Get-HipaaRegistryState @force).value -eq 1
$policy = @(Get-HipaaDefenderPolicy | Where-Object { $_.owned })
$signs = @(Get-HipaaRebootSign)
$reason = 'met'
if ($now.is_protecting) { $reason = 'already_good' }
elseif ($isClient) { $reason = 'unsupported_os' }
elseif ($isInstalled -and -not $isPassive) { $reason = 'not_passive' }
elseif ($others.Count -gt 0) { $reason = 'other_engine' }
elseif ($policy.Count -gt 0 -or ($isForced -and (Test-HipaaPolicyOwned @force))) { $reason = 'gpo_managed' }
elseif ($signs.Count -gt 0) { $reason = 'pending_reboot' }
else {
    $obstacle = Get-HipaaRestartObstacle
    if ($obstacle) { $reason = $obstacle }
}
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ defender = $now; installed = $isInstalled; forced = $isForced; others = $others; reboot = $signs }
}
