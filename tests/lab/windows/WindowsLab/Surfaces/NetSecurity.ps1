# SPDX-License-Identifier: GPL-3.0-or-later
# Windows Firewall: profiles per policy store, rules and their filters.

$script:FwNs = 'root/standardcimv2'

function Get-FwStore($Cmdlet, $Bound) {
    $name = if ($Bound.PolicyStore) { $Bound.PolicyStore } else { 'PersistentStore' }
    switch -Regex ($name) {
        '^(PersistentStore|localhost)$' { return 'PersistentStore' }
        '^ActiveStore$' { return 'ActiveStore' }
        '^(RSOP|.*\\.*)$' { return 'GroupPolicy' }
        '^(SystemDefaults|StaticServiceStore|ConfigurableServiceStore)$' {
            Stop-LabNotSimulated $Cmdlet "firewall policy store $name"
        }
    }
    Write-LabWin32Error $Cmdlet 2 'The system cannot find the file specified. ' $name
    return $null
}

# Every query goes to MpsSvc: 1753 when it is down.
function Test-Fw($Cmdlet, [string]$Class, [bool]$Write = $false) {
    $failure = [WindowsLab.Cim]::FaultOf('root/StandardCimv2', $Class, 0, [Func[bool]] { $Cmdlet.Stopping })
    # The filter classes are not in the lab's schema; they are refused when the profiles are.
    if (-not $failure) { $failure = [WindowsLab.Cim]::Denied('root/StandardCimv2', 'MSFT_NetFirewallProfile') }
    if (-not $failure -and $Write -and -not [WindowsLab.Lab]::IsElevated) {
        $failure = [Microsoft.Management.Infrastructure.CimException]::FromWin32(5, 'Access is denied. ')
    }
    if ($failure) {
        Write-LabCimError $Cmdlet $failure $null
        return $false
    }
    $true
}

$script:Gpo = 'Enabled', 'AllowInboundRules', 'AllowLocalFirewallRules', 'AllowLocalIPsecRules',
    'AllowUserApps', 'AllowUserPorts', 'AllowUnicastResponseToMulticast', 'NotifyOnListen',
    'EnableStealthModeForIPsec', 'LogAllowed', 'LogBlocked', 'LogIgnored'

function New-FwProfile([string]$Name, [string]$Store) {
    $m = [WindowsLab.Cim]::FirewallProfile([WindowsLab.Lab]::Load(), $Name, $Store)
    $t = @{}
    foreach ($key in $script:Gpo) {
        $t[$key] = [Microsoft.PowerShell.Cmdletization.GeneratedTypes.NetSecurity.GpoBoolean][int]$m[$key]
    }
    foreach ($key in 'DefaultInboundAction', 'DefaultOutboundAction') {
        $t[$key] = [Microsoft.PowerShell.Cmdletization.GeneratedTypes.NetSecurity.Action][int]$m[$key]
    }
    $output = [WindowsLab.Cim]::Make($script:FwNs, 'MSFT_NetFirewallProfile', $m, $null, $false, $t)
    $output.PSObject.Properties.Add([psnoteproperty]::new('PolicyStore', $Store))
    $output
}

function Invoke-GetNetFirewallProfile($Cmdlet, $Bound) {
    if (-not (Test-Fw $Cmdlet 'MSFT_NetFirewallProfile')) { return }
    $store = Get-FwStore $Cmdlet $Bound
    if (-not $store) { return }
    if ([WindowsLab.Cim]::IsEmptied($script:FwNs, 'MSFT_NetFirewallProfile')) { return }
    $want = if ($Bound.Name) { $Bound.Name } else { '*' }
    foreach ($w in $want) {
        $hit = @('Domain', 'Private', 'Public' | Where-Object { $_ -like $w })
        foreach ($name in $hit) {
            New-FwProfile $name $store
        }
        if (-not $hit) { Write-LabNotFoundError $Cmdlet MSFT_NetFirewallProfile Name $w }
    }
}

