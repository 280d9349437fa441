# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# What the scripts of runbooks share: change a setting so that it can be put back exactly as it was.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

# The service control manager answers within this time, or something is wrong with the service.
$script:ServicePollMilliseconds = 250

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
    On a workgroup host the same values are local policy, which belongs to the host itself.
    .PARAMETER Path
    Key below HKLM where the policy writes, such as SOFTWARE\Policies\Microsoft\FVE.
    .PARAMETER Name
    The value; any value of the key counts without it.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Path, [string]$Name)

    $computer = @(Get-HipaaCimInstance -ClassName Win32_ComputerSystem)[0]
    if (-not $computer.PartOfDomain -and $Path -notlike 'SOFTWARE\Microsoft\PolicyManager\*') { return $false }
    if ($Name) { return (Get-HipaaRegistryState -Path $Path -Name $Name).exists }
    @(Get-HipaaRegistryValueName -Path $Path).Count -gt 0
}

function Get-HipaaServiceState {
    <#
    .SYNOPSIS
    Returns a service as it is now, for Restore-HipaaServiceState: name, exists, state, start_mode, exit_code.
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

function Restore-HipaaServiceState {
    <#
    .SYNOPSIS
    Puts start mode and state of a service back to what Get-HipaaServiceState saw; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][System.Collections.IDictionary]$State)

    if (-not $State.exists) { return $false }
    $changed = $false
    $now = Get-HipaaService -Name $State.name
    if ($State.state -eq 'Stopped' -and $now.state -eq 'Running') {
        Stop-Service -Name $State.name -ErrorAction Stop
        Wait-HipaaServiceState -Name $State.name -State Stopped
        $changed = $true
    }
    # A start needs a start mode other than Disabled, and a stop leaves it alone: the mode comes second.
    if ($State.state -eq 'Running') { $changed = (Start-HipaaService -Name $State.name) -or $changed }
    (Set-HipaaServiceStartMode -Name $State.name -StartMode $State.start_mode) -or $changed
}

# --- The firewall: profiles in the numbers of MSFT_NetFirewallProfile, and who owns their settings. ---

# Keys of the policy; the private profile has two, by the age of the template that wrote it.
$script:FirewallPolicyKey = [ordered]@{
    domain = @('DomainProfile'); private = @('PrivateProfile', 'StandardProfile'); public = @('PublicProfile')
}

function Get-HipaaFirewallProfile {
    <#
    .SYNOPSIS
    Returns the three profiles: name, enabled (0 off, 1 on, 2 not set), inbound and outbound (2 allow, 4 block,
    0 not set), log_blocked (0, 1, 2), log_max_kb, log_file.
    .PARAMETER PolicyStore
    ActiveStore is what Windows enforces, PersistentStore what this host itself asks for.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([ValidateSet('ActiveStore', 'PersistentStore')][string]$PolicyStore = 'ActiveStore')

    $seen = @(foreach ($item in Get-NetFirewallProfile -PolicyStore $PolicyStore -ErrorAction Stop) {
            [ordered]@{
                name = ([string]$item.Name).ToLowerInvariant()
                enabled = [int]$item.Enabled
                inbound = [int]$item.DefaultInboundAction
                outbound = [int]$item.DefaultOutboundAction
                log_blocked = [int]$item.LogBlocked
                log_max_kb = [long]$item.LogMaxSizeKilobytes
                log_file = [string]$item.LogFileName
            }
        })
    # A profile that is not listed could be the one that is wrong.
    if ($seen.Count -ne 3) { throw [System.IO.InvalidDataException]::new("$($seen.Count) firewall profiles") }
    $seen
}

function Test-HipaaFirewallOwned {
    <#
    .SYNOPSIS
    Returns whether a policy owns a value of a firewall profile, such as EnableFirewall or Logging\LogFileSize.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param (
        [Parameter(Mandatory)][ValidateSet('domain', 'private', 'public')][string]$ProfileName,
        [Parameter(Mandatory)][string]$Name
    )

    foreach ($key in $script:FirewallPolicyKey[$ProfileName]) {
        $path = "SOFTWARE\Policies\Microsoft\WindowsFirewall\$key\$Name"
        $cut = $path.LastIndexOf('\')
        if (Test-HipaaPolicyOwned -Path $path.Substring(0, $cut) -Name $path.Substring($cut + 1)) { return $true }
    }
    $false
}

$exports = @(
    'Get-HipaaRegistryState', 'Set-HipaaRegistryState', 'Restore-HipaaRegistryState', 'Test-HipaaPolicyOwned'
    'Get-HipaaServiceState', 'Set-HipaaServiceStartMode', 'Start-HipaaService', 'Wait-HipaaServiceState'
    'Restore-HipaaServiceState'
    'Get-HipaaFirewallProfile', 'Test-HipaaFirewallOwned'
)
Export-ModuleMember -Function $exports
