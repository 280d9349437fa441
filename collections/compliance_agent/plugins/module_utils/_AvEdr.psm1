# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._Event
Set-StrictMode -Version 3.0

$script:Defender = 'root/Microsoft/Windows/Defender'
$script:DefenderLog = 'Microsoft-Windows-Windows Defender/Operational'
$script:DefenderPolicy = 'SOFTWARE\Policies\Microsoft\Windows Defender'
$script:ManagedPolicy = 'SOFTWARE\Microsoft\PolicyManager\current\device\Defender'
$script:SensorStatus = 'SOFTWARE\Microsoft\Windows Advanced Threat Protection\Status'
$script:SensorPolicy = 'SOFTWARE\Policies\Microsoft\Windows Advanced Threat Protection'
$script:DefenderTimeoutSeconds = 60
$script:SecurityCenterTimeoutSeconds = 30
# Lists of a busy host are cut here; the facts say how many there were.
$script:MaxItems = 40
# Found (1116, 1006), dealt with (1117, 1007), not dealt with (1118, 1119, 1008).
$script:ThreatEventId = 1006, 1007, 1008, 1116, 1117, 1118, 1119
# Update failed (2001, 2003, 2004); protection switched off (5001, 5010, 5012), or kept from it (5013).
$script:ProtectionEventId = 2001, 2003, 2004, 5001, 5010, 5012, 5013

function Get-ComputerStatus {
    $query = @{
        ClassName = 'MSFT_MpComputerStatus'
        Namespace = $script:Defender
        TimeoutSeconds = $script:DefenderTimeoutSeconds
    }
    $all = @(Get-HipaaCimInstance @query)
    if ($all.Count -eq 0) { return }
    $status = $all[0]
    # Platform updates add properties: on an old platform the late ones are missing, not false.
    [ordered]@{
        running_mode = Get-HipaaProperty -InputObject $status -Name AMRunningMode -Type string
        service_enabled = Get-HipaaProperty -InputObject $status -Name AMServiceEnabled -Type bool
        antivirus_enabled = Get-HipaaProperty -InputObject $status -Name AntivirusEnabled -Type bool
        realtime_enabled = Get-HipaaProperty -InputObject $status -Name RealTimeProtectionEnabled -Type bool
        on_access_enabled = Get-HipaaProperty -InputObject $status -Name OnAccessProtectionEnabled -Type bool
        behavior_enabled = Get-HipaaProperty -InputObject $status -Name BehaviorMonitorEnabled -Type bool
        ioav_enabled = Get-HipaaProperty -InputObject $status -Name IoavProtectionEnabled -Type bool
        nis_enabled = Get-HipaaProperty -InputObject $status -Name NISEnabled -Type bool
        signature_age_days = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureAge -Type int
        signature_updated_at = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureLastUpdated -Type instant
        signature_version = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureVersion -Type string
        signatures_out_of_date = Get-HipaaProperty -InputObject $status -Name DefenderSignaturesOutOfDate -Type bool
        quick_scan_age_days = Get-HipaaProperty -InputObject $status -Name QuickScanAge -Type int
        full_scan_age_days = Get-HipaaProperty -InputObject $status -Name FullScanAge -Type int
        engine_version = Get-HipaaProperty -InputObject $status -Name AMEngineVersion -Type string
        platform_version = Get-HipaaProperty -InputObject $status -Name AMProductVersion -Type string
        tamper_protected = Get-HipaaProperty -InputObject $status -Name IsTamperProtected -Type bool
        computer_state = Get-HipaaProperty -InputObject $status -Name ComputerState -Type int
        product_status = Get-HipaaProperty -InputObject $status -Name ProductStatus -Type int
        reboot_required = Get-HipaaProperty -InputObject $status -Name RebootRequired -Type bool
    }
}

function Get-Exclusion($Preference) {
    $kinds = [ordered]@{
        path = 'ExclusionPath'; process = 'ExclusionProcess'
        extension = 'ExclusionExtension'; address = 'ExclusionIpAddress'
    }
    foreach ($kind in $kinds.Keys) {
        $property = $Preference.PSObject.Properties[$kinds[$kind]]
        if ($null -eq $property) { continue }
        foreach ($value in @($property.Value | Where-Object { $null -ne $_ })) {
            $text = ConvertTo-HipaaFact -Value $value -Type string
            # A profile folder bears the name of a person.
            $text = $text -replace '(\\Users\\)[^\\]+', '${1}*'
            [ordered]@{ kind = $kind; value = $text }
        }
    }
}

