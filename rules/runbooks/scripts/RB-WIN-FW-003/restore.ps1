# SPDX-License-Identifier: GPL-3.0-or-later
# A firewall service that runs is left running: what it does with the profiles is what the check says next.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
$note = 'services_restored'
if ((Get-HipaaServiceState -Name MpsSvc).state -eq 'Running') { $note = 'service_kept' }
elseif ($Saved.Contains('1')) {
    foreach ($name in 'MpsSvc', 'BFE') {
        $old = $Saved['1'].services[$name]
        if ($old.start_mode -ne 'Disabled') { continue }
        $changed = (Restore-HipaaServiceStartMode -Service $old -Written Auto) -or $changed
    }
}
$changed = (Unregister-HipaaTask -Name HipaaRevert-RB-WIN-FW-003) -or $changed
[ordered]@{ changed = $changed; note = $note; saved = [ordered]@{} }