$script:FwValues = @{
    Enabled = 'EnableFirewall'
    DefaultInboundAction = 'DefaultInboundAction'
    DefaultOutboundAction = 'DefaultOutboundAction'
    AllowInboundRules = '!DoNotAllowExceptions'
    AllowLocalFirewallRules = 'AllowLocalPolicyMerge'
    AllowLocalIPsecRules = 'AllowLocalIPsecPolicyMerge'
    NotifyOnListen = '!DisableNotifications'
    AllowUnicastResponseToMulticast = '!DisableUnicastResponsesToMulticastBroadcast'
    LogAllowed = '\Logging|LogSuccessfulConnections'
    LogBlocked = '\Logging|LogDroppedPackets'
}

function Invoke-SetNetFirewallProfile($Cmdlet, $Bound) {
    if (-not (Test-Fw $Cmdlet 'MSFT_NetFirewallProfile' $true)) { return }
    $store = Get-FwStore $Cmdlet $Bound
    if (-not $store) { return }
    if ($store -ne 'PersistentStore') {
        Stop-LabNotSimulated $Cmdlet "Set-NetFirewallProfile -PolicyStore $($Bound.PolicyStore)"
    }
    if ($Bound.ContainsKey('LogMaxSizeKilobytes') -and
        ($Bound.LogMaxSizeKilobytes -lt 1 -or $Bound.LogMaxSizeKilobytes -gt 32767)) {
        Write-LabWin32Error $Cmdlet 87 'The parameter is incorrect. ' $Bound.LogMaxSizeKilobytes
        return
    }
    $names = if ($Bound.InputObject) {
        @($Bound.InputObject | ForEach-Object { $_.CimInstanceProperties['Name'].Value })
    } elseif ($Bound.Name) {
        @($Bound.Name)
    } else {
        'Domain', 'Private', 'Public'
    }
    $targets = @('Domain', 'Private', 'Public' | Where-Object {
        $name = $_
        @($names | Where-Object { $name -like $_ }).Count
    })
    foreach ($name in $names) {
        if (-not @('Domain', 'Private', 'Public' | Where-Object { $_ -like $name })) {
            Write-LabError $Cmdlet ([Exception]::new(
                "No MSFT_NetFirewallProfile objects found with property 'Name' equal to '$name'."
            )) 'CmdletizationQuery_NotFound_Name' 'ObjectNotFound' $name
        }
    }
    if (-not $targets -or -not $Cmdlet.ShouldProcess(($targets -join ','), 'Set')) { return }
    Invoke-LabEdit $Cmdlet $Bound {
        param($state)
        $put = {
            param($key, $name, $type, $value)
            if (-not $state.registry.Contains($key)) { $state.registry[$key] = [WindowsLab.Lab]::NewMap() }
            if ($null -eq $value) {
                $state.registry[$key].Remove($name)
            } else {
                $state.registry[$key][$name] = New-LabList @($type, $value)
            }
        }
        foreach ($t in $targets) {
            $base = [WindowsLab.Firewall]::KeyOf($t, $false)
            foreach ($key in @($Bound.Keys)) {
                $spec = $script:FwValues[$key]
                $v = [int]$(if ($Bound[$key] -is [enum]) { $Bound[$key] } else { 0 })
                if ($spec) {
                    $sub = ''
                    $name = $spec
                    if ($spec.Contains('|')) { $sub, $name = $spec.Split('|') }
                    $inv = $name.StartsWith('!')
                    $name = $name.TrimStart('!')
                    $data = if ($key -like 'Default*') {
                        switch ($v) { 0 { $null } 2 { 0L } 4 { 1L } }
                    } elseif ($v -eq 2) { $null } elseif ($inv) { [long](1 - $v) } else { [long]$v }
                    & $put ($base + $sub) $name 'REG_DWORD' $data
                } elseif ($key -eq 'LogMaxSizeKilobytes') {
                    & $put "$base\Logging" 'LogFileSize' 'REG_DWORD' ([long]$Bound[$key])
                } elseif ($key -eq 'LogFileName') {
                    & $put "$base\Logging" 'LogFilePath' 'REG_SZ' $Bound[$key]
                } elseif ($key -eq 'DisabledInterfaceAliases') {
                    & $put $base 'DisabledInterfaces' 'REG_SZ' (@($Bound[$key]) -join ',')
                }
            }
        }
    }
    if ($Bound.PassThru) {
        foreach ($t in $targets) {
            New-FwProfile $t 'PersistentStore'
        }
    }
}

