# SPDX-License-Identifier: GPL-3.0-or-later
# What this host itself asks for where the next step changes it, noted before anything changes: the way back must not
# depend on a step that failed, and leaves the other profiles alone.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$local = @{}
foreach ($item in Get-HipaaFirewallProfile -PolicyStore PersistentStore) { $local[$item.name] = $item }
$before = @(foreach ($item in Get-HipaaFirewallProfile) {
        $setting = [ordered]@{}
        if ($item.log_blocked -ne 1) { $setting.log_blocked = $local[$item.name].log_blocked }
        if ($item.log_max_kb -lt $Parameter.log_max_kb) { $setting.log_max_kb = $local[$item.name].log_max_kb }
        if ($setting.Count -gt 0) { [ordered]@{ name = $item.name; setting = $setting } }
    })
[ordered]@{ changed = $false; note = 'log_settings_noted'; saved = [ordered]@{ profiles = $before } }
