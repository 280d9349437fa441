# SPDX-License-Identifier: GPL-3.0-or-later
# A firewall that was off for years has no rules for what runs here: turned on, it stops the clinic. So a service
# that is needed, listens and is let in by no rule ends the repair before it begins.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

function Test-Fault($Item) {
    ($Item.name -in $Parameter.active_off + $Parameter.inactive_off -and $Item.enabled -ne 1) -or
    ($Item.name -in $Parameter.open -and $Item.inbound -ne 4)
}

function Get-ClosedPort {
    $listening = @(Get-NetTCPConnection -State Listen -ErrorAction Stop |
            Where-Object { $_.LocalAddress -notin '127.0.0.1', '::1' -and $_.LocalPort -in $Parameter.needed_ports } |
            ForEach-Object { [int]$_.LocalPort } | Sort-Object -Unique)
    # Every Windows listens on 445; it is needed where somebody shares a folder.
    if ($listening -contains 445 -and @(Get-SmbShare -ErrorAction Stop | Where-Object { -not $_.Special }).Count -eq 0) {
        $listening = @($listening | Where-Object { $_ -ne 445 })
    }
    if ($listening.Count -eq 0) { return }
    $store = @{ PolicyStore = 'ActiveStore'; ErrorAction = 'Stop' }
    $ports = @{}
    foreach ($filter in Get-NetFirewallPortFilter @store) { $ports[$filter.InstanceID] = @($filter.LocalPort) }
    $allowed = @(foreach ($rule in Get-NetFirewallRule @store) {
            # Enabled 1 is true and 2 false in rules; direction 1 is inbound, action 2 allows.
            if ([int]$rule.Enabled -eq 1 -and [int]$rule.Direction -eq 1 -and [int]$rule.Action -eq 2) { $ports[$rule.InstanceID] }
        })
    $listening | Where-Object { $allowed -notcontains 'Any' -and $allowed -notcontains [string]$_ }
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