function Get-FwRuleMaps([string]$Store) {
    $state = [WindowsLab.Lab]::Load()
    switch ($Store) {
        'ActiveStore' { [WindowsLab.Firewall]::ActiveRules($state) }
        'GroupPolicy' { [WindowsLab.Lab]::Items($state, [string[]]@('firewall', 'rules', 'GroupPolicy')) }
        default { [WindowsLab.Lab]::Items($state, [string[]]@('firewall', 'rules', 'PersistentStore')) }
    }
}

function New-FwRule($m, [string]$Store) {
    $g = 'Microsoft.PowerShell.Cmdletization.GeneratedTypes.NetSecurity.'
    $local = @(
        [WindowsLab.Lab]::Items([WindowsLab.Lab]::Load(), [string[]]@('firewall', 'rules', 'PersistentStore'))
    ) -contains $m
    $fields = New-LabMap @{}
    $fields['Name'] = $m.Name
    $fields['InstanceID'] = $m.Name
    $fields['ID'] = $m.Name
    $fields['DisplayName'] = $(if ($m.DisplayName) { $m.DisplayName } else { $m.Name })
    $fields['Description'] = $m.Description
    $fields['Group'] = $m.Group
    $fields['DisplayGroup'] = $m.DisplayGroup
    $fields['Enabled'] = [enum]::ToObject(($g + 'Enabled') -as [type], [int]$(if ($null -ne $m.Enabled) {
        $m.Enabled
    } else {
        1
    }))
    $fields['Profile'] = [enum]::ToObject(($g + 'Profile') -as [type], [int]$m.Profile)
    $fields['Direction'] = [enum]::ToObject(($g + 'Direction') -as [type], [int]$m.Direction)
    $fields['Action'] = [enum]::ToObject(($g + 'Action') -as [type], [int]$m.Action)
    $fields['EdgeTraversalPolicy'] = [enum]::ToObject(($g + 'EdgeTraversal') -as [type], 0)
    $fields['Platform'] = @()
    $fields['LooseSourceMapping'] = $false
    $fields['LocalOnlyMapping'] = $false
    $fields['Owner'] = $null
    $fields['PrimaryStatus'] = [enum]::ToObject(($g + 'PrimaryStatus') -as [type], 1)
    $fields['Status'] = 'The rule was parsed successfully from the store. (65536)'
    $fields['EnforcementStatus'] = $(if ($Store -eq 'ActiveStore') { 'Enforced' } else { 'NotApplicable' })
    $fields['PolicyStoreSource'] = $(if ($Store -eq 'ActiveStore' -and -not $local) {
        'clinic.local\GPO'
    } else {
        'PersistentStore'
    })
    $sourceType = $(if ($Store -eq 'ActiveStore' -and -not $local) { 2 } else { 1 })
    $fields['PolicyStoreSourceType'] = [enum]::ToObject(($g + 'PolicyStoreType') -as [type], $sourceType)
    [WindowsLab.Cim]::Make($script:FwNs, 'MSFT_NetFirewallRule', $fields)
}

