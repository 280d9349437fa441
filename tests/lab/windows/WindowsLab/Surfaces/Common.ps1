# SPDX-License-Identifier: GPL-3.0-or-later
# Helpers of all surfaces. $Cmdlet is the caller's $PSCmdlet and $Bound its $PSBoundParameters:
# errors written through $Cmdlet carry the caller's name in the fully qualified error id.

function New-LabErrorRecord([Exception]$Exception, [string]$Id, $Category = 'NotSpecified', $Target) {
    [System.Management.Automation.ErrorRecord]::new($Exception, $Id, $Category, $Target)
}

function Write-LabError($Cmdlet, [Exception]$Exception, [string]$Id, $Category, $Target) {
    $Cmdlet.WriteError((New-LabErrorRecord $Exception $Id $Category $Target))
}

# CIM errors keep the id and category that the MI client gives them.
function Write-LabCimError($Cmdlet, $Exception, $Target) {
    $Cmdlet.WriteError([WindowsLab.Cim]::Record($Exception, $Target))
}

function Write-LabWin32Error($Cmdlet, [int]$Code, [string]$Message, $Target) {
    Write-LabCimError $Cmdlet ([Microsoft.Management.Infrastructure.CimException]::FromWin32(
        $Code,
        $Message
    )) $Target
}

function Write-LabHResultError($Cmdlet, [int]$Code, [string]$Message, $Target) {
    Write-LabCimError $Cmdlet ([Microsoft.Management.Infrastructure.CimException]::FromHResult(
        $Code,
        $Message
    )) $Target
}

# CDXML cmdlets: a key that matches nothing. Windows prints two blanks before "Verify".
function Write-LabNotFoundError {
    param($Cmdlet, [string]$Class, [string]$Property, $Value, [string]$ErrorProperty = $Property)
    $text = "No $Class objects found with property '$Property' equal to '$Value'.  " +
        'Verify the value of the property and retry.'
    $id = "CmdletizationQuery_NotFound_$ErrorProperty"
    Write-LabError $Cmdlet ([Exception]::new($text)) $id 'ObjectNotFound' $Value
}

function Stop-LabNotSimulated($Cmdlet, [string]$What) {
    $failure = [WindowsLab.Lab]::NotSimulated($What)
    $Cmdlet.ThrowTerminatingError((New-LabErrorRecord $failure 'NotImplemented' 'NotImplemented' $What))
}

# Every generated command starts here: parameters that would leave this host, then faults on "cmdlet:<name>".
# Returns $false when the command must stop: an error or its faulty output was written.
function Enter-LabCommand($Cmdlet, $Bound) {
    $name = $Cmdlet.MyInvocation.MyCommand.Name
    $leavesHost = $Bound.ContainsKey('CimSession') -or
        $Bound.ContainsKey('GPOSession') -or
        ($Bound.ContainsKey('ComputerName') -and @($Bound['ComputerName']) -notmatch '^(\.|localhost)$')
    if ($leavesHost) { Stop-LabNotSimulated $Cmdlet "$name on another computer" }
    $fault = [WindowsLab.Faults]::Meet(0, [Func[bool]] { $Cmdlet.Stopping }, [string[]]@("cmdlet:$name"))
    if ($null -eq $fault) { return $true }
    if ($fault.IsInData) {
        Write-LabSpoiltOutput $Cmdlet $Bound $fault
        return $false
    }
    $isCim = $Cmdlet.MyInvocation.MyCommand.ModuleName -notin 'WindowsServerBackup', 'ServerManager', 'Dism'
    $record = [WindowsLab.Faults]::CommandError($fault, $name, $isCim)
    if ($fault.IsTerminating -or $fault.Type -eq 'missing') { $Cmdlet.ThrowTerminatingError($record) }
    $Cmdlet.WriteError($record)
    $false
}

# Runs the command once more without its faults and writes the wrong form of what it puts out.
function Write-LabSpoiltOutput($Cmdlet, $Bound, $Fault) {
    if ($Fault.Type -eq 'empty') { return }
    [WindowsLab.Faults]::Suspend()
    try { $items = @(& $Cmdlet.MyInvocation.MyCommand @Bound) } finally { [WindowsLab.Faults]::Resume() }
    foreach ($item in $items) {
        $Cmdlet.WriteObject([WindowsLab.Faults]::Wrong([psobject]$item, $Fault), $false)
    }
}

# One logged change of the state document.
# Parameter names are long on purpose: the block runs in this scope and must see its own caller's variables.
function Invoke-LabEdit($LabEditCmdlet, $LabEditArguments, [scriptblock]$LabEditBlock) {
    $labEditState = [WindowsLab.Lab]::Begin()
    $labEditDone = $false
    try {
        & $LabEditBlock $labEditState
        $labEditDone = $true
    } finally {
        if ($labEditDone) {
            [WindowsLab.Lab]::Commit($LabEditCmdlet.MyInvocation.MyCommand.Name, $LabEditArguments)
        } else {
            [WindowsLab.Lab]::Abort()
        }
    }
}

# What a command over a CIM class meets before any instance; a hang ends when the command is stopped.
function Get-LabCimFailure($Cmdlet, [string]$Namespace, [string]$Class) {
    $failure = [WindowsLab.Cim]::FaultOf($Namespace, $Class, 0, [Func[bool]] { $Cmdlet.Stopping })
    if ($failure) { return $failure }
    [WindowsLab.Cim]::Denied($Namespace, $Class)
}

# CDXML functions: query errors are non-terminating and keep the MI error id.
function Get-LabCim($Cmdlet, [string]$Namespace, [string]$Class) {
    try {
        , @([WindowsLab.Cim]::Query($Namespace, $Class, 0, [Func[bool]] { $Cmdlet.Stopping }))
    } catch {
        Write-LabCimError $Cmdlet ($_.Exception.GetBaseException()) $Class
        , @()
    }
}

function New-LabMap([hashtable]$From = @{}) {
    $map = [WindowsLab.Lab]::NewMap()
    foreach ($key in $From.Keys) {
        $map[$key] = $From[$key]
    }
    $map
}

function New-LabList($Items) {
    $list = [System.Collections.Generic.List[object]]::new()
    foreach ($item in $Items) {
        $list.Add($item)
    }
    , $list
}

function Test-LabElevated($Cmdlet) {
    if ([WindowsLab.Lab]::IsElevated) { return $true }
    $denied = [Microsoft.Management.Infrastructure.CimException]::FromHResult(-2147024891, 'Access is denied. ')
    Write-LabError $Cmdlet $denied 'Windows System Error 5' 'PermissionDenied' $null
    $false
}
