# SPDX-License-Identifier: GPL-3.0-or-later
# The local store as step 1 found it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$word = @{ 0 = 'False'; 1 = 'True'; 2 = 'NotConfigured' }
$changed = $false
if ($Saved.Contains('1')) {
    $now = @{}
    foreach ($item in Get-HipaaFirewallProfile -PolicyStore PersistentStore) { $now[$item.name] = $item }
    foreach ($item in $Saved['1'].profiles) {
        $setting = @{}
        if ($now[$item.name].log_blocked -ne $item.log_blocked) { $setting.LogBlocked = $word[[int]$item.log_blocked] }
        if ($now[$item.name].log_max_kb -ne $item.log_max_kb) { $setting.LogMaxSizeKilobytes = $item.log_max_kb }
        if ($setting.Count -eq 0) { continue }
        Set-NetFirewallProfile -Name $item.name @setting -ErrorAction Stop
        $changed = $true
    }
}
[ordered]@{ changed = $changed; note = 'log_settings_restored'; saved = [ordered]@{} }