function Select-FwRules($Cmdlet, $Bound, [string]$Store) {
    $all = @(Get-FwRuleMaps $Store)
    if ($Bound.InputObject) {
        $ids = @($Bound.InputObject | ForEach-Object { $_.CimInstanceProperties['Name'].Value })
        return @($all | Where-Object { $ids -contains $_.Name })
    }
    foreach ($key in 'Name', 'DisplayName', 'Group', 'DisplayGroup') {
        if ($Bound.ContainsKey($key)) {
            $r = @()
            foreach ($w in @($Bound[$key])) {
                $hit = @($all | Where-Object { $_[$key] -like $w })
                if (-not $hit -and -not [WildcardPattern]::ContainsWildcardCharacters($w)) {
                    Write-LabNotFoundError $Cmdlet MSFT_NetFirewallRule $key $w -ErrorProperty $(if ($key -eq 'Name') {
                        'InstanceID'
                    } else {
                        $key
                    })
                }
                $r += $hit
            }
            $all = $r
        }
    }
    $all = @($all | Where-Object {
        $m = $_
        (-not $Bound.ContainsKey('Enabled') -or
            @($Bound.Enabled | ForEach-Object { [int]$_ }) -contains [int]$m.Enabled) -and
            (-not $Bound.ContainsKey('Direction') -or
                @($Bound.Direction | ForEach-Object { [int]$_ }) -contains [int]$m.Direction) -and
            (-not $Bound.ContainsKey('Action') -or
                @($Bound.Action | ForEach-Object { [int]$_ }) -contains [int]$m.Action)
    })
    foreach ($key in $Bound.Keys) {
        if ($key -like 'Associated*' -or
            $key -in 'Service', 'Owner', 'Description', 'EdgeTraversalPolicy', 'Platform', 'Status',
            'PrimaryStatus', 'PolicyStoreSource') {
            Stop-LabNotSimulated $Cmdlet "$($Cmdlet.MyInvocation.MyCommand.Name) -$key"
        }
    }
    $all
}

function Invoke-GetNetFirewallRule($Cmdlet, $Bound) {
    if (-not (Test-Fw $Cmdlet 'MSFT_NetFirewallRule')) { return }
    $store = Get-FwStore $Cmdlet $Bound
    if (-not $store) { return }
    if ([WindowsLab.Cim]::IsEmptied($script:FwNs, 'MSFT_NetFirewallRule')) { return }
    foreach ($m in (Select-FwRules $Cmdlet $Bound $store)) {
        New-FwRule $m $store
    }
}

$script:RuleFields = 'DisplayName', 'Description', 'Group', 'Protocol', 'LocalPort', 'RemotePort',
    'LocalAddress', 'RemoteAddress', 'Program', 'InterfaceAlias', 'InterfaceType', 'Service'

function Set-RuleFields($m, $Bound) {
    foreach ($key in $script:RuleFields) {
        if ($Bound.ContainsKey($key)) {
            $v = @($Bound[$key])
            $m[$key] = if ($v.Count -gt 1) { New-LabList $v } else { [string]$v[0] }
        }
    }
    foreach ($key in 'Enabled', 'Direction', 'Action', 'Profile') {
        if ($Bound.ContainsKey($key)) { $m[$key] = [long][int]$Bound[$key] }
    }
    if ($Bound.ContainsKey('NewDisplayName')) { $m['DisplayName'] = $Bound.NewDisplayName }
}

