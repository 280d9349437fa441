# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

# Registry key of each profile; the local store calls the private one standard.
$script:ProfileKey = [ordered]@{ domain = 'DomainProfile'; private = 'StandardProfile'; public = 'PublicProfile' }
# A policy has both: StandardProfile is used only where a legacy firewall policy still exists (Microsoft Learn,
# "Disable stealth mode in Windows"; MS-GPFAS 2.2.3 lists both keys).
$script:PolicyKey = @{ domain = @('DomainProfile'); private = @('PrivateProfile', 'StandardProfile'); public = @('PublicProfile') }
$script:PolicyRoot = 'SOFTWARE\Policies\Microsoft\WindowsFirewall'
$script:LocalRoot = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
$script:ProfileTimeoutSeconds = 60
$script:RuleTimeoutSeconds = 180

# The cmdlets take no time limit, so they run in a runspace that can be abandoned.
$script:ReadProfile = {
    # The default store is the local one, which a group policy overrides without a trace.
    foreach ($item in Get-NetFirewallProfile -PolicyStore ActiveStore -ErrorAction Stop) {
        [ordered]@{
            name = $item.Name
            enabled = [int]$item.Enabled
            inbound = [int]$item.DefaultInboundAction
            outbound = [int]$item.DefaultOutboundAction
            log_blocked = [int]$item.LogBlocked
            log_allowed = [int]$item.LogAllowed
            log_max_kb = [long]$item.LogMaxSizeKilobytes
            allow_local_rules = [int]$item.AllowLocalFirewallRules
            # Names of interfaces stay on the host. NotConfigured is the word for none.
            excluded_interfaces = @($item.DisabledInterfaceAliases | Where-Object { $_ -and $_ -ne 'NotConfigured' }).Count
        }
    }
}
$script:ReadRule = {
    param ([string[]]$Port)

    # Most rules name the endpoint mapper of RPC by its word.
    $written = $Port + @(if ($Port -contains '135') { 'RPCEPMap', 'RPC-EPMap' })
    # One call per class and a join: a call per rule takes minutes on a real host.
    $store = @{ PolicyStore = 'ActiveStore'; ErrorAction = 'Stop' }
    $ports = @{}
    foreach ($filter in Get-NetFirewallPortFilter @store) { $ports[$filter.InstanceID] = $filter }
    $addresses = @{}
    foreach ($filter in Get-NetFirewallAddressFilter @store) { $addresses[$filter.InstanceID] = $filter }
    $programs = @{}
    foreach ($filter in Get-NetFirewallApplicationFilter @store) { $programs[$filter.InstanceID] = $filter }
    foreach ($rule in Get-NetFirewallRule @store) {
        # Enabled 1 is true and 2 false in rules; direction 1 is inbound, action 2 allows.
        if ([int]$rule.Enabled -ne 1 -or [int]$rule.Direction -ne 1 -or [int]$rule.Action -ne 2) { continue }
        $id = $rule.InstanceID
        $localPort = @($ports[$id].LocalPort)
        $program = $programs[$id]
        $isAnyPort = $localPort -contains 'Any'
        # What Windows shows of rules that were made for the whole of IPv4 or IPv6, and its word for the internet.
        $anywhere = '^(Any|Internet|0\.0\.0\.0/(0|0\.0\.0\.0)|0\.0\.0\.0-255\.255\.255\.255|::/0)$'
        $isAnyRemote = @($addresses[$id].RemoteAddress | Where-Object { $_ -match $anywhere }).Count -gt 0
        $isAnyProgram = $program.Program -eq 'Any' -and [string]::IsNullOrEmpty([string]$program.Package)
        $named = @($localPort | Where-Object {
                if ($_ -notmatch '^(\d+)-(\d+)$') { return $written -contains $_ }
                $first, $last = [int]$Matches[1], [int]$Matches[2]
                @($Port | Where-Object { [int]$_ -ge $first -and [int]$_ -le $last }).Count -gt 0
            })
        if (-not $isAnyRemote -or ($named.Count -eq 0 -and -not ($isAnyPort -and $isAnyProgram))) { continue }
        [ordered]@{
            name = [string]$rule.Name
            profiles = [int]$rule.Profile
            protocol = [string]$ports[$id].Protocol
            ports = @($localPort)
            any_port = $isAnyPort
            any_remote = $isAnyRemote
            any_program = $isAnyProgram
        }
    }
}

function ConvertTo-ProfileFact($Item) {
    $onOff = @{ 0 = 'off'; 1 = 'on'; 2 = 'not_configured' }
    # As in MSFT_NetFirewallProfile; the registry counts the other way (0 allow, 1 block).
    $action = @{ 0 = 'not_configured'; 2 = 'allow'; 4 = 'block' }
    [ordered]@{
        name = $Item.name.ToLowerInvariant()
        enabled = $onOff[$Item.enabled]
        inbound = $action[$Item.inbound]
        outbound = $action[$Item.outbound]
        log_blocked = $onOff[$Item.log_blocked]
        log_allowed = $onOff[$Item.log_allowed]
        log_max_kb = $Item.log_max_kb
        allow_local_rules = $onOff[$Item.allow_local_rules]
        excluded_interfaces = $Item.excluded_interfaces
    }
}

