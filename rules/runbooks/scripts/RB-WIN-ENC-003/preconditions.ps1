# SPDX-License-Identifier: GPL-3.0-or-later
# Whatever is missing is found before anything begins: half way, it would be a clinic's server that does not start.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

function Get-Channel([string]$Prefix, [bool]$IsClient) {
    $joins = @(Get-HipaaRegistrySubKey -Path 'SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo')
    $version = Get-HipaaRegistryValue -Path 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' -Name CurrentBuild -Type string
    # Windows Server 2016 and 2019 have no way to Entra ID; the module of BitLocker may not be installed yet.
    if ($joins.Count -gt 0 -and ([int]$version -ge 20348 -or $IsClient)) { return 'entra' }
    $isMember = [bool]@(Get-HipaaCimInstance -ClassName Win32_ComputerSystem)[0].PartOfDomain
    $backup = Get-HipaaRegistryState -Path 'SOFTWARE\Policies\Microsoft\FVE' -Name "${Prefix}ActiveDirectoryBackup"
    if ($isMember -and $backup.value -eq 1) { return 'directory' }
    'none'
}

function Get-TpmState {
    $tpm = @(Get-HipaaCimInstance -ClassName Win32_Tpm -Namespace 'root/CIMV2/Security/MicrosoftTpm')
    if ($tpm.Count -eq 0) { return 'absent' }
    if ((Invoke-CimMethod -InputObject $tpm[0] -MethodName IsReady -ErrorAction Stop).IsReady) { return 'ready' }
    'not_ready'
}

$version = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$isClient = [int]@(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0].ProductType -eq 1
$edition = [string](Get-HipaaRegistryValue -Path $version -Name EditionID -Type string)
$isInstalled = $isClient -or (Get-HipaaOptionalFeature -Name BitLocker) -eq 1
$targets = @($Parameter.windows + $Parameter.fixed)
if ($targets.Count -eq 0) { $targets = @($env:SystemDrive) }
$open = $targets
$isLocked = $false
if ($isInstalled) {
    $open = @(foreach ($name in $targets) {
            $state = Get-HipaaVolumeState -Volume (Get-HipaaEncryptableVolume -Name $name)
            if ($state.lock -ne 0) { $isLocked = $true }
            if ($state.conversion -eq 0) { $name }
        })
}
$needsTpm = $env:SystemDrive -in $open
# Windows takes no other method than the one that policy wants, which is one for its own volume and one for the others.
$methods = @(
    if ($needsTpm) { 'EncryptionMethodWithXtsOs' }
    if (@($open | Where-Object { $_ -ne $env:SystemDrive }).Count -gt 0) { 'EncryptionMethodWithXtsFdv' }
)
$weak = @(foreach ($name in $methods) {
        $method = Get-HipaaRegistryState -Path 'SOFTWARE\Policies\Microsoft\FVE' -Name $name
        if ($method.exists -and $method.value -notin 4, 6, 7) { $name }
    })
$windowsState = $null
if ($isInstalled) { $windowsState = Get-HipaaVolumeState -Volume (Get-HipaaEncryptableVolume -Name $env:SystemDrive) }
$reason = 'met'
if ($isLocked) { $reason = 'volume_locked' }
elseif ($isInstalled -and $open.Count -eq 0) { $reason = 'already_good' }
elseif ($isClient -and $edition -like 'Core*') { $reason = 'unsupported_edition' }
elseif ((Get-HipaaServiceState -Name ClusSvc).state -eq 'Running') { $reason = 'cluster_node' }
elseif (Test-HipaaRebootPending) { $reason = 'pending_reboot' }
elseif (Test-HipaaOnBattery) { $reason = 'on_battery' }
elseif ($weak.Count -gt 0) { $reason = 'weak_method_required' }
elseif ($needsTpm -and (Get-TpmState) -eq 'absent') { $reason = 'no_tpm' }
elseif ($needsTpm -and (Get-TpmState) -ne 'ready') { $reason = 'tpm_not_ready' }
elseif (-not $needsTpm -and $windowsState.protection -ne 1 -and $windowsState.conversion -eq 0) { $reason = 'windows_volume_first' }
else {
    foreach ($name in $open) {
        $prefix = if ($name -eq $env:SystemDrive) { 'OS' } else { 'FDV' }
        if ((Get-Channel $prefix $isClient) -eq 'none') { $reason = 'no_escrow_channel' }
    }
}
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ volumes = $open; installed = $isInstalled }
}
