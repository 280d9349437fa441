# SPDX-License-Identifier: GPL-3.0-or-later
# The local store as step 1 found it, as far as step 2 was to change it. A log that somebody lets grow further meanwhile
# stays as large.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$word = @{ 0 = 'False'; 1 = 'True'; 2 = 'NotConfigured' }
$changed = $false
if ($Saved.Contains('1')) {
    $now = @{}
    foreach ($item in Get-HipaaFirewallProfile -PolicyStore PersistentStore) { $now[$item.name] = $item }
    foreach ($item in $Saved['1'].profiles) {
        $old = $item.setting
        $setting = @{}
        if ($old.Contains('log_blocked') -and $now[$item.name].log_blocked -ne $old.log_blocked) { $setting.LogBlocked = $word[[int]$old.log_blocked] }
        if ($old.Contains('log_max_kb') -and $now[$item.name].log_max_kb -ne $old.log_max_kb -and
            $now[$item.name].log_max_kb -le $Parameter.log_max_kb) { $setting.LogMaxSizeKilobytes = $old.log_max_kb }
        if ($setting.Count -eq 0) { continue }
        Set-NetFirewallProfile -Name $item.name @setting -ErrorAction Stop
        $changed = $true
    }
}
[ordered]@{ changed = $changed; note = 'log_settings_restored'; saved = [ordered]@{} }
