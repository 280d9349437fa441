# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Data at rest: volumes, their BitLocker state and protectors. Types of protectors are read, their
# content never: a recovery password opens the disk.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._Event
Set-StrictMode -Version 3.0

$script:VolumeNamespace = 'root/CIMV2/Security/MicrosoftVolumeEncryption'
$script:VolumeTimeoutSeconds = 60
$script:ManagementLog = 'Microsoft-Windows-BitLocker/BitLocker Management'
# 773 protection suspended, 845 recovery information backed up to Entra ID, 846 that failed.
$script:EventName = @{ 773 = 'suspended'; 845 = 'escrowed'; 846 = 'escrow_failed' }
$script:MaxEvents = 50

function Invoke-VolumeMethod {
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]$Volume,
        [Parameter(Mandatory)][string]$Method,
        [System.Collections.IDictionary]$ArgumentList = @{}
    )

    $call = @{
        InputObject = $Volume
        MethodName = $Method
        OperationTimeoutSec = $script:VolumeTimeoutSeconds
        ErrorAction = 'Stop'
    }
    if ($ArgumentList.Count -gt 0) { $call.Arguments = $ArgumentList }
    Invoke-CimMethod @call
}

function Read-VolumeMethod {
    # One number of a method; $null when the volume refuses to answer, as a locked one does.
    [CmdletBinding()]
    [OutputType([long])]
    param ([Parameter(Mandatory)]$Volume, [Parameter(Mandatory)][string]$Method, [Parameter(Mandatory)][string]$Name)

    $answer = Invoke-VolumeMethod -Volume $Volume -Method $Method
    if ((Get-HipaaProperty -InputObject $answer -Name ReturnValue -Type int) -ne 0) { return $null }
    Get-HipaaProperty -InputObject $answer -Name $Name -Type int
}

function Get-ProtectorType {
    # The types of all protectors of a volume; $null when it does not tell.
    [CmdletBinding()]
    param ([Parameter(Mandatory)]$Volume)

    # Type 0 asks for protectors of every type.
    $answer = Invoke-VolumeMethod -Volume $Volume -Method GetKeyProtectors -ArgumentList @{ KeyProtectorType = [uint32]0 }
    if ((Get-HipaaProperty -InputObject $answer -Name ReturnValue -Type int) -ne 0) { return $null }
    $types = foreach ($id in @($answer.VolumeKeyProtectorID)) {
        if ([string]::IsNullOrEmpty($id)) { continue }
        $protector = Invoke-VolumeMethod -Volume $Volume -Method GetKeyProtectorType -ArgumentList @{ VolumeKeyProtectorID = $id }
        Get-HipaaProperty -InputObject $protector -Name KeyProtectorType -Type int
    }
    ConvertTo-HipaaFactList -Item @($types)
}

function Get-VolumeFact($Volume) {
    $conversion = Invoke-VolumeMethod -Volume $Volume -Method GetConversionStatus -ArgumentList @{ PrecisionFactor = [uint32]0 }
    $isRead = (Get-HipaaProperty -InputObject $conversion -Name ReturnValue -Type int) -eq 0
    $type = Get-HipaaProperty -InputObject $Volume -Name VolumeType -Type int
    [ordered]@{
        device_id = Get-HipaaProperty -InputObject $Volume -Name DeviceID -Type string
        drive = Get-HipaaProperty -InputObject $Volume -Name DriveLetter -Type string
        volume_type = $type
        protection = Read-VolumeMethod -Volume $Volume -Method GetProtectionStatus -Name ProtectionStatus
        conversion = if ($isRead) { Get-HipaaProperty -InputObject $conversion -Name ConversionStatus -Type int } else { $null }
        percentage = if ($isRead) { Get-HipaaProperty -InputObject $conversion -Name EncryptionPercentage -Type int } else { $null }
        flags = if ($isRead) { Get-HipaaProperty -InputObject $conversion -Name EncryptionFlags -Type int } else { $null }
        method = Read-VolumeMethod -Volume $Volume -Method GetEncryptionMethod -Name EncryptionMethod
        lock = Read-VolumeMethod -Volume $Volume -Method GetLockStatus -Name LockStatus
        # Only the volume of the operating system can be suspended for a number of reboots.
        suspend_count = if ($type -eq 0) { Read-VolumeMethod -Volume $Volume -Method GetSuspendCount -Name SuspendCount } else { $null }
        is_initialized = Get-HipaaProperty -InputObject $Volume -Name IsVolumeInitializedForProtection -Type bool
        protectors = Get-ProtectorType -Volume $Volume
    }
}

function Get-HipaaBitLockerVolume {
    <#
    .SYNOPSIS
    Returns each volume that BitLocker knows, with its live state and the types of its protectors.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $query = @{ ClassName = 'Win32_EncryptableVolume'; Namespace = $script:VolumeNamespace; TimeoutSeconds = $script:VolumeTimeoutSeconds }
    ConvertTo-HipaaFactList -Item @(foreach ($volume in @(Get-HipaaCimInstance @query)) { Get-VolumeFact $volume })
}

function Get-HipaaFixedVolume {
    <#
    .SYNOPSIS
    Returns the fixed volumes that Windows has mounted, so that one which BitLocker does not list is seen.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    # DriveType 3 is a local disk.
    $volumes = Get-HipaaCimInstance -ClassName Win32_Volume -Filter 'DriveType=3'
    ConvertTo-HipaaFactList -Item @(foreach ($volume in @($volumes)) {
            $name = Get-HipaaProperty -InputObject $volume -Name Name -Type string
            [ordered]@{
                device_id = Get-HipaaProperty -InputObject $volume -Name DeviceID -Type string
                drive = Get-HipaaProperty -InputObject $volume -Name DriveLetter -Type string
                file_system = Get-HipaaProperty -InputObject $volume -Name FileSystem -Type string
                # Recovery and EFI partitions have no path but the one of the device.
                has_path = $null -ne $name -and -not $name.StartsWith('\\?\')
            }
        })
}

function Get-HipaaBitLockerEvent {
    <#
    .SYNOPSIS
    Returns the newest suspensions and escrows of recovery information, by mount point.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $query = @{
        LogName = $script:ManagementLog
        Condition = 'EventID=773 or EventID=845 or EventID=846'
        MaxEvents = $script:MaxEvents
    }
    ConvertTo-HipaaFactList -Item @(foreach ($record in @(Get-HipaaEvent @query)) {
            [ordered]@{
                event = $script:EventName[[int]$record.Id]
                drive = Get-HipaaEventData -Record $record -Name VolumeMountPoint
                at = ConvertTo-HipaaInstant -Value $record.TimeCreated
            }
        })
}

Export-ModuleMember -Function 'Get-HipaaBitLockerVolume', 'Get-HipaaFixedVolume', 'Get-HipaaBitLockerEvent'
