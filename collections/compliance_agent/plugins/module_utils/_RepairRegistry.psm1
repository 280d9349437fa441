# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Registry values of repairs: change one so that it can be put back exactly as it was, and who owns it.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

function Get-HipaaRegistryState {
    <#
    .SYNOPSIS
    Returns one value below HKLM as it is now, for Restore-HipaaRegistryState: exists, kind, value.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][string]$Path, [Parameter(Mandatory)][string]$Name)

    $state = [ordered]@{ path = $Path; name = $Name; exists = $false; kind = $null; value = $null }
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $key = $machine.OpenSubKey($Path)
    if ($null -eq $key) { return $state }
    $options = [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames
    $value = $key.GetValue($Name, $null, $options)
    if ($null -eq $value) { return $state }
    $state.exists = $true
    $state.kind = [string]$key.GetValueKind($Name)
    # A DWORD is unsigned; .NET hands it out as a signed number.
    $state.value = if ($value -is [int]) { [long]$value -band 0xFFFFFFFFL } else { $value }
    $state
}

function Set-HipaaRegistryState {
    <#
    .SYNOPSIS
    Writes one value below HKLM unless it is there already; returns whether it had to.
    .PARAMETER Kind
    DWord takes a number from 0 to 4294967295, String and ExpandString a text, MultiString a list.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param (
        [Parameter(Mandatory)][string]$Path,
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][ValidateSet('DWord', 'String', 'ExpandString', 'MultiString')][string]$Kind,
        [Parameter(Mandatory)][AllowEmptyString()][AllowEmptyCollection()]$Value
    )

    $now = Get-HipaaRegistryState -Path $Path -Name $Name
    if ($now.exists -and $now.kind -eq $Kind -and (@($now.value) -join "`0") -ceq (@($Value) -join "`0")) { return $false }
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $key = $machine.CreateSubKey($Path)
    $data = switch ($Kind) {
        # .NET takes a signed number for the unsigned one.
        'DWord' { [System.BitConverter]::ToInt32([System.BitConverter]::GetBytes([uint32]$Value), 0) }
        'MultiString' { , [string[]]@($Value) }
        default { [string]$Value }
    }
    $key.SetValue($Name, $data, [Microsoft.Win32.RegistryValueKind]$Kind)
    $true
}

function Restore-HipaaRegistryState {
    <#
    .SYNOPSIS
    Puts a value back to what Get-HipaaRegistryState saw; returns whether it had to.
    .DESCRIPTION
    A value that was not there is deleted again. A key that had to be made for it stays, empty.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][System.Collections.IDictionary]$State)

    if ($State.exists) {
        return Set-HipaaRegistryState -Path $State.path -Name $State.name -Kind $State.kind -Value $State.value
    }
    $now = Get-HipaaRegistryState -Path $State.path -Name $State.name
    if (-not $now.exists) { return $false }
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $machine.OpenSubKey([string]$State.path, $true).DeleteValue([string]$State.name)
    $true
}

function Test-HipaaPolicyOwned {
    <#
    .SYNOPSIS
    Returns whether a group policy or MDM owns a setting: a change here would not last.
    .DESCRIPTION
    On a host in a workgroup that no MDM manages the same values are local policy, which belongs to the host itself.
    MDM writes many of its settings where group policies do, and writes them again when somebody changes them.
    .PARAMETER Path
    Key below HKLM where the policy writes, such as SOFTWARE\Policies\Microsoft\FVE.
    .PARAMETER Name
    The value; any value of the key counts without it.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Path, [string]$Name)

    $computer = @(Get-HipaaCimInstance -ClassName Win32_ComputerSystem)[0]
    $isManaged = $computer.PartOfDomain -or (Test-DeviceManaged)
    if (-not $isManaged -and $Path -notlike 'SOFTWARE\Microsoft\PolicyManager\*') { return $false }
    if ($Name) { return (Get-HipaaRegistryState -Path $Path -Name $Name).exists }
    @(Get-HipaaRegistryValueName -Path $Path).Count -gt 0
}

function Test-DeviceManaged {
    $enrollments = 'SOFTWARE\Microsoft\Enrollments'
    $providers = @(foreach ($id in @(Get-HipaaRegistrySubKey -Path $enrollments)) {
            Get-HipaaRegistryValue -Path "$enrollments\$id" -Name ProviderID -Type string
        })
    $providers -contains 'MS DM Server'
}

$exports = @(
    'Get-HipaaRegistryState', 'Set-HipaaRegistryState', 'Restore-HipaaRegistryState', 'Test-HipaaPolicyOwned'
)
Export-ModuleMember -Function $exports