function Invoke-NewNetFirewallRule($Cmdlet, $Bound) {
    if (-not (Test-Fw $Cmdlet 'MSFT_NetFirewallRule' $true)) { return }
    $store = Get-FwStore $Cmdlet $Bound
    if (-not $store) { return }
    if ($store -ne 'PersistentStore') { Stop-LabNotSimulated $Cmdlet "New-NetFirewallRule -PolicyStore $store" }
    $name = if ($Bound.Name) { $Bound.Name } else { '{' + [guid]::NewGuid().ToString().ToUpperInvariant() + '}' }
    if (@(Get-FwRuleMaps $store | Where-Object { $_.Name -eq $name })) {
        Write-LabWin32Error $Cmdlet 183 'Cannot create a file when that file already exists. ' $name
        return
    }
    if ($Bound.LocalPort -and -not $Bound.Protocol) {
        $text = 'One or more port keywords are only valid for certain protocols. '
        Write-LabHResultError $Cmdlet -2147467259 $text $name
        return
    }
    if (-not $Cmdlet.ShouldProcess($Bound.DisplayName, 'New')) { return }
    $m = New-LabMap @{}
    $m['Name'] = $name
    $m['Enabled'] = 1L
    $m['Direction'] = 1L
    $m['Action'] = 2L
    $m['Profile'] = 0L
    foreach ($key in 'Protocol', 'LocalPort', 'RemotePort', 'LocalAddress', 'RemoteAddress', 'Program') {
        $m[$key] = 'Any'
    }
    Set-RuleFields $m $Bound
    Invoke-LabEdit $Cmdlet $Bound { param($state) $state.firewall.rules.PersistentStore.Add($m) }
    New-FwRule (@(Get-FwRuleMaps $store | Where-Object { $_.Name -eq $name })[0]) $store
}

function Edit-FwRules($Cmdlet, $Bound, [scriptblock]$Change, [string]$Verb) {
    if (-not (Test-Fw $Cmdlet 'MSFT_NetFirewallRule' $true)) { return }
    $store = Get-FwStore $Cmdlet $Bound
    if (-not $store) { return }
    if ($store -ne 'PersistentStore') { Stop-LabNotSimulated $Cmdlet "$Verb-NetFirewallRule -PolicyStore $store" }
    $q = @{}
    foreach ($key in $Bound.Keys) {
        if ($Verb -ne 'Set' -or
            $key -in 'Name', 'Group', 'DisplayGroup', 'InputObject' -or
            ($key -eq 'DisplayName' -and -not $Bound.ContainsKey('Name'))) {
            $q[$key] = $Bound[$key]
        }
    }
    $names = @(Select-FwRules $Cmdlet $q $store | ForEach-Object { $_.Name })
    if (-not $names -or -not $Cmdlet.ShouldProcess(($names -join ','), $Verb)) { return }
    Invoke-LabEdit $Cmdlet $Bound {
        param($state)
        $l = $state.firewall.rules.PersistentStore
        foreach ($m in @($l)) {
            if ($names -contains $m.Name) { & $Change $m $l }
        }
    }
    if ($Bound.PassThru) {
        foreach ($m in (Get-FwRuleMaps $store)) {
            if ($names -contains $m.Name) { New-FwRule $m $store }
        }
    }
}

function Invoke-SetNetFirewallRule($Cmdlet, $Bound) {
    Edit-FwRules $Cmdlet $Bound {
        param($m)
        $r = @{}
        foreach ($key in $Bound.Keys) {
            if ($key -ne 'DisplayName') { $r[$key] = $Bound[$key] }
        }
        Set-RuleFields $m $r
    } 'Set'
}

function Invoke-EnableNetFirewallRule($Cmdlet, $Bound) {
    Edit-FwRules $Cmdlet $Bound { param($m) $m['Enabled'] = 1L } 'Enable'
}

function Invoke-DisableNetFirewallRule($Cmdlet, $Bound) {
    Edit-FwRules $Cmdlet $Bound { param($m) $m['Enabled'] = 2L } 'Disable'
}

function Invoke-RemoveNetFirewallRule($Cmdlet, $Bound) {
    Edit-FwRules $Cmdlet $Bound { param($m, $l) [void]$l.Remove($m) } 'Remove'
}

