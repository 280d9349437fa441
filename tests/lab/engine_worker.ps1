# SPDX-License-Identifier: GPL-3.0-or-later
<#
.SYNOPSIS
A warm PowerShell process that runs tasks for lab.engine, one at a time.
.DESCRIPTION
Reads one JSON request a line and writes one JSON answer a line. Ansible.Basic and the other C#
utils of a payload are compiled when they are first seen and stay: that is what makes it warm.
Every task gets a fresh runspace, environment, culture and time zone. Ends when the requests end.
.PARAMETER RequestHandle
The file descriptor to read requests from: standard input belongs to the engine, for $input.
#>
param([Parameter(Mandatory)][int]$RequestHandle)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

# The streams of the pipe, before any task puts its own in the place of [Console]::Out.
$utf8 = [System.Text.UTF8Encoding]::new($false)
$handle = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new([IntPtr]$RequestHandle, $true)
$requests = [System.IO.StreamReader]::new([System.IO.FileStream]::new($handle, 'Read'), $utf8)
$answers = [System.IO.StreamWriter]::new([Console]::OpenStandardOutput(), $utf8)
$answers.AutoFlush = $true

Add-Type -Path @(
    foreach ($part in 'engine_task.cs', 'engine_host.cs', 'engine_wire.cs', 'coverage.cs') {
        [System.IO.Path]::Combine($PSScriptRoot, $part)
    }
)

# What every task of a simulated host starts with.
$prologue = 'Import-Module WindowsLab; Initialize-WindowsLab'
$compiled = [System.Collections.Generic.HashSet[string]]::new()
$coverage = [Environment]::GetEnvironmentVariable('LAB_COVERAGE')

function Import-CSharpUtil([hashtable]$Request) {
    # As Import-CSharpUtil of exec_wrapper.ps1, once a process: types cannot be unloaded.
    if ($Request.csharp.Count -eq 0 -or -not $script:compiled.Add($Request.csharp_digest)) { return }
    $body = [scriptblock]::Create($Request.add_type)
    New-Module -Name Ansible.ModuleUtils.AddType -ScriptBlock $body | Import-Module
    Add-CSharpType -References ([string[]]$Request.csharp)
}

function ConvertTo-NamedScript([hashtable]$Item) {
    $script = [LabEngine.NamedScript]::new()
    $script.Name = $Item.name
    $script.Text = $Item.text
    if ($script:coverage -and $Item.is_covered) {
        $script.Text = [LabEngine.Coverage]::Instrument($Item.name, $Item.text)
    }
    $script
}

function Add-ArgumentCoverage([hashtable]$Request) {
    # A module may run a script that it is handed as a text.
    if (-not $script:coverage) { return }
    foreach ($name in $Request.covered_arguments.Keys) {
        $Request.arguments[$name] = [LabEngine.Coverage]::Instrument($Request.covered_arguments[$name], $Request.arguments[$name])
    }
}

function Invoke-Task([hashtable]$Request) {
    $culture = [System.Globalization.CultureInfo]::GetCultureInfo($Request.culture)
    $surroundings = [LabEngine.Surroundings]::new($Request.environment, $culture, $Request.time_zone)
    try {
        $task = [LabEngine.Task]::new()
        $task.Kind = $Request.kind
        $task.Culture = $culture
        $task.Arguments = $Request.arguments
        $task.Script = ConvertTo-NamedScript $Request.script
        foreach ($module in $Request.modules) { $task.Modules.Add((ConvertTo-NamedScript $module)) }
        if ($Request.is_windows) { $task.Prologue = $script:prologue }
        $task.Run()
    }
    finally {
        $surroundings.Dispose()
    }
}

[void][LabEngine.LeftOver]::IsBusy()
$answers.WriteLine('{"ready":true}')
while ($null -ne ($line = $requests.ReadLine())) {
    $answer = [System.Collections.Generic.Dictionary[string, object]]::new()
    if ([LabEngine.LeftOver]::IsBusy()) {
        $answers.WriteLine('{"is_refused":true}')
        continue
    }
    try {
        $request = [LabEngine.Json]::Read($line)
        Import-CSharpUtil $request
        Add-ArgumentCoverage $request
        $outcome = Invoke-Task $request
        $answer['stdout'] = $outcome.Out.ToString()
        $answer['stderr'] = $outcome.Err.ToString()
        $answer['exit_code'] = $outcome.ExitCode
        if ($coverage) { [LabEngine.Coverage]::Save($coverage) }
    }
    catch {
        $answer['lab_error'] = "$_`n$($_.ScriptStackTrace)`n$($_.Exception.StackTrace)"
    }
    $answers.WriteLine([LabEngine.Json]::Write($answer))
}
