# SPDX-License-Identifier: GPL-3.0-or-later
# Set-NetFirewallProfile writes the local store, which is in force where no policy has a say.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
foreach ($item in Get-HipaaFirewallProfile) {
    $setting = @{}
    if ($item.log_blocked -ne 1) { $setting.LogBlocked = 'True' }
    if ($item.log_max_kb -lt $Parameter.log_max_kb) { $setting.LogMaxSizeKilobytes = $Parameter.log_max_kb }
    if ($setting.Count -eq 0) { continue }
    Set-NetFirewallProfile -Name $item.name @setting -ErrorAction Stop
    $changed = $true
}
[ordered]@{ changed = $changed; note = 'blocked_packets_logged'; saved = [ordered]@{} }