function Get-FwFilter($Cmdlet, $Bound, [string]$Class, [scriptblock]$Fill) {
    if (-not (Test-Fw $Cmdlet $Class)) { return }
    $store = Get-FwStore $Cmdlet $Bound
    if (-not $store) { return }
    $maps = @(Get-FwRuleMaps $store)
    if ($Bound.AssociatedNetFirewallRule) {
        $id = $Bound.AssociatedNetFirewallRule.CimInstanceProperties['Name'].Value
        $maps = @($maps | Where-Object { $_.Name -eq $id })
    }
    foreach ($m in $maps) {
        $fields = New-LabMap @{}
        $fields['InstanceID'] = $m.Name
        $fields['ElementName'] = ''
        $fields['CreationClassName'] = "MSFT|FW|FirewallRule|$($m.Name)"
        & $Fill $fields $m
        [WindowsLab.Cim]::Make($script:FwNs, $Class, $fields)
    }
}

function Expand-FwValue($v) {
    if ($null -eq $v) {
        'Any'
    } elseif ($v -is [System.Collections.Generic.List[object]]) {
        , [string[]]$v
    } else {
        [string]$v
    }
}

function Invoke-GetNetFirewallPortFilter($Cmdlet, $Bound) {
    Get-FwFilter $Cmdlet $Bound 'MSFT_NetProtocolPortFilter' {
        param($fields, $m)
        $fields['Protocol'] = [string]$(if ($m.Protocol) { $m.Protocol } else { 'Any' })
        $fields['LocalPort'] = Expand-FwValue $m.LocalPort
        $fields['RemotePort'] = Expand-FwValue $m.RemotePort
        $fields['IcmpType'] = 'Any'
        $fields['DynamicTarget'] = 'Any'
        $fields['DynamicTransport'] = 'Any'
    } | Where-Object { -not $Bound.Protocol -or @($Bound.Protocol) -contains $_.Protocol }
}

function Invoke-GetNetFirewallAddressFilter($Cmdlet, $Bound) {
    Get-FwFilter $Cmdlet $Bound 'MSFT_NetAddressFilter' {
        param($fields, $m)
        $fields['LocalAddress'] = Expand-FwValue $m.LocalAddress
        $fields['RemoteAddress'] = Expand-FwValue $m.RemoteAddress
        $fields['LocalIP'] = $fields['LocalAddress']
        $fields['RemoteIP'] = $fields['RemoteAddress']
    }
}

function Invoke-GetNetFirewallApplicationFilter($Cmdlet, $Bound) {
    Get-FwFilter $Cmdlet $Bound 'MSFT_NetApplicationFilter' {
        param($fields, $m)
        $fields['Program'] = Expand-FwValue $m.Program
        $fields['AppPath'] = $fields['Program']
        $fields['Package'] = $m.Package
    } | Where-Object { -not $Bound.Program -or @($Bound.Program) -contains $_.Program }
}

function Invoke-GetNetFirewallSetting($Cmdlet, $Bound) {
    if (-not (Test-Fw $Cmdlet 'MSFT_NetSecuritySettingData')) { return }
    $store = Get-FwStore $Cmdlet $Bound
    if (-not $store) { return }
    $b = 0
    foreach ($name in [WindowsLab.Lab]::Load().network.profiles) {
        $b = $b -bor @(4, 2, 1)[[int]$name.NetworkCategory]
    }
    $fields = New-LabMap @{}
    $fields['Name'] = 'GlobalSettings'
    $fields['Exemptions'] = 'NotConfigured'
    $fields['EnableStatefulFtp'] = 'True'
    $fields['EnableStatefulPptp'] = 'True'
    $fields['ActiveProfile'] = $(if ($store -eq 'ActiveStore') {
        [enum]::ToObject(('Microsoft.PowerShell.Cmdletization.GeneratedTypes.NetSecurity.Profile' -as [type]), $b)
    } else {
        'NotApplicable'
    })
    [WindowsLab.Cim]::Make($script:FwNs, 'MSFT_NetSecuritySettingData', $fields)
}
