# SPDX-License-Identifier: GPL-3.0-or-later
# A firewall service that runs is left running. Profiles that the host has turned off by itself are turned on again,
# with the way back armed anew, since that may cut the controller off; the next step disarms it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$task = 'HipaaRevert-RB-WIN-FW-003'
$changed = $false
$note = 'services_restored'
# One that is still starting may run in a moment, and then it filters.
if ((Get-HipaaServiceState -Name MpsSvc).state -ne 'Stopped') {
    $note = 'service_kept'
    # Once disarmed, or while it is armed, it is somebody else who has turned a profile off.
    $hasFired = $Saved.Contains('1') -and -not $Saved.Contains('3') -and -not (Test-HipaaTask -Name $task)
    $now = Get-HipaaFirewallSwitch
    $off = @(if ($hasFired) { $now.Keys | Where-Object { $now[$_] -eq 'False' -and $Saved['1'].profiles[$_] -ne 'False' } })
    if ($off.Count -gt 0) {
        $controller = @{ Controller = $Parameter.controller; Port = $Parameter.management_port }
        if (-not (Test-HipaaControllerConnected @controller)) {
            throw [System.InvalidOperationException]::new('The profiles stay off: turned on, they would cut the controller off, which comes from another address')
        }
        $null = Set-HipaaManagementRule @controller
        Register-HipaaTask -Name $task -Command 'Set-NetFirewallProfile -All -Enabled False' -Minutes $Parameter.revert_minutes
        foreach ($name in $off) { Set-NetFirewallProfile -Name $name -Enabled $Saved['1'].profiles[$name] -ErrorAction Stop }
        $changed = $true
        $note = 'profiles_restored'
    }
}
else {
    # Nothing is filtered: there is nothing to go back from.
    $changed = Unregister-HipaaTask -Name $task
    foreach ($name in @(if ($Saved.Contains('1')) { 'MpsSvc', 'BFE' })) {
        $old = $Saved['1'].services[$name]
        if ($old.start_mode -ne 'Disabled') { continue }
        $changed = (Restore-HipaaServiceStartMode -Service $old -Written Auto) -or $changed
    }
}
[ordered]@{ changed = $changed; note = $note; saved = [ordered]@{} }
