# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# A probe is one reading of one source: its state, its error code, how long it took, and typed facts.
Set-StrictMode -Version 3.0

# What a source means by these codes. Win32 codes appear as HRESULT_FROM_WIN32.
$script:StateByCode = @{
    '0x80070005' = 'denied'  # E_ACCESSDENIED
    '0x80041003' = 'denied'  # WBEM_E_ACCESS_DENIED
    '0x80041062' = 'denied'  # WBEM_E_PRIVILEGE_NOT_HELD
    '0x80070514' = 'denied'  # ERROR_NOT_ALL_ASSIGNED: the token lacks a privilege
    '0x80070522' = 'denied'  # ERROR_PRIVILEGE_NOT_HELD
    '0x8004100E' = 'absent'  # WBEM_E_INVALID_NAMESPACE
    '0x80041010' = 'absent'  # WBEM_E_INVALID_CLASS
    '0x80041002' = 'absent'  # WBEM_E_NOT_FOUND
    '0x80070002' = 'absent'  # ERROR_FILE_NOT_FOUND
    '0x80070003' = 'absent'  # ERROR_PATH_NOT_FOUND
    '0x80070424' = 'absent'  # ERROR_SERVICE_DOES_NOT_EXIST
    '0x80073A9F' = 'absent'  # ERROR_EVT_CHANNEL_NOT_FOUND
    '0x80040154' = 'absent'  # REGDB_E_CLASSNOTREG
    '0x00040004' = 'timeout' # WBEM_S_TIMEDOUT
    '0x800705B4' = 'timeout' # ERROR_TIMEOUT
    '0x80338029' = 'timeout' # ERROR_WSMAN_OPERATION_TIMEDOUT
    '0x80131505' = 'timeout' # COR_E_TIMEOUT
}
# Error ids that PowerShell itself gives; they are the same in every language.
$script:CodeByErrorId = @{
    CommandNotFoundException = '0x80070002'
    NoServiceFoundForGivenName = '0x80070424'
    NoMatchingLogsFound = '0x80073A9F'
    PathNotFound = '0x80070003'
    CannotFindTypeForNewObject = '0x80040154'
}

function Get-HipaaErrorCode {
    <#
    .SYNOPSIS
    Returns the HRESULT behind an error record as text such as 0x8004100E, or $null.
    .DESCRIPTION
    CIM errors name it in their error id on every edition of PowerShell; Exception.HResult is only a
    generic value there. For other errors the innermost exception knows it.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ([Parameter(Mandatory)][System.Management.Automation.ErrorRecord]$ErrorRecord)

    $id = [string]$ErrorRecord.FullyQualifiedErrorId
    if ($id -match 'HRESULT 0x([0-9a-fA-F]{1,8})') {
        return '0x' + $Matches[1].ToUpperInvariant().PadLeft(8, '0')
    }
    if ($id -match 'Windows System Error (\d+)') {
        return '0x{0:X8}' -f (0x80070000L -bor [long]$Matches[1])
    }
    $name = $id.Split(',')[0]
    if ($script:CodeByErrorId.ContainsKey($name)) { return $script:CodeByErrorId[$name] }

    $exception = $ErrorRecord.Exception
    while ($null -ne $exception.InnerException) { $exception = $exception.InnerException }
    if ($exception -is [System.UnauthorizedAccessException] -or $exception -is [System.Security.SecurityException]) {
        return '0x80070005'
    }
    if ($exception -is [System.IO.InvalidDataException]) { return '0x8007000D' }
    if ($exception -is [System.ComponentModel.Win32Exception]) {
        # Its HResult is E_FAIL, whatever failed.
        $number = $exception.NativeErrorCode
        if ($number -gt 0 -and $number -le 0xFFFF) { return '0x{0:X8}' -f (0x80070000L -bor $number) }
    }
    if ($exception.HResult -eq 0) { return $null }
    '0x{0:X8}' -f $exception.HResult
}

function Invoke-HipaaProbe {
    <#
    .SYNOPSIS
    Reads one source and reports how that went; an error is a result, never an exception.
    .PARAMETER Source
    What is read, for the auditor: cim:<namespace>:<class>, registry:<key>, com:<ProgID>, native:<tool>,
    api:<library>:<function>.
    .PARAMETER Script
    Returns the typed facts as one value. $null means that the source exists and holds nothing.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param (
        [Parameter(Mandatory)][string]$Source,
        [Parameter(Mandatory)][scriptblock]$Script
    )

    $probe = [ordered]@{ state = 'ok'; hresult = $null; source = $Source; elapsed_ms = 0; value = $null }
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    try {
        $probe.value = & $Script
        if ($null -eq $probe.value) { $probe.state = 'absent' }
    }
    catch {
        $probe.hresult = Get-HipaaErrorCode -ErrorRecord $_
        $probe.state = 'error'
        if ($null -ne $probe.hresult -and $script:StateByCode.ContainsKey($probe.hresult)) {
            $probe.state = $script:StateByCode[$probe.hresult]
        }
    }
    $probe.elapsed_ms = [int]$watch.ElapsedMilliseconds
    $probe
}

