# SPDX-License-Identifier: GPL-3.0-or-later
# A firewall that was off for years has no rules for what runs here: turned on, it stops the clinic. So a service
# that is needed, listens and is let in by no rule ends the repair before it begins.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

function Test-Fault($Item) {
    ($Item.name -in $Parameter.active_off + $Parameter.inactive_off -and $Item.enabled -ne 1) -or
    ($Item.name -in $Parameter.open -and $Item.inbound -ne 4)
}

function Get-ListenerProgram([long]$ProcessId) {
    $found = @(Get-HipaaCimInstance -ClassName Win32_Process -Filter "ProcessId=$ProcessId")
    # Many services share svchost.exe: a rule for it may be meant for another one.
    if ($found.Count -eq 0 -or -not $found[0].ExecutablePath -or $found[0].ExecutablePath -like '*\svchost.exe') { return 'unknown' }
    [string]$found[0].ExecutablePath
}

function Test-PortNamed([string[]]$Named, [int]$Port) {
    @($Named | Where-Object {
            $_ -eq $Port -or ($_ -match '^(\d+)-(\d+)$' -and [int]$Matches[1] -le $Port -and $Port -le [int]$Matches[2])
        }).Count -gt 0
}

function Get-ClosedPort {
    $listeners = @(Get-NetTCPConnection -State Listen -ErrorAction Stop |
            Where-Object { $_.LocalAddress -notin '127.0.0.1', '::1' -and $_.LocalPort -in $Parameter.needed_ports })
    # Every Windows listens on 445; it is needed where somebody shares a folder.
    if (@($listeners | Where-Object { $_.LocalPort -eq 445 }).Count -gt 0 -and
        @(Get-SmbShare -ErrorAction Stop | Where-Object { -not $_.Special }).Count -eq 0) {
        $listeners = @($listeners | Where-Object { $_.LocalPort -ne 445 })
    }
    if ($listeners.Count -eq 0) { return }
    $store = @{ PolicyStore = 'ActiveStore'; ErrorAction = 'Stop' }
    # A port of UDP has the same number and lets no TCP in.
    $ports = @{}
    foreach ($filter in Get-NetFirewallPortFilter @store) {
        if ($filter.Protocol -in 'TCP', 'Any') { $ports[$filter.InstanceID] = @($filter.LocalPort) }
    }
    # A rule for another profile lets nobody in on the networks that get their firewall back.
    $networks = 0
    foreach ($name in $Parameter.active_off) { $networks = $networks -bor @{ domain = 1; private = 2; public = 4 }[$name] }
    $rules = @(foreach ($rule in Get-NetFirewallRule @store) {
            # Enabled 1 is true and 2 false in rules; direction 1 is inbound, action 2 allows, profile 0 is any.
            if ([int]$rule.Enabled -ne 1 -or [int]$rule.Direction -ne 1 -or [int]$rule.Action -ne 2) { continue }
            if ([int]$rule.Profile -ne 0 -and ([int]$rule.Profile -band $networks) -ne $networks) { continue }
            if ($ports.ContainsKey($rule.InstanceID)) { $rule.InstanceID }
        })
    $named = @($rules | ForEach-Object { $ports[$_] })
    $listeners = @($listeners | Where-Object { -not (Test-PortNamed $named $_.LocalPort) })
    $open = @($rules | Where-Object { $ports[$_] -contains 'Any' })
    if ($listeners.Count -gt 0 -and $open.Count -gt 0) {
        # Every Windows has rules that let a program of its own, or an app, in on any port.
        $programs = @(Get-NetFirewallApplicationFilter @store | Where-Object { $open -contains $_.InstanceID -and -not $_.Package } |
                ForEach-Object { [System.Environment]::ExpandEnvironmentVariables([string]$_.Program) })
        if ($programs -contains 'Any') { return }
        $listeners = @($listeners | Where-Object { $programs -notcontains (Get-ListenerProgram $_.OwningProcess) })
    }
    $listeners | ForEach-Object { [int]$_.LocalPort } | Sort-Object -Unique
}

$services = @(Get-HipaaServiceState -Name MpsSvc) + @(Get-HipaaServiceState -Name Schedule)
$reason = 'met'
$wrong = @()
$closed = @()
if ($services[0].state -ne 'Running') { $reason = 'service_down' }
elseif ($services[1].state -ne 'Running') { $reason = 'scheduler_down' }
else {
    $products = New-Object -ComObject HNetCfg.FwProducts
    $owners = @(for ($index = 0; $index -lt $products.Count; $index++) {
            # Category 2 is the firewall itself: Windows' own is off on purpose.
            if (@($products.Item($index).RuleCategories) -contains 2) { $index }
        })
    $faults = @(Get-HipaaFirewallProfile | Where-Object { Test-Fault $_ })
    $wrong = @($faults | ForEach-Object { $_.name })
    $isOwned = @($faults | Where-Object {
            ($_.enabled -ne 1 -and (Test-HipaaFirewallOwned -ProfileName $_.name -Name EnableFirewall)) -or
            ($_.inbound -ne 4 -and (Test-HipaaFirewallOwned -ProfileName $_.name -Name DefaultInboundAction))
        }).Count -gt 0
    # The rule for the controller is a local one; 0 is false here.
    $ignored = @(Get-NetFirewallProfile -PolicyStore ActiveStore -ErrorAction Stop | Where-Object { [int]$_.AllowLocalFirewallRules -eq 0 })
    if ($faults.Count -eq 0) { $reason = 'already_good' }
    elseif ($isOwned) { $reason = 'gpo_managed' }
    elseif ($owners.Count -gt 0) { $reason = 'thirdparty_firewall' }
    elseif ($ignored.Count -gt 0) { $reason = 'local_rules_ignored' }
    else {
        $closed = @(Get-ClosedPort)
        if ($closed.Count -gt 0) { $reason = 'needed_port_closed' }
    }
}
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ profiles = $wrong; closed_ports = $closed }
}
