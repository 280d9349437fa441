# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Microsoft Defender, as RB-WIN-AV-001 to 003 see it.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._RepairRegistry
Set-StrictMode -Version 3.0

$script:DefenderNamespace = 'root/Microsoft/Windows/Defender'
# Its service is stopped; its namespace, class or provider is gone. Any other error is none of these.
$script:DefenderSilent = '0x800106BA', '0x8004100E', '0x80041010', '0x80041013'

function Get-HipaaDefenderState {
    <#
    .SYNOPSIS
    Returns what Defender says of itself: answers, is_engine, is_protecting, its parts, versions and ages in days.
    .DESCRIPTION
    answers is false when its service is stopped or it is not there, with the error code in hresult; every
    other error is thrown. Ages are those of the check: of the definitions the worse of counter and clock, of
    the engine since the end of the month that its version names, of the scans the younger one. $null is unknown.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $state = [ordered]@{ answers = $false; hresult = $null; running_mode = $null; is_engine = $false; is_protecting = $false }
    try {
        $status = @(Get-HipaaCimInstance -ClassName MSFT_MpComputerStatus -Namespace $script:DefenderNamespace)[0]
    }
    catch {
        $state.hresult = Get-HipaaErrorCode -ErrorRecord $_
        if ($script:DefenderSilent -notcontains $state.hresult) { throw }
        return $state
    }
    $names = @{ AMServiceEnabled = 'service'; AntivirusEnabled = 'antivirus'; RealTimeProtectionEnabled = 'realtime'
        OnAccessProtectionEnabled = 'on_access'; BehaviorMonitorEnabled = 'behavior'; IoavProtectionEnabled = 'ioav'
        NISEnabled = 'network'; IsTamperProtected = 'tamper_protected' }
    foreach ($name in $names.Keys) { $state[$names[$name]] = Get-HipaaProperty -InputObject $status -Name $name -Type bool }
    $state.answers = $true
    $state.running_mode = Get-HipaaProperty -InputObject $status -Name AMRunningMode -Type string
    # Old platforms do not name their mode: there the switches decide alone.
    $isNormal = $state.running_mode -in @($null, '', 'Normal')
    $state.is_engine = $isNormal -and $state.service -ne $false -and $state.antivirus -eq $true
    $state.is_protecting = $state.is_engine -and $state.realtime -eq $true -and $state.on_access -ne $false
    $state.signature_version = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureVersion -Type string
    $state.engine_version = Get-HipaaProperty -InputObject $status -Name AMEngineVersion -Type string
    $state.signature_age_days = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureAge -Type int
    $updated = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureLastUpdated -Type instant
    if ($updated) {
        $days = Get-DayCount ([datetime]::Parse($updated, [System.Globalization.CultureInfo]::InvariantCulture).ToUniversalTime())
        if ($null -eq $state.signature_age_days -or $days -gt $state.signature_age_days) { $state.signature_age_days = $days }
    }
    $state.engine_age_days = Get-EngineAge $state.engine_version
    $scans = @(foreach ($name in 'QuickScanAge', 'FullScanAge') { Get-HipaaProperty -InputObject $status -Name $name -Type int })
    # 65535 and 4294967295 mean never.
    $ages = @($scans | Where-Object { $null -ne $_ -and $_ -notin 65535, 4294967295 } | Sort-Object)
    $state.scan_age_days = $null
    # Strict mode forbids the first of none, and a new Windows was never scanned.
    if ($ages.Count -gt 0) { $state.scan_age_days = $ages[0] }
    $state
}

function Get-DayCount([datetime]$Instant) {
    [long][math]::Max(0, [math]::Floor(((Get-Date).ToUniversalTime() - $Instant).TotalDays))
}

function Get-EngineAge([string]$Version) {
    $found = [regex]::Match($Version, '^\d+\.\d+\.(\d{2})(0[1-9]|1[0-2])\d?\.\d+$')
    if (-not $found.Success) { return $null }
    $month = [datetime]::new(2000 + [int]$found.Groups[1].Value, [int]$found.Groups[2].Value, 1)
    Get-DayCount $month.AddMonths(1)
}

$script:DefenderPolicy = 'SOFTWARE\Policies\Microsoft\Windows Defender'
$script:DefenderDevicePolicy = 'SOFTWARE\Microsoft\PolicyManager\current\device\Defender'
$script:DefenderSwitch = @(
    @{ Path = $script:DefenderPolicy; Name = 'DisableAntiSpyware'; Wrong = 1 }
    foreach ($name in 'DisableRealtimeMonitoring', 'DisableBehaviorMonitoring', 'DisableIOAVProtection', 'DisableScriptScanning') {
        @{ Path = "$script:DefenderPolicy\Real-Time Protection"; Name = $name; Wrong = 1 }
    }
    foreach ($name in 'AllowRealtimeMonitoring', 'AllowBehaviorMonitoring', 'AllowIOAVProtection', 'AllowScriptScanning') {
        @{ Path = $script:DefenderDevicePolicy; Name = $name; Wrong = 0 }
    }
)

function Get-HipaaDefenderPolicy {
    <#
    .SYNOPSIS
    Returns the policy values that switch Defender or a part of it off, as Get-HipaaRegistryState does, with owned.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    foreach ($item in $script:DefenderSwitch) {
        $state = Get-HipaaRegistryState -Path $item.Path -Name $item.Name
        if (-not $state.exists -or $state.value -ne $item.Wrong) { continue }
        $state.owned = Test-HipaaPolicyOwned -Path $item.Path -Name $item.Name
        $state
    }
}

function Get-HipaaDefenderGap {
    <#
    .SYNOPSIS
    Returns what is off: engine, realtime, the parts asked for, and scan when the last one is too long ago.
    #>
    [CmdletBinding()]
    [OutputType([string[]])]
    param (
        [Parameter(Mandatory)][System.Collections.IDictionary]$State,
        [Parameter(Mandatory)][AllowEmptyCollection()][string[]]$Component,
        [Parameter(Mandatory)][long]$ScanAgeMaxDays
    )

    if (-not $State.is_engine) { return 'engine' }
    if (-not $State.is_protecting) { 'realtime' }
    $off = @($Component | Where-Object { $_ -ne 'script' -and $State[$_] -ne $true })
    if ($Component -contains 'script') {
        $preference = @(Get-HipaaCimInstance -ClassName MSFT_MpPreference -Namespace $script:DefenderNamespace)[0]
        if ((Get-HipaaProperty -InputObject $preference -Name DisableScriptScanning -Type bool) -ne $false) { $off += 'script' }
    }
    $off
    if ($null -eq $State.scan_age_days -or $State.scan_age_days -gt $ScanAgeMaxDays) { 'scan' }
}

Export-ModuleMember -Function 'Get-HipaaDefenderState', 'Get-HipaaDefenderPolicy', 'Get-HipaaDefenderGap'
