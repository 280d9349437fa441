# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Registry, services, features, CIM and native tools, read the same way by every collector.
#AnsibleRequires -PowerShell ..module_utils._Probe
Set-StrictMode -Version 3.0

# Seconds that a call may take (facts about usual durations are in docs/explanation/time-budgets.md).
$script:CimTimeoutSeconds = 60

function Open-RegistryKey {
    [CmdletBinding()]
    [OutputType([Microsoft.Win32.RegistryKey])]
    param ([Parameter(Mandatory)][string]$Path)

    # A 32-bit process would otherwise read Wow6432Node without a word.
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $machine.OpenSubKey($Path)
}

function Get-HipaaRegistryValue {
    <#
    .SYNOPSIS
    Returns one value below HKLM, typed; $null when the key or the value does not exist.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$Path,
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][ValidateSet('int', 'string', 'strings')][string]$Type
    )

    $key = Open-RegistryKey -Path $Path
    if ($null -eq $key) { return $null }
    $value = $key.GetValue($Name, $null)
    if ($null -eq $value) { return $null }
    if ($Type -eq 'strings') {
        if ($value -isnot [string[]]) { throw [System.IO.InvalidDataException]::new("$Name is no list of strings") }
        return , $value
    }
    $fact = ConvertTo-HipaaFact -Value $value -Type $Type
    # A DWORD is unsigned; .NET hands it out as a signed number.
    if ($value -is [int]) { return [long]$fact -band 0xFFFFFFFFL }
    $fact
}

function Test-HipaaRegistryKey {
    <#
    .SYNOPSIS
    Returns whether a key below HKLM exists.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Path)

    $null -ne (Open-RegistryKey -Path $Path)
}

function Get-HipaaRegistrySubKey {
    <#
    .SYNOPSIS
    Returns the names of the keys below a key of HKLM; none when it does not exist.
    #>
    [CmdletBinding()]
    [OutputType([string[]])]
    param ([Parameter(Mandatory)][string]$Path)

    $key = Open-RegistryKey -Path $Path
    if ($null -eq $key) { return }
    $key.GetSubKeyNames()
}

function Get-HipaaRegistryValueName {
    <#
    .SYNOPSIS
    Returns the names of the values of a key of HKLM; none when it does not exist.
    #>
    [CmdletBinding()]
    [OutputType([string[]])]
    param ([Parameter(Mandatory)][string]$Path)

    $key = Open-RegistryKey -Path $Path
    if ($null -eq $key) { return }
    $key.GetValueNames()
}

function Get-HipaaCimInstance {
    <#
    .SYNOPSIS
    Queries CIM on this host with a time limit; errors are terminating.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$ClassName,
        [string]$Namespace = 'root/cimv2',
        [string]$Filter,
        [int]$TimeoutSeconds = $script:CimTimeoutSeconds
    )

    $query = @{
        ClassName = $ClassName
        Namespace = $Namespace
        OperationTimeoutSec = $TimeoutSeconds
        ErrorAction = 'Stop'
    }
    if ($Filter) { $query.Filter = $Filter }
    Get-CimInstance @query
}

function Get-HipaaService {
    <#
    .SYNOPSIS
    Returns services by short name: exists, state, start_mode, exit_code. All names are answered.
    .DESCRIPTION
    One CIM query. State and StartMode of Win32_Service are the same in every language.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][string[]]$Name)

    $filter = @(foreach ($item in $Name) { "Name='$($item.Replace("'", "\'"))'" }) -join ' OR '
    $seen = @{}
    foreach ($service in @(Get-HipaaCimInstance -ClassName Win32_Service -Filter $filter)) {
        # Only what was asked for can be the answer; anything else would make the others look absent.
        if ($Name -notcontains $service.Name) { throw [System.IO.InvalidDataException]::new('another service') }
        $seen[[string]$service.Name] = $service
    }
    foreach ($item in $Name) {
        $service = $seen[$item]
        if ($null -eq $service) {
            [ordered]@{ name = $item; exists = $false; state = $null; start_mode = $null; exit_code = $null }
            continue
        }
        [ordered]@{
            name = $item
            exists = $true
            state = Get-HipaaProperty -InputObject $service -Name State -Type string
            start_mode = Get-HipaaProperty -InputObject $service -Name StartMode -Type string
            exit_code = Get-HipaaProperty -InputObject $service -Name ExitCode -Type int
        }
    }
}

function Get-HipaaInstalledService {
    <#
    .SYNOPSIS
    Returns the services whose short name fits a pattern such as AVP*: name, state, start_mode, exit_code.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][AllowEmptyCollection()][string[]]$Pattern)

    # One query for all services: WMI refuses a filter of as many names as products have.
    $all = @(Get-HipaaCimInstance -ClassName Win32_Service)
    if ($all.Count -eq 0) { throw [System.IO.InvalidDataException]::new('a Windows without services') }
    foreach ($service in $all) {
        $name = Get-HipaaProperty -InputObject $service -Name Name -Type string
        if (@($Pattern | Where-Object { $name -like $_ }).Count -eq 0) { continue }
        [ordered]@{
            name = $name
            state = Get-HipaaProperty -InputObject $service -Name State -Type string
            start_mode = Get-HipaaProperty -InputObject $service -Name StartMode -Type string
            exit_code = Get-HipaaProperty -InputObject $service -Name ExitCode -Type int
        }
    }
}

function Get-HipaaOptionalFeature {
    <#
    .SYNOPSIS
    Returns the InstallState of an optional feature: 1 enabled, 2 disabled, 3 absent; $null if unknown.
    #>
    [CmdletBinding()]
    [OutputType([long])]
    param ([Parameter(Mandatory)][string]$Name)

    $query = @{ ClassName = 'Win32_OptionalFeature'; Filter = "Name='$Name'" }
    $feature = @(Get-HipaaCimInstance @query)
    if ($feature.Count -eq 0) { return $null }
    Get-HipaaProperty -InputObject $feature[0] -Name InstallState -Type int
}

function Invoke-HipaaNative {
    <#
    .SYNOPSIS
    Runs a tool of System32 with a time limit and returns its exit code and what it wrote.
    .DESCRIPTION
    What tools print is in the language of the host: use numbers, GUIDs and files they write.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param (
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][string]$ArgumentList,
        [Parameter(Mandatory)][int]$TimeoutSeconds
    )

    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = Join-Path -Path (Join-Path -Path $env:SystemRoot -ChildPath 'System32') -ChildPath $Name
    $start.Arguments = $ArgumentList
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [System.Diagnostics.Process]::Start($start)
    # Both pipes are drained while we wait: a full one would stop the tool.
    $output = $process.StandardOutput.ReadToEndAsync()
    $noise = $process.StandardError.ReadToEndAsync()
    if (-not $process.WaitForExit($TimeoutSeconds * 1000)) {
        $process.Kill()
        throw [System.TimeoutException]::new("$Name gave no answer within $TimeoutSeconds s.")
    }
    $process.WaitForExit()
    [void]$noise.Result
    [ordered]@{ exit_code = $process.ExitCode; output = $output.Result }
}

$exports = @(
    'Get-HipaaRegistryValue', 'Test-HipaaRegistryKey', 'Get-HipaaRegistrySubKey', 'Get-HipaaRegistryValueName'
    'Get-HipaaCimInstance', 'Get-HipaaService', 'Get-HipaaInstalledService', 'Get-HipaaOptionalFeature'
    'Invoke-HipaaNative'
)
Export-ModuleMember -Function $exports
