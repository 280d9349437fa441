# SPDX-License-Identifier: GPL-3.0-or-later
# The same as the task does. It is disarmed last, so that a way back that fails half way is taken by the host.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($item in $Saved['1'].profiles) {
        Set-NetFirewallProfile -Name $item.name -Enabled $item.enabled -DefaultInboundAction $item.inbound -ErrorAction Stop
    }
    if (-not $Saved['1'].had_rule) {
        $rules = @(Get-NetFirewallRule -PolicyStore PersistentStore -ErrorAction Stop | Where-Object { $_.Name -eq 'HIPAA-Mgmt-In' })
        if ($rules.Count -gt 0) { Remove-NetFirewallRule -Name HIPAA-Mgmt-In -ErrorAction Stop }
    }
    $changed = $true
}
$changed = (Unregister-HipaaTask -Name HipaaRevert-RB-WIN-FW-001) -or $changed
[ordered]@{ changed = $changed; note = 'profiles_restored'; saved = [ordered]@{} }
