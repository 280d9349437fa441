# SPDX-License-Identifier: GPL-3.0-or-later
# The modes only. An agent that runs stays: stopping it could kill a job that it has begun.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    foreach ($service in @($Saved['1'].services)) {
        if ($service.start_mode -ne 'Disabled') { continue }
        $changed = (Restore-HipaaServiceStartMode -Service $service -Written Auto) -or $changed
    }
}
[ordered]@{ changed = $changed; note = 'start_modes_restored'; saved = [ordered]@{} }
