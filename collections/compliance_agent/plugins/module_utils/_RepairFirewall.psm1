# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# The firewall of repairs: profiles in the numbers of MSFT_NetFirewallProfile, who owns their settings, and the
# rule that lets the controller in.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._RepairRegistry
Set-StrictMode -Version 3.0

# Keys of the policy; the private profile has two, by the age of the template that wrote it.
$script:FirewallPolicyKey = [ordered]@{
    domain = @('DomainProfile'); private = @('PrivateProfile', 'StandardProfile'); public = @('PublicProfile')
}
# What this host itself asks for; readable while the service is down, when no cmdlet of the firewall works.
$script:FirewallKey = [ordered]@{ domain = 'DomainProfile'; private = 'StandardProfile'; public = 'PublicProfile' }
# Ours by its name: of whatever else lets the controller in, nothing is changed.
$script:ManagementRule = 'HIPAA-Mgmt-In'

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

function Get-HipaaFirewallSwitch {
    <#
    .SYNOPSIS
    Returns by profile whether this host itself turns it on, in the words of Set-NetFirewallProfile: True, False or
    NotConfigured. Works while the firewall service is down.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $seen = [ordered]@{}
    foreach ($name in $script:FirewallKey.Keys) {
        $path = "SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\$($script:FirewallKey[$name])"
        $state = Get-HipaaRegistryState -Path $path -Name EnableFirewall
        $seen[$name] = if (-not $state.exists) { 'NotConfigured' } elseif ($state.value -eq 0) { 'False' } else { 'True' }
    }
    $seen
}

function Get-HipaaFirewallForced {
    <#
    .SYNOPSIS
    Returns the profiles that a policy keeps on, whatever this host asks for.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ()

    foreach ($name in $script:FirewallPolicyKey.Keys) {
        $on = @(foreach ($key in $script:FirewallPolicyKey[$name]) {
                $state = Get-HipaaRegistryState -Path "SOFTWARE\Policies\Microsoft\WindowsFirewall\$key" -Name EnableFirewall
                if ($state.exists -and $state.value -ne 0) { $key }
            })
        if ($on.Count -gt 0) { $name }
    }
}

function Test-HipaaControllerConnected {
    <#
    .SYNOPSIS
    Returns whether a connection to the management port comes from the controller now: only then does a rule for its
    address let it in. Behind address translation, or where the port is forwarded, this host sees another one.
    .PARAMETER Controller
    An address, or a network such as 10.0.0.0/24.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Controller, [Parameter(Mandatory)][int]$Port)

    $text, $length = $Controller.Split('/')
    $wanted = ConvertTo-AddressBit -Address $text
    $prefix = if ($null -ne $length) { [int]$length } else { $wanted.Length }
    # State 5 is established. Asked for by the cmdlet, no such connection would be an error.
    $seen = @(Get-NetTCPConnection -ErrorAction Stop | Where-Object { [int]$_.State -eq 5 -and $_.LocalPort -eq $Port })
    @($seen | Where-Object {
            $bits = ConvertTo-AddressBit -Address $_.RemoteAddress
            $bits.Length -eq $wanted.Length -and $bits.Substring(0, $prefix) -eq $wanted.Substring(0, $prefix)
        }).Count -gt 0
}

function ConvertTo-AddressBit([string]$Address) {
    $parsed = [System.Net.IPAddress]::Parse($Address)
    # A socket for both families shows an IPv4 address so.
    if ($parsed.IsIPv4MappedToIPv6) { $parsed = $parsed.MapToIPv4() }
    -join @($parsed.GetAddressBytes() | ForEach-Object { [System.Convert]::ToString($_, 2).PadLeft(8, '0') })
}

function Get-HipaaManagementRule {
    <#
    .SYNOPSIS
    Returns the rule by which the controller is let in, in the words of its cmdlets; nothing if there is none.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $found = @(Get-NetFirewallRule -PolicyStore PersistentStore -ErrorAction Stop | Where-Object { $_.Name -eq $script:ManagementRule })
    if ($found.Count -eq 0) { return }
    $ports = @(Get-NetFirewallPortFilter -AssociatedNetFirewallRule $found[0] -ErrorAction Stop)
    $addresses = @(Get-NetFirewallAddressFilter -AssociatedNetFirewallRule $found[0] -ErrorAction Stop)
    $bits = [ordered]@{ Domain = 1; Private = 2; Public = 4 }
    $profiles = @($bits.Keys | Where-Object { [int]$found[0].Profile -band $bits[$_] })
    [ordered]@{
        Enabled = @{ 1 = 'True'; 2 = 'False' }[[int]$found[0].Enabled]
        Direction = @{ 1 = 'Inbound'; 2 = 'Outbound' }[[int]$found[0].Direction]
        Action = @{ 2 = 'Allow'; 4 = 'Block' }[[int]$found[0].Action]
        # Profile 0 is any.
        Profile = if ($profiles.Count -gt 0) { $profiles -join ', ' } else { 'Any' }
        Protocol = [string]$ports[0].Protocol
        LocalPort = @($ports[0].LocalPort)
        RemoteAddress = @($addresses[0].RemoteAddress)
    }
}

function Set-HipaaManagementRule {
    <#
    .SYNOPSIS
    Lets the controller in through the firewall, whatever profile is active; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Controller, [Parameter(Mandatory)][int]$Port)

    # Any other direction, profile or protocol keeps the controller out, whatever the rest says.
    $wanted = @{ Enabled = 'True'; Direction = 'Inbound'; Action = 'Allow'; Profile = 'Any'; Protocol = 'TCP' }
    $rule = @{ Name = $script:ManagementRule; LocalPort = $Port; RemoteAddress = $Controller; ErrorAction = 'Stop' } + $wanted
    $found = Get-HipaaManagementRule
    if ($null -eq $found) {
        $null = New-NetFirewallRule -DisplayName 'Remote management for compliance repairs' @rule
        return $true
    }
    $isWrong = @($wanted.Keys | Where-Object { $found[$_] -ne $wanted[$_] }).Count -gt 0
    if (-not $isWrong -and $found.LocalPort -contains [string]$Port -and $found.RemoteAddress -contains $Controller) { return $false }
    Set-NetFirewallRule @rule
    $true
}

function Restore-HipaaManagementRule {
    <#
    .SYNOPSIS
    Puts the rule back to what Get-HipaaManagementRule returned of it; without one it is removed.
    #>
    [CmdletBinding(SupportsShouldProcess)]
    param ([AllowNull()][System.Collections.IDictionary]$Rule)

    if ($null -eq (Get-HipaaManagementRule) -or -not $PSCmdlet.ShouldProcess($script:ManagementRule)) { return }
    if ($null -eq $Rule) {
        Remove-NetFirewallRule -Name $script:ManagementRule -ErrorAction Stop
        return
    }
    $old = @{ Name = $script:ManagementRule; ErrorAction = 'Stop' }
    foreach ($key in $Rule.Keys) { $old[$key] = $Rule[$key] }
    Set-NetFirewallRule @old
}

Export-ModuleMember -Function 'Get-HipaaFirewallProfile', 'Test-HipaaFirewallOwned', 'Get-HipaaFirewallSwitch',
'Get-HipaaFirewallForced', 'Test-HipaaControllerConnected',
'Get-HipaaManagementRule', 'Set-HipaaManagementRule', 'Restore-HipaaManagementRule'
