# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Data at rest: volumes, their BitLocker state and protectors. Types of protectors are read, their
# content never: a recovery password opens the disk. Their ids are told as digests, which is enough to
# find the records of one protector.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._Event
Set-StrictMode -Version 3.0

$script:VolumeNamespace = 'root/CIMV2/Security/MicrosoftVolumeEncryption'
$script:VolumeTimeoutSeconds = 60
$script:ManagementLog = 'Microsoft-Windows-BitLocker/BitLocker Management'
# 773 protection suspended. Recovery information: 783 is already in Active Directory, 784 was backed up there,
# 785 that failed; 845 was backed up to Entra ID, 846 that failed (messages of Microsoft-Windows-BitLocker-API).
$script:EventName = @{
    773 = 'suspended'
    783 = 'escrowed'; 784 = 'escrowed'; 785 = 'escrow_failed'
    845 = 'escrowed'; 846 = 'escrow_failed'
}
$script:MaxEvents = 200
# KeyProtectorType of a recovery password.
$script:RecoveryPassword = 3

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

function ConvertTo-ProtectorDigest {
    # SHA-256 of the GUID in lower case: the same from a volume and from an event, and no identifier.
    [CmdletBinding()]
    [OutputType([string])]
    param ([AllowNull()][AllowEmptyString()][string]$Id)

    if ([string]::IsNullOrEmpty($Id)) { return $null }
    $bytes = [System.Text.Encoding]::ASCII.GetBytes([guid]::Parse($Id).ToString())
    $algorithm = [System.Security.Cryptography.SHA256]::Create()
    try { $digest = $algorithm.ComputeHash($bytes) } finally { $algorithm.Dispose() }
    [System.BitConverter]::ToString($digest).Replace('-', '').ToLowerInvariant()
}

function Get-Protector {
    # The protectors of a volume as id and type; $null when it does not tell.
    [CmdletBinding()]
    param ([Parameter(Mandatory)]$Volume)

    # Type 0 asks for protectors of every type.
    $answer = Invoke-VolumeMethod -Volume $Volume -Method GetKeyProtectors -ArgumentList @{ KeyProtectorType = [uint32]0 }
    if ((Get-HipaaProperty -InputObject $answer -Name ReturnValue -Type int) -ne 0) { return $null }
    $protectors = foreach ($id in @($answer.VolumeKeyProtectorID)) {
        if ([string]::IsNullOrEmpty($id)) { continue }
        $protector = Invoke-VolumeMethod -Volume $Volume -Method GetKeyProtectorType -ArgumentList @{ VolumeKeyProtectorID = $id }
        @{ id = $id; type = Get-HipaaProperty -InputObject $protector -Name KeyProtectorType -Type int }
    }
    # A list of its own, which one item or none would not survive.
    , @($protectors)
}

function Get-VolumeFact($Volume) {
    $conversion = Invoke-VolumeMethod -Volume $Volume -Method GetConversionStatus -ArgumentList @{ PrecisionFactor = [uint32]0 }
    $isRead = (Get-HipaaProperty -InputObject $conversion -Name ReturnValue -Type int) -eq 0
    $type = Get-HipaaProperty -InputObject $Volume -Name VolumeType -Type int
    $protectors = Get-Protector -Volume $Volume
    $types = $null
    $recovery = $null
    if ($null -ne $protectors) {
        $types = ConvertTo-HipaaFactList -Item @(foreach ($item in $protectors) { $item.type })
        $recovery = ConvertTo-HipaaFactList -Item @(foreach ($item in $protectors) {
                if ($item.type -eq $script:RecoveryPassword) { ConvertTo-ProtectorDigest -Id $item.id }
            })
    }
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
        protectors = $types
        recovery = $recovery
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
    Returns the newest suspensions by mount point, and escrows of recovery information by protector.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $query = @{
        LogName = $script:ManagementLog
        Condition = @(foreach ($id in $script:EventName.Keys) { "EventID=$id" }) -join ' or '
        MaxEvents = $script:MaxEvents
    }
    ConvertTo-HipaaFactList -Item @(foreach ($record in @(Get-HipaaEvent @query)) {
            $protector = Get-HipaaEventData -Record $record -Name ProtectorGUID
            [ordered]@{
                event = $script:EventName[[int]$record.Id]
                drive = Get-HipaaEventData -Record $record -Name VolumeMountPoint
                protector = ConvertTo-ProtectorDigest -Id $protector
                at = ConvertTo-HipaaInstant -Value $record.TimeCreated
            }
        })
}

Export-ModuleMember -Function 'Get-HipaaBitLockerVolume', 'Get-HipaaFixedVolume', 'Get-HipaaBitLockerEvent'
