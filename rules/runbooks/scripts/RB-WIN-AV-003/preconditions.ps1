# SPDX-License-Identifier: GPL-3.0-or-later
# On clients Windows itself brings Defender back when the other engine goes. A server needs the feature, a
# restart, and no value that keeps it passive.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

# The services of every engine in rules/data/av_edr/products.yml. No parameter: nobody talks it out of one.
$engines = @(
    'CSFalconService', 'SentinelAgent', 'SentinelStaticEngine', 'Sophos MCS Agent', 'SEDService'
    'Sophos Endpoint Defense Service', 'SntpService', 'SAVService', 'CbDefense', 'CylanceSvc', 'cyserver', 'mfemms'
    'mfetp', 'ekrn', 'EPSecurityService', 'EPProtectedService', 'ntrtscan', 'TmCCSF', 'ds_agent', 'WRSVC'
    'WRCoreService', 'MBAMService', 'SepMasterService', 'AVP*', 'ElasticEndpoint'
)
$now = Get-HipaaDefenderState
$isClient = @(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0].ProductType -eq 1
$isInstalled = (Get-HipaaService -Name WinDefend).exists
$isPassive = $now.answers -and ($now.running_mode -like '*Passive*' -or $now.running_mode -eq 'EDR Block Mode')
# One that is stopped comes back at the next start, and two engines on one host hinder each other.
$others = @(Get-HipaaInstalledService -Pattern $engines)
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
# A server is not passive by itself: what makes it so would make it so again after the restart.
elseif ($isInstalled -and -not $isForced) { $reason = 'cause_unknown' }
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
