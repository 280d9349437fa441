# SPDX-License-Identifier: GPL-3.0-or-later
# Whoever runs this has reached the host through the firewall. A task that is gone and profiles that are off mean
# that the host has gone back meanwhile: that is a failure, and must not look like a success. The last step of the
# repair and of its way back.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$isArmed = Test-HipaaTask -Name HipaaRevert-RB-WIN-FW-003
$down = @(foreach ($name in 'BFE', 'MpsSvc') { if ((Get-HipaaServiceState -Name $name).state -ne 'Running') { $name } })
# The way back takes the task off such a host itself, so that this is the repair.
if ($isArmed -and $down.Count -gt 0) { throw [System.InvalidOperationException]::new('The services do not run') }
if (-not $isArmed -and $Saved.Contains('1')) {
    $now = Get-HipaaFirewallSwitch
    $off = @($now.Keys | Where-Object { $now[$_] -eq 'False' -and $Saved['1'].profiles[$_] -ne 'False' })
    if ($off.Count -gt 0) { throw [System.InvalidOperationException]::new('The host has gone back') }
}
$changed = Unregister-HipaaTask -Name HipaaRevert-RB-WIN-FW-003
[ordered]@{ changed = $changed; note = 'revert_disarmed'; saved = [ordered]@{} }
