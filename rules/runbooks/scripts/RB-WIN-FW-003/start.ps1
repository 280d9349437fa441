# SPDX-License-Identifier: GPL-3.0-or-later
# The rule can be written only when the service runs, so it is written in the same breath: this script goes on
# while its connection may be cut already.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

if (-not (Test-HipaaTask -Name HipaaRevert-RB-WIN-FW-003)) { throw [System.InvalidOperationException]::new('The way back is not armed') }
$changed = $false
foreach ($name in 'BFE', 'MpsSvc') {
    # A disabled service does not start (1058). Current Windows refuses this to administrators: a person decides then.
    if ((Get-HipaaServiceState -Name $name).start_mode -eq 'Disabled') {
        $changed = (Set-HipaaServiceStartMode -Name $name -StartMode Auto) -or $changed
    }
    $changed = (Start-HipaaService -Name $name -TimeoutSeconds 60) -or $changed
}
$changed = (Set-HipaaManagementRule -Controller $Parameter.controller -Port $Parameter.management_port) -or $changed
[ordered]@{ changed = $changed; note = 'services_run'; saved = [ordered]@{} }
