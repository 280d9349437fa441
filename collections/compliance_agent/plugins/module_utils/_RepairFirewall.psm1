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

function Set-HipaaManagementRule {
    <#
    .SYNOPSIS
    Lets the controller in through the firewall, whatever profile is active; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Controller, [Parameter(Mandatory)][int]$Port)

    $rule = @{
        Name = 'HIPAA-Mgmt-In'; Enabled = 'True'; Direction = 'Inbound'; Action = 'Allow'; Profile = 'Any'
        Protocol = 'TCP'; LocalPort = $Port; RemoteAddress = $Controller; ErrorAction = 'Stop'
    }
    $found = @(Get-NetFirewallRule -PolicyStore PersistentStore -ErrorAction Stop | Where-Object { $_.Name -eq $rule.Name })
    if ($found.Count -eq 0) {
        $null = New-NetFirewallRule -DisplayName 'Remote management for compliance repairs' @rule
        return $true
    }
    $ports = @(Get-NetFirewallPortFilter -AssociatedNetFirewallRule $found[0] -ErrorAction Stop)
    $addresses = @(Get-NetFirewallAddressFilter -AssociatedNetFirewallRule $found[0] -ErrorAction Stop)
    # Any other direction, profile or protocol keeps the controller out, whatever the rest says; profile 0 is any.
    $isRight = [int]$found[0].Enabled -eq 1 -and [int]$found[0].Action -eq 2 -and
    [int]$found[0].Direction -eq 1 -and [int]$found[0].Profile -eq 0 -and $ports[0].Protocol -eq 'TCP' -and
    @($ports[0].LocalPort) -contains [string]$Port -and @($addresses[0].RemoteAddress) -contains $Controller
    if ($isRight) { return $false }
    Set-NetFirewallRule @rule
    $true
}

Export-ModuleMember -Function 'Get-HipaaFirewallProfile', 'Test-HipaaFirewallOwned', 'Set-HipaaManagementRule'