function Get-Preference {
    $query = @{
        ClassName = 'MSFT_MpPreference'
        Namespace = $script:Defender
        TimeoutSeconds = $script:DefenderTimeoutSeconds
    }
    $all = @(Get-HipaaCimInstance @query)
    if ($all.Count -eq 0) { return }
    $preference = $all[0]
    # Broad exclusions are short: they stay when the list is cut.
    $exclusions = @(Get-Exclusion $preference | Sort-Object -Property { $_.value.Length }, { $_.value })
    # Windows answers with a sentence that starts like this when it hides them from administrators.
    $isHidden = @($exclusions | Where-Object { $_.value -like 'N/A:*' }).Count -gt 0
    if ($isHidden) { $exclusions = @() }
    [ordered]@{
        realtime_disabled = Get-HipaaProperty -InputObject $preference -Name DisableRealtimeMonitoring -Type bool
        behavior_disabled = Get-HipaaProperty -InputObject $preference -Name DisableBehaviorMonitoring -Type bool
        ioav_disabled = Get-HipaaProperty -InputObject $preference -Name DisableIOAVProtection -Type bool
        script_disabled = Get-HipaaProperty -InputObject $preference -Name DisableScriptScanning -Type bool
        cloud_reporting = Get-HipaaProperty -InputObject $preference -Name MAPSReporting -Type int
        are_exclusions_hidden = $isHidden
        exclusion_total = $exclusions.Count
        exclusions = ConvertTo-HipaaFactList -Item @($exclusions | Select-Object -First $script:MaxItems)
    }
}

function Get-FilterDriver {
    $driver = @(Get-HipaaCimInstance -ClassName Win32_SystemDriver -Filter "Name='WdFilter'")
    if ($driver.Count -eq 0) { return [ordered]@{ exists = $false; state = $null } }
    [ordered]@{ exists = $true; state = Get-HipaaProperty -InputObject $driver[0] -Name State -Type string }
}

function Get-Onboarding {
    [ordered]@{
        onboarding_state = Get-HipaaRegistryValue -Path $script:SensorStatus -Name OnboardingState -Type int
        force_passive = Get-HipaaRegistryValue -Path $script:SensorPolicy -Name ForceDefenderPassiveMode -Type int
    }
}

function Get-PolicySetting {
    $realtime = "$script:DefenderPolicy\Real-Time Protection"
    [ordered]@{
        disable_antispyware = Get-HipaaRegistryValue -Path $script:DefenderPolicy -Name DisableAntiSpyware -Type int
        disable_realtime = Get-HipaaRegistryValue -Path $realtime -Name DisableRealtimeMonitoring -Type int
        disable_behavior = Get-HipaaRegistryValue -Path $realtime -Name DisableBehaviorMonitoring -Type int
        disable_ioav = Get-HipaaRegistryValue -Path $realtime -Name DisableIOAVProtection -Type int
        disable_script = Get-HipaaRegistryValue -Path $realtime -Name DisableScriptScanning -Type int
        managed_realtime = Get-HipaaRegistryValue -Path $script:ManagedPolicy -Name AllowRealtimeMonitoring -Type int
        managed_behavior = Get-HipaaRegistryValue -Path $script:ManagedPolicy -Name AllowBehaviorMonitoring -Type int
        managed_ioav = Get-HipaaRegistryValue -Path $script:ManagedPolicy -Name AllowIOAVProtection -Type int
        managed_script = Get-HipaaRegistryValue -Path $script:ManagedPolicy -Name AllowScriptScanning -Type int
    }
}

function Test-ReportingProgram([string]$Path) {
    # Products that were removed may leave their entry behind, still switched on.
    if ([string]::IsNullOrEmpty($Path)) { return $false }
    Test-Path -LiteralPath ([System.Environment]::ExpandEnvironmentVariables($Path)) -PathType Leaf
}

function Get-SecurityCenterProduct {
    $query = @{
        ClassName = 'AntiVirusProduct'
        Namespace = 'root/SecurityCenter2'
        TimeoutSeconds = $script:SecurityCenterTimeoutSeconds
    }
    foreach ($product in @(Get-HipaaCimInstance @query)) {
        $program = Get-HipaaProperty -InputObject $product -Name pathToSignedReportingExe -Type string
        [ordered]@{
            name = Get-HipaaProperty -InputObject $product -Name displayName -Type string
            product_state = Get-HipaaProperty -InputObject $product -Name productState -Type int
            has_program = Test-ReportingProgram $program
        }
    }
}