function Get-PolicyValue([string]$ProfileName, [string]$Name, [string]$SubKey = '') {
    foreach ($key in $script:PolicyKey[$ProfileName]) {
        $value = Get-HipaaRegistryValue -Path "$script:PolicyRoot\$key$SubKey" -Name $Name -Type int
        if ($null -ne $value) { return $value }
    }
    $null
}

function Get-ProfileSetting {
    # What the registry asks for. It stays readable when the service that enforces it is down.
    foreach ($name in $script:ProfileKey.Keys) {
        $local = "$script:LocalRoot\$($script:ProfileKey[$name])"
        [ordered]@{
            name = $name
            policy_enabled = Get-PolicyValue $name EnableFirewall
            policy_inbound = Get-PolicyValue $name DefaultInboundAction
            policy_log_blocked = Get-PolicyValue $name LogDroppedPackets '\Logging'
            policy_log_max_kb = Get-PolicyValue $name LogFileSize '\Logging'
            local_enabled = Get-HipaaRegistryValue -Path $local -Name EnableFirewall -Type int
            local_inbound = Get-HipaaRegistryValue -Path $local -Name DefaultInboundAction -Type int
        }
    }
}

function Get-PolicyState {
    Invoke-HipaaIsolated -TimeoutSeconds $script:ProfileTimeoutSeconds -Script {
        $policy = New-Object -ComObject HNetCfg.FwPolicy2
        [ordered]@{
            current_profiles = [int]$policy.CurrentProfileTypes
            modify_state = [int]$policy.LocalPolicyModifyState
        }
    }
}

function Get-FirewallProduct {
    Invoke-HipaaIsolated -TimeoutSeconds $script:ProfileTimeoutSeconds -Script {
        $products = New-Object -ComObject HNetCfg.FwProducts
        for ($index = 0; $index -lt $products.Count; $index++) {
            $product = $products.Item($index)
            [ordered]@{
                name = [string]$product.DisplayName
                # Category 2 is the firewall itself; 0 and 1 are boot time and stealth.
                categories = @($product.RuleCategories | ForEach-Object { [int]$_ })
            }
        }
    }
}

function Get-SecurityCenterFirewall {
    $query = @{ ClassName = 'FirewallProduct'; Namespace = 'root/SecurityCenter2'; TimeoutSeconds = 30 }
    foreach ($product in @(Get-HipaaCimInstance @query)) {
        [ordered]@{
            name = Get-HipaaProperty -InputObject $product -Name displayName -Type string
            product_state = Get-HipaaProperty -InputObject $product -Name productState -Type int
        }
    }
}

function Get-Connection {
    $category = @{ 0 = 'public'; 1 = 'private'; 2 = 'domain' }
    $items = Invoke-HipaaIsolated -TimeoutSeconds $script:ProfileTimeoutSeconds -Script {
        foreach ($item in Get-NetConnectionProfile -ErrorAction Stop) {
            [ordered]@{ interface_index = [int]$item.InterfaceIndex; category = [int]$item.NetworkCategory }
        }
    }
    foreach ($item in @($items)) {
        [ordered]@{ interface_index = $item.interface_index; category = $category[$item.category] }
    }
}

function Get-HipaaFirewallFact {
    <#
    .SYNOPSIS
    Reads the firewall profiles that Windows enforces now, who owns their settings, and broad rules.
    .PARAMETER Collect
    ports: local ports as text; enabled inbound rules that open one of them to any address are listed.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([System.Collections.IDictionary]$Collect = @{})

    $ports = @(if ($Collect.ContainsKey('ports')) { $Collect.ports })
    [ordered]@{
        profiles = Invoke-HipaaProbe -Source 'cmdlet:Get-NetFirewallProfile (ActiveStore)' -Script {
            $items = Invoke-HipaaIsolated -Script $script:ReadProfile -TimeoutSeconds $script:ProfileTimeoutSeconds
            ConvertTo-HipaaFactList -Item @(foreach ($item in $items) { ConvertTo-ProfileFact $item })
        }
        settings = Invoke-HipaaProbe -Source "registry:$script:PolicyRoot; registry:$script:LocalRoot" -Script {
            ConvertTo-HipaaFactList -Item @(Get-ProfileSetting)
        }
        services = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Service' -Script {
            ConvertTo-HipaaFactList -Item @(Get-HipaaService -Name MpsSvc, BFE)
        }
        policy_state = Invoke-HipaaProbe -Source 'com:HNetCfg.FwPolicy2' -Script { Get-PolicyState }
        connections = Invoke-HipaaProbe -Source 'cmdlet:Get-NetConnectionProfile' -Script {
            ConvertTo-HipaaFactList -Item @(Get-Connection)
        }
        products = Invoke-HipaaProbe -Source 'com:HNetCfg.FwProducts' -Script {
            ConvertTo-HipaaFactList -Item @(Get-FirewallProduct)
        }
        security_center = Invoke-HipaaProbe -Source 'cim:root/SecurityCenter2:FirewallProduct' -Script {
            ConvertTo-HipaaFactList -Item @(Get-SecurityCenterFirewall)
        }
        rules = Invoke-HipaaProbe -Source 'cmdlet:Get-NetFirewallRule (ActiveStore)' -Script {
            $query = @{ Script = $script:ReadRule; TimeoutSeconds = $script:RuleTimeoutSeconds; ArgumentList = @{ Port = $ports } }
            ConvertTo-HipaaFactList -Item @(Invoke-HipaaIsolated @query)
        }
    }
}

Export-ModuleMember -Function 'Get-HipaaFirewallFact'
