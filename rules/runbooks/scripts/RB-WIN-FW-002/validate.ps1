# SPDX-License-Identifier: GPL-3.0-or-later
# What is in force now. Whether the file grows shows only when a packet is blocked.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$wrong = @(foreach ($item in Get-HipaaFirewallProfile) {
        if ($item.log_blocked -ne 1 -or $item.log_max_kb -lt $Parameter.log_max_kb) { $item.name }
    })
$valid = $wrong.Count -eq 0
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'blocked_packets_logged' } else { 'still_not_logged' }
    observed = [ordered]@{ profiles = $wrong }
}
