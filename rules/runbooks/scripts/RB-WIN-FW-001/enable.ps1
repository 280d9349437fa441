# SPDX-License-Identifier: GPL-3.0-or-later
# Only what failed. Without a way back nothing is turned on: the next second may be the last of this session.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

if (-not (Test-HipaaTask -Name HipaaRevert-RB-WIN-FW-001)) { throw [System.InvalidOperationException]::new('The way back is not armed') }
$changed = $false
foreach ($item in Get-HipaaFirewallProfile) {
    $setting = @{}
    if ($item.name -in $Parameter.active_off + $Parameter.inactive_off -and $item.enabled -ne 1) { $setting.Enabled = 'True' }
    if ($item.name -in $Parameter.open -and $item.inbound -ne 4) { $setting.DefaultInboundAction = 'Block' }
    if ($setting.Count -eq 0) { continue }
    Set-NetFirewallProfile -Name $item.name @setting -ErrorAction Stop
    $changed = $true
}
[ordered]@{ changed = $changed; note = 'profiles_on'; saved = [ordered]@{} }
