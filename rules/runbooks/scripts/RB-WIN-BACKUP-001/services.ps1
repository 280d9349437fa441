# SPDX-License-Identifier: GPL-3.0-or-later
# A disabled service cannot be started (1058). One that ended with an error is started once, which shows
# whether it can; it stops by itself when it is idle.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
foreach ($service in @(Get-HipaaService -Name wbengine, VSS, swprv | Where-Object { $_.exists })) {
    if ($service.start_mode -eq 'Disabled') {
        $changed = (Set-HipaaServiceStartMode -Name $service.name -StartMode Manual) -or $changed
    }
    if ($service.exit_code -notin 0, 1077) { $changed = (Start-HipaaService -Name $service.name) -or $changed }
}
[ordered]@{
    changed = $changed
    note = if ($changed) { 'services_ready' } else { 'services_good' }
    saved = [ordered]@{}
}