function Invoke-HipaaIsolated {
    <#
    .SYNOPSIS
    Runs a script in a runspace of its own and gives up after a time limit.
    .DESCRIPTION
    For COM, CDXML and backup cmdlets, which take no time limit and can hang for minutes. The script
    sees built-in commands and its arguments only, nothing of this module. A hung one is abandoned:
    stopping it could hang as well, and its thread ends with the process.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][scriptblock]$Script,
        [Parameter(Mandatory)][int]$TimeoutSeconds,
        [System.Collections.IDictionary]$ArgumentList = @{}
    )

    $runspace = [runspacefactory]::CreateRunspace()
    $runspace.Open()
    $shell = [powershell]::Create()
    $shell.Runspace = $runspace
    # In a local scope: strict mode in the global one would reach into other people's modules.
    $frame = 'param ($Arguments) Set-StrictMode -Version 3.0; $ErrorActionPreference = ''Stop''; & {{ {0} }} @Arguments'
    [void]$shell.AddScript(($frame -f $Script), $true).AddParameter('Arguments', $ArgumentList)
    $pending = $shell.BeginInvoke()
    if (-not $pending.AsyncWaitHandle.WaitOne([TimeSpan]::FromSeconds($TimeoutSeconds))) {
        [void]$shell.BeginStop($null, $null)
        throw [System.TimeoutException]::new("No answer within $TimeoutSeconds s.")
    }
    try {
        $shell.EndInvoke($pending)
    }
    catch {
        # The record of the script itself knows the error code; the wrapping exception does not.
        $inner = $_.Exception.InnerException
        if ($inner -is [System.Management.Automation.RuntimeException]) { throw $inner.ErrorRecord }
        throw
    }
    finally {
        $shell.Dispose()
        $runspace.Dispose()
    }
}

function ConvertTo-HipaaFact {
    <#
    .SYNOPSIS
    Returns a value as a fact of the named type, or throws: what is not that type is no fact.
    .DESCRIPTION
    PowerShell would turn any text into $true and '5 days' into an error at a random place. An
    instant before 1980 is Windows' way to say never, and becomes $null.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]$Value,
        [Parameter(Mandatory)][ValidateSet('bool', 'int', 'string', 'instant')][string]$Type
    )

    if ($null -eq $Value) { return $null }
    # Only a type that holds whole numbers: [int]'12' would believe a text.
    $isWhole = $Value -is [enum] -or [System.Type]::GetTypeCode($Value.GetType()) -in 5..12
    if ($Type -eq 'bool' -and $Value -is [bool]) { return $Value }
    if ($Type -eq 'string' -and $Value -is [string]) { return $Value }
    if ($Type -eq 'int' -and $isWhole) { return [long]$Value }
    if ($Type -eq 'instant' -and $Value -is [datetime]) { return ConvertTo-HipaaInstant -Value $Value }
    throw [System.IO.InvalidDataException]::new("$($Value.GetType().Name) where $Type belongs")
}

function ConvertTo-HipaaInstant {
    <#
    .SYNOPSIS
    Returns a time as 2025-11-04T09:00:00Z in every culture; $null for a time before 1980.
    .PARAMETER AssumeUtc
    A time without a kind is UTC, as Windows Update gives it; otherwise it is local.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ([Parameter(Mandatory)][datetime]$Value, [switch]$AssumeUtc)

    if ($Value.Year -lt 1980) { return $null }
    if ($AssumeUtc -and $Value.Kind -eq [System.DateTimeKind]::Unspecified) {
        $Value = [datetime]::SpecifyKind($Value, [System.DateTimeKind]::Utc)
    }
    $utc = $Value.ToUniversalTime()
    $utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [System.Globalization.CultureInfo]::InvariantCulture)
}

function Get-HipaaProperty {
    <#
    .SYNOPSIS
    Returns a property as a typed fact; $null when this Windows does not have it.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]$InputObject,
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][ValidateSet('bool', 'int', 'string', 'instant')][string]$Type
    )

    $property = $InputObject.PSObject.Properties[$Name]
    if ($null -eq $property) { return $null }
    ConvertTo-HipaaFact -Value $property.Value -Type $Type
}

function ConvertTo-HipaaFactList {
    <#
    .SYNOPSIS
    Returns items as a list that carries its length: PowerShell unrolls lists of one and of none.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([AllowNull()][AllowEmptyCollection()][object[]]$Item)

    $items = @($Item | Where-Object { $null -ne $_ })
    [ordered]@{ count = $items.Count; items = $items }
}

$exports = @(
    'Get-HipaaErrorCode', 'Invoke-HipaaProbe', 'Invoke-HipaaIsolated', 'ConvertTo-HipaaFact'
    'ConvertTo-HipaaInstant', 'Get-HipaaProperty', 'ConvertTo-HipaaFactList'
)
Export-ModuleMember -Function $exports
