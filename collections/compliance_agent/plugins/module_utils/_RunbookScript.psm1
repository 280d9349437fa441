# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Runs one script of a runbook with a time limit and tells how that went; never what Windows said about it.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._RepairBackup
#AnsibleRequires -PowerShell ..module_utils._RepairDefender
#AnsibleRequires -PowerShell ..module_utils._RepairFirewall
#AnsibleRequires -PowerShell ..module_utils._RepairLogging
#AnsibleRequires -PowerShell ..module_utils._RepairRegistry
#AnsibleRequires -PowerShell ..module_utils._RepairRestart
#AnsibleRequires -PowerShell ..module_utils._RepairService
#AnsibleRequires -PowerShell ..module_utils._RepairTask
#AnsibleRequires -PowerShell ..module_utils._RepairUpdate
#AnsibleRequires -PowerShell ..module_utils._RepairVolume
Set-StrictMode -Version 3.0

# What a script may use; their texts are loaded into its runspace. Every script gets all of them: Ansible sends with
# runbook_step what runbook_step requires, whichever runbook it is for, and to load them costs little.
$script:SharedModules = @(
    '_Probe', '_System'
    '_RepairBackup', '_RepairDefender', '_RepairFirewall', '_RepairLogging', '_RepairRegistry', '_RepairRestart'
    '_RepairService', '_RepairTask', '_RepairUpdate', '_RepairVolume'
)
# The parameter block binds data to names; nothing of it becomes text of the script.
$script:Frame = @'
param ($Modules, $Text, $Parameter, $Saved)
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules see the global value only: with its default a refused write inside them would go on as if done.
$global:ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
foreach ($module in $Modules) {
    New-Module -Name $module.Name -ScriptBlock ([scriptblock]::Create($module.Text)) | Import-Module -Global
}
& ([scriptblock]::Create($Text)) -Parameter $Parameter -Saved $Saved
'@

function Get-SharedModule {
    foreach ($name in $script:SharedModules) {
        # Ansible gives its utilities their full names; the last part is the file.
        $module = @(Get-Module | Where-Object { $_.Name -like "*.$name" -or $_.Name -eq $name })[0]
        if ($null -eq $module) { throw [System.InvalidOperationException]::new("$name is not loaded") }
        @{ Name = $name; Text = $module.Definition }
    }
}

function Invoke-HipaaRunbookScript {
    <#
    .SYNOPSIS
    Runs the text of a script in a runspace of its own and returns a record of it; never throws for the script.
    .DESCRIPTION
    state is ok, error or timeout. The output is what the script wrote, when that is one dictionary; else
    the state is error with the error id NoResult. A script that is out of time is told to stop, and may
    still be at work.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param (
        [Parameter(Mandatory)][string]$Text,
        [Parameter(Mandatory)][int]$TimeoutSeconds,
        [System.Collections.IDictionary]$Parameter = @{},
        [System.Collections.IDictionary]$Saved = @{}
    )

    $record = [ordered]@{ state = 'ok'; hresult = $null; error_id = $null; error_line = $null; elapsed_ms = 0; output = $null }
    $runspace = [runspacefactory]::CreateRunspace()
    $runspace.Open()
    $shell = [powershell]::Create()
    $shell.Runspace = $runspace
    $values = @{
        Modules = @(Get-SharedModule)
        Text = $Text
        Parameter = ConvertTo-OrderedDictionary -Value $Parameter
        Saved = ConvertTo-OrderedDictionary -Value $Saved
    }
    [void]$shell.AddScript($script:Frame, $true).AddParameters($values)
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $pending = $shell.BeginInvoke()
    if (-not $pending.AsyncWaitHandle.WaitOne([TimeSpan]::FromSeconds($TimeoutSeconds))) {
        [void]$shell.BeginStop($null, $null)
        $record.state = 'timeout'
        $record.hresult = '0x80131505'
        $record.elapsed_ms = [int]$watch.ElapsedMilliseconds
        return $record
    }
    try {
        $written = @($shell.EndInvoke($pending))
        $record.output = Get-OnlyDictionary -Item $written
        if ($null -eq $record.output) {
            $record.state = 'error'
            $record.error_id = 'NoResult'
        }
    }
    catch {
        $problem = $_
        $inner = $_.Exception.InnerException
        # The record of the script itself knows the error code; the wrapping exception does not.
        if ($inner -is [System.Management.Automation.RuntimeException]) { $problem = $inner.ErrorRecord }
        $record.state = 'error'
        $record.hresult = Get-HipaaErrorCode -ErrorRecord $problem
        # Ids and numbers are the same in every language, and tell nothing of a person.
        $record.error_id = ([string]$problem.FullyQualifiedErrorId).Split(',')[0] -replace '[^A-Za-z0-9_.]', '_'
        $record.error_line = [int]$problem.InvocationInfo.ScriptLineNumber
    }
    finally {
        $shell.Dispose()
        $runspace.Dispose()
    }
    $record.elapsed_ms = [int]$watch.ElapsedMilliseconds
    $record
}

function ConvertTo-OrderedDictionary {
    [CmdletBinding()]
    param ([AllowNull()]$Value)

    # Ansible hands over generic dictionaries, whose Contains takes a pair and not a key.
    if ($Value -is [System.Collections.IDictionary]) {
        $copy = [ordered]@{}
        foreach ($key in $Value.Keys) { $copy[[string]$key] = ConvertTo-OrderedDictionary -Value $Value[$key] }
        return $copy
    }
    if ($Value -is [System.Collections.IList]) {
        $items = @(foreach ($item in $Value) { ConvertTo-OrderedDictionary -Value $item })
        return , $items
    }
    $Value
}

function Get-OnlyDictionary {
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([AllowEmptyCollection()][object[]]$Item)

    if ($Item.Count -ne 1 -or $null -eq $Item[0]) { return $null }
    $value = $Item[0]
    if ($value -is [psobject]) { $value = $value.PSObject.BaseObject }
    if ($value -is [System.Collections.IDictionary]) { $value }
}

Export-ModuleMember -Function 'Invoke-HipaaRunbookScript'
