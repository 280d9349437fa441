# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Services of repairs: read one, start it, set how it starts, and wait for it.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

# The service control manager answers within this time, or something is wrong with the service.
$script:ServicePollMilliseconds = 250

function Get-HipaaServiceState {
    <#
    .SYNOPSIS
    Returns a service as it is now: name, exists, state, start_mode, exit_code.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][string]$Name)

    Get-HipaaService -Name $Name
}

function Set-HipaaServiceStartMode {
    <#
    .SYNOPSIS
    Sets how a service starts unless it does already; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param (
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][ValidateSet('Auto', 'Manual', 'Disabled')][string]$StartMode
    )

    if ((Get-HipaaService -Name $Name).start_mode -eq $StartMode) { return $false }
    # Set-Service says Automatic where Win32_Service says Auto.
    $type = if ($StartMode -eq 'Auto') { 'Automatic' } else { $StartMode }
    Set-Service -Name $Name -StartupType $type -ErrorAction Stop
    $true
}

function Restore-HipaaServiceStartMode {
    <#
    .SYNOPSIS
    Puts how a service starts back to what Get-HipaaService saw, where the repair has changed it; returns whether it had to.
    .PARAMETER Written
    The mode that the repair sets. A service that starts otherwise now is not of the repair, or somebody has changed
    it since: it stays.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param (
        [Parameter(Mandatory)][System.Collections.IDictionary]$Service,
        [Parameter(Mandatory)][string]$Written
    )

    if (-not $Service.exists -or (Get-HipaaService -Name $Service.name).start_mode -ne $Written) { return $false }
    Set-HipaaServiceStartMode -Name $Service.name -StartMode $Service.start_mode
}

function Start-HipaaService {
    <#
    .SYNOPSIS
    Starts a service and waits until it runs; returns whether it had to. Throws what Windows threw.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Name, [int]$TimeoutSeconds = 60)

    if ((Get-HipaaService -Name $Name).state -eq 'Running') { return $false }
    Start-Service -Name $Name -ErrorAction Stop
    Wait-HipaaServiceState -Name $Name -State Running -TimeoutSeconds $TimeoutSeconds
    $true
}

function Wait-HipaaServiceState {
    <#
    .SYNOPSIS
    Waits until a service is in a state; throws a TimeoutException when it does not get there.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][ValidateSet('Running', 'Stopped')][string]$State,
        [int]$TimeoutSeconds = 60
    )

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ((Get-HipaaService -Name $Name).state -ne $State) {
        if ($watch.Elapsed.TotalSeconds -ge $TimeoutSeconds) {
            throw [System.TimeoutException]::new("$Name is not $State after $TimeoutSeconds s.")
        }
        Start-Sleep -Milliseconds $script:ServicePollMilliseconds
    }
}

$exports = @(
    'Get-HipaaServiceState', 'Set-HipaaServiceStartMode', 'Restore-HipaaServiceStartMode', 'Start-HipaaService'
    'Wait-HipaaServiceState'
)
Export-ModuleMember -Function $exports
