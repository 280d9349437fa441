# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# BitLocker volumes of repairs, by WMI only: no method that is called here hands out a recovery password.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

$script:VolumeNamespace = 'root/CIMV2/Security/MicrosoftVolumeEncryption'

function Get-HipaaEncryptableVolume {
    <#
    .SYNOPSIS
    Returns the volume of BitLocker with a drive letter such as C:, or with a device id; throws when there is none.
    #>
    [CmdletBinding()]
    param ([Parameter(Mandatory)][string]$Name)

    # Device ids are full of backslashes, which a filter would want doubled.
    $volumes = @(Get-HipaaCimInstance -ClassName Win32_EncryptableVolume -Namespace $script:VolumeNamespace)
    $found = @($volumes | Where-Object { $_.DriveLetter -eq $Name -or $_.DeviceID -eq $Name })
    if ($found.Count -ne 1) { throw [System.IO.DriveNotFoundException]::new("$($found.Count) BitLocker volumes") }
    $found[0]
}

function Invoke-HipaaVolumeMethod {
    <#
    .SYNOPSIS
    Calls a method of a BitLocker volume and returns its answer; throws with its code unless that is 0.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]$Volume,
        [Parameter(Mandatory)][string]$Method,
        [System.Collections.IDictionary]$ArgumentList = @{}
    )

    $call = @{ InputObject = $Volume; MethodName = $Method; OperationTimeoutSec = 60; ErrorAction = 'Stop' }
    if ($ArgumentList.Count -gt 0) { $call.Arguments = $ArgumentList }
    $answer = Invoke-CimMethod @call
    $code = [long]$answer.ReturnValue
    if ($code -eq 0) { return $answer }
    # S_FALSE is a refusal here: BackupRecoveryInformationToActiveDirectory says 1 when policy forbids it.
    $number = [System.BitConverter]::ToInt32([System.BitConverter]::GetBytes([uint32]$code), 0)
    throw [System.Runtime.InteropServices.COMException]::new("$Method failed", $(if ($code -eq 1) { 0x80004005 } else { $number }))
}

function Get-HipaaVolumeState {
    <#
    .SYNOPSIS
    Returns the live state of a BitLocker volume: type (0 Windows, 1 fixed, 2 removable), protection (0 off, 1 on, 2
    unknown), conversion (0 decrypted, 1 encrypted, 2 encrypting ...), lock (1 locked), protectors: the type of each.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)]$Volume)

    $state = [ordered]@{
        type = [int]$Volume.VolumeType
        protection = [int](Invoke-HipaaVolumeMethod -Volume $Volume -Method GetProtectionStatus).ProtectionStatus
        lock = [int](Invoke-HipaaVolumeMethod -Volume $Volume -Method GetLockStatus).LockStatus
        conversion = $null
        protectors = @()
    }
    # A locked volume answers nothing else.
    if ($state.lock -ne 0) { return $state }
    $conversion = Invoke-HipaaVolumeMethod -Volume $Volume -Method GetConversionStatus -ArgumentList @{ PrecisionFactor = [uint32]0 }
    $state.conversion = [int]$conversion.ConversionStatus
    $state.protectors = @(foreach ($id in @(Get-HipaaProtectorId -Volume $Volume)) {
            $call = @{ Method = 'GetKeyProtectorType'; ArgumentList = @{ VolumeKeyProtectorID = $id } }
            [int](Invoke-HipaaVolumeMethod -Volume $Volume @call).KeyProtectorType
        })
    $state
}

function Get-HipaaProtectorId {
    <#
    .SYNOPSIS
    Returns the ids of the protectors of a volume, of one type or (0) of all.
    #>
    [CmdletBinding()]
    [OutputType([string[]])]
    param ([Parameter(Mandatory)]$Volume, [int]$Type = 0)

    $call = @{ Method = 'GetKeyProtectors'; ArgumentList = @{ KeyProtectorType = [uint32]$Type } }
    $answer = Invoke-HipaaVolumeMethod -Volume $Volume @call
    @($answer.VolumeKeyProtectorID | Where-Object { -not [string]::IsNullOrEmpty($_) })
}

function Get-HipaaEscrowState {
    <#
    .SYNOPSIS
    Returns what BitLocker last recorded about keeping the recovery passwords that a volume has now: kept, failed,
    unknown, or none where it has no recovery password.
    .DESCRIPTION
    Records count by protector: those of one that is gone say nothing about the one that is there. A record that names
    no protector counts for its volume, as long as none names one that the volume has.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ([Parameter(Mandatory)]$Volume)

    $ids = @(Get-HipaaProtectorId -Volume $Volume -Type 3 | ForEach-Object { [string][guid]::Parse($_) })
    if ($ids.Count -eq 0) { return 'none' }
    $log = 'Microsoft-Windows-BitLocker/BitLocker Management'
    # Active Directory has it already (783), took it (784) or did not (785); Entra ID took it (845) or did not (846).
    $meaning = @{ 783 = 'kept'; 784 = 'kept'; 785 = 'failed'; 845 = 'kept'; 846 = 'failed' }
    $anyId = @(foreach ($id in $meaning.Keys) { "EventID=$id" }) -join ' or '
    $select = "<Select Path='$log'>*[System[$anyId]]</Select>"
    try {
        $query = "<QueryList><Query Id='0' Path='$log'>$select</Query></QueryList>"
        $records = @(Get-WinEvent -FilterXml $query -MaxEvents 200 -ErrorAction Stop)
    }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw }
        return 'unknown'
    }
    $newest = @{}
    foreach ($record in $records) {
        $document = [System.Xml.XmlDocument]::new()
        $document.LoadXml($record.ToXml())
        $named = @{}
        foreach ($node in $document.SelectNodes("//*[local-name()='Data']")) { $named[$node.GetAttribute('Name')] = $node.InnerText }
        $about = if ($named['ProtectorGUID']) { [string][guid]::Parse($named['ProtectorGUID']) } else { [string]$named['VolumeMountPoint'] }
        # The newest comes first.
        if ($about -and -not $newest.ContainsKey($about)) { $newest[$about] = $meaning[[int]$record.Id] }
    }
    $said = @(foreach ($id in $ids) { if ($newest.ContainsKey($id)) { $newest[$id] } })
    $drive = [string]$Volume.DriveLetter
    if ($said.Count -eq 0 -and $drive -and $newest.ContainsKey($drive)) { $said = @($newest[$drive]) }
    # One that is kept opens the volume, whatever became of the others.
    if ($said -contains 'kept') { 'kept' } elseif ($said -contains 'failed') { 'failed' } else { 'unknown' }
}

$exports = @(
    'Get-HipaaEncryptableVolume', 'Invoke-HipaaVolumeMethod', 'Get-HipaaVolumeState', 'Get-HipaaProtectorId'
    'Get-HipaaEscrowState'
)
Export-ModuleMember -Function $exports
