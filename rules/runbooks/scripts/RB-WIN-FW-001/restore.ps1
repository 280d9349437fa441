# SPDX-License-Identifier: GPL-3.0-or-later
# The same as the task does, and the rule of an earlier repair as it was: the task leaves the controller let in.
# It is disarmed last, so that a way back that fails half way is taken by the host.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($item in $Saved['1'].profiles) {
        $old = $item.setting
        $setting = @{}
        if ($old.Contains('Enabled')) { $setting.Enabled = $old.Enabled }
        if ($old.Contains('DefaultInboundAction')) { $setting.DefaultInboundAction = $old.DefaultInboundAction }
        Set-NetFirewallProfile -Name $item.name @setting -ErrorAction Stop
    }
    Restore-HipaaManagementRule -Rule $Saved['1'].rule
    $changed = $true
}
$changed = (Unregister-HipaaTask -Name HipaaRevert-RB-WIN-FW-001) -or $changed
[ordered]@{ changed = $changed; note = 'profiles_restored'; saved = [ordered]@{} }