function Get-Detection {
    $query = @{
        ClassName = 'MSFT_MpThreatDetection'
        Namespace = $script:Defender
        TimeoutSeconds = $script:DefenderTimeoutSeconds
    }
    # Neither the files nor the user of a detection leave the host.
    $detections = @(foreach ($item in @(Get-HipaaCimInstance @query)) {
            [ordered]@{
                threat_id = Get-HipaaProperty -InputObject $item -Name ThreatID -Type int
                is_action_successful = Get-HipaaProperty -InputObject $item -Name ActionSuccess -Type bool
                status_id = Get-HipaaProperty -InputObject $item -Name ThreatStatusID -Type int
                changed_at = Get-HipaaProperty -InputObject $item -Name LastThreatStatusChangeTime -Type instant
            }
        })
    # Unresolved ones first, so that they stay when the list is cut: 2, 3, 4 and 6 are cleaned, quarantined, removed
    # and blocked.
    $order = @({ $_.is_action_successful -eq $true -and $_.status_id -in 2, 3, 4, 6 }, { $_.threat_id })
    $sorted = @($detections | Sort-Object -Property $order)
    [ordered]@{
        total = $sorted.Count
        detections = ConvertTo-HipaaFactList -Item @($sorted | Select-Object -First $script:MaxItems)
    }
}

function Get-DefenderEvent([int[]]$Id, [int]$MaxEvents) {
    $anyId = @(foreach ($item in $Id) { "EventID=$item" }) -join ' or '
    Get-HipaaEvent -LogName $script:DefenderLog -Condition $anyId -MaxEvents $MaxEvents
}

function Get-ThreatEvent {
    foreach ($item in @(Get-DefenderEvent -Id $script:ThreatEventId -MaxEvents $script:MaxItems)) {
        [ordered]@{
            id = Get-HipaaProperty -InputObject $item -Name Id -Type int
            at = Get-HipaaProperty -InputObject $item -Name TimeCreated -Type instant
            detection_id = Get-HipaaEventData -Record $item -Name 'Detection ID'
        }
    }
}

function Get-ProtectionEvent {
    # Newest first, so the first of each kind is its newest.
    $events = @(Get-DefenderEvent -Id $script:ProtectionEventId -MaxEvents 200)
    foreach ($id in $script:ProtectionEventId) {
        $same = @($events | Where-Object { $_.Id -eq $id })
        if ($same.Count -eq 0) { continue }
        [ordered]@{
            id = $id
            times = $same.Count
            newest_at = Get-HipaaProperty -InputObject $same[0] -Name TimeCreated -Type instant
        }
    }
}

function Get-HipaaAvEdrFact {
    <#
    .SYNOPSIS
    Reads which malware protection runs on this host, how fresh it is, and what it left unresolved.
    .PARAMETER Collect
    services: short names of the services of known products, with wildcards.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([System.Collections.IDictionary]$Collect = @{})

    $patterns = @(if ($Collect.ContainsKey('services')) { $Collect.services })
    [ordered]@{
        computer_status = Invoke-HipaaProbe -Source "cim:$script:Defender`:MSFT_MpComputerStatus" -Script {
            Get-ComputerStatus
        }
        preference = Invoke-HipaaProbe -Source "cim:$script:Defender`:MSFT_MpPreference" -Script { Get-Preference }
        services = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Service' -Script {
            ConvertTo-HipaaFactList -Item @(Get-HipaaService -Name WinDefend, WdNisSvc, Sense)
        }
        filter_driver = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_SystemDriver' -Script { Get-FilterDriver }
        onboarding = Invoke-HipaaProbe -Source "registry:$script:SensorStatus; registry:$script:SensorPolicy" -Script {
            Get-Onboarding
        }
        policy = Invoke-HipaaProbe -Source "registry:$script:DefenderPolicy; registry:$script:ManagedPolicy" -Script {
            Get-PolicySetting
        }
        security_center = Invoke-HipaaProbe -Source 'cim:root/SecurityCenter2:AntiVirusProduct' -Script {
            ConvertTo-HipaaFactList -Item @(Get-SecurityCenterProduct)
        }
        products = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Service (products)' -Script {
            [ordered]@{
                patterns = $patterns.Count
                services = ConvertTo-HipaaFactList -Item @(Get-HipaaInstalledService -Pattern $patterns)
            }
        }
        feature = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_OptionalFeature' -Script {
            [ordered]@{ install_state = Get-HipaaOptionalFeature -Name Windows-Defender }
        }
        detections = Invoke-HipaaProbe -Source "cim:$script:Defender`:MSFT_MpThreatDetection" -Script { Get-Detection }
        threat_events = Invoke-HipaaProbe -Source "eventlog:$script:DefenderLog (threats)" -Script {
            ConvertTo-HipaaFactList -Item @(Get-ThreatEvent)
        }
        protection_events = Invoke-HipaaProbe -Source "eventlog:$script:DefenderLog (protection)" -Script {
            ConvertTo-HipaaFactList -Item @(Get-ProtectionEvent)
        }
    }
}

Export-ModuleMember -Function 'Get-HipaaAvEdrFact'
