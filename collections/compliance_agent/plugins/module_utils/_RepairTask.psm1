# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# What a host does alone, such as going back when its controller has lost it.
#AnsibleRequires -PowerShell ..module_utils._Probe
Set-StrictMode -Version 3.0

function Register-HipaaTask {
    <#
    .SYNOPSIS
    Arms a task of SYSTEM that runs commands once after some minutes, or as soon as the host is up after that, and
    deletes itself.
    .DESCRIPTION
    There is no file that somebody could exchange: the commands are the arguments of the task. They must hold no
    double quotes. A task of the same name is replaced.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][string[]]$Command,
        [Parameter(Mandatory)][double]$Minutes
    )

    $last = "Unregister-ScheduledTask -TaskName $Name -Confirm:`$false"
    $action = @{
        Execute = '%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe'
        Argument = "-NoProfile -NonInteractive -Command `"$(@($Command) + $last -join '; ')`""
    }
    $setting = @{
        StartWhenAvailable = $true
        AllowStartIfOnBatteries = $true
        DontStopIfGoingOnBatteries = $true
        ExecutionTimeLimit = [timespan]::FromMinutes(10)
    }
    $task = @{
        TaskName = $Name
        Action = New-ScheduledTaskAction @action
        Trigger = New-ScheduledTaskTrigger -Once -At (Get-Date).AddMinutes($Minutes)
        # By SID: the name of the account is translated.
        Principal = New-ScheduledTaskPrincipal -UserId S-1-5-18 -LogonType ServiceAccount -RunLevel Highest
        Settings = New-ScheduledTaskSettingsSet @setting
        Force = $true
        ErrorAction = 'Stop'
    }
    $null = Register-ScheduledTask @task
    if (-not (Test-HipaaTask -Name $Name)) { throw [System.InvalidOperationException]::new("$Name is not armed") }
}

function Test-HipaaTask {
    <#
    .SYNOPSIS
    Returns whether such a task is armed; not any more when it has run.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Name)

    @(Get-ScheduledTask -ErrorAction Stop | Where-Object { $_.TaskName -eq $Name }).Count -gt 0
}

function Unregister-HipaaTask {
    <#
    .SYNOPSIS
    Disarms such a task; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Name)

    if (-not (Test-HipaaTask -Name $Name)) { return $false }
    Unregister-ScheduledTask -TaskName $Name -Confirm:$false -ErrorAction Stop
    $true
}

Export-ModuleMember -Function 'Register-HipaaTask', 'Test-HipaaTask', 'Unregister-HipaaTask'
