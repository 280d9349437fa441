# SPDX-License-Identifier: GPL-3.0-or-later
# What this host itself asks for now, noted, and as a task that puts it back without anybody's help; only what the
# repair changes. The words are those of the cmdlet: nothing that comes from outside gets into the task.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$onOff = @{ 0 = 'False'; 1 = 'True'; 2 = 'NotConfigured' }
$action = @{ 0 = 'NotConfigured'; 2 = 'Allow'; 4 = 'Block' }
$profiles = @(foreach ($item in Get-HipaaFirewallProfile -PolicyStore PersistentStore) {
        $setting = [ordered]@{}
        if ($item.name -in $Parameter.active_off + $Parameter.inactive_off) { $setting.Enabled = $onOff[$item.enabled] }
        if ($item.name -in $Parameter.open) { $setting.DefaultInboundAction = $action[$item.inbound] }
        if ($setting.Count -gt 0) { [ordered]@{ name = $item.name; setting = $setting } }
    })
# Typed, or what stands for no output would be saved as an empty object.
[System.Collections.IDictionary]$rule = Get-HipaaManagementRule
$commands = @(
    foreach ($item in $profiles) {
        $words = @(foreach ($key in $item.setting.Keys) { "-$key $($item.setting[$key])" })
        "Set-NetFirewallProfile -Name $($item.name) $($words -join ' ')"
    }
    if ($null -eq $rule) { 'Remove-NetFirewallRule -Name HIPAA-Mgmt-In -ErrorAction SilentlyContinue' }
)
Register-HipaaTask -Name HipaaRevert-RB-WIN-FW-001 -Command $commands -Minutes $Parameter.revert_minutes
[ordered]@{ changed = $true; note = 'revert_armed'; saved = [ordered]@{ profiles = $profiles; rule = $rule } }
