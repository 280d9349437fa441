# SPDX-License-Identifier: GPL-3.0-or-later
# A log service that runs is never stopped again: it stops others with it, and records nothing.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
$note = 'start_mode_restored'
if ((Get-HipaaServiceState -Name EventLog).state -eq 'Running') { $note = 'service_kept' }
elseif ($Saved.Contains('1')) {
    $changed = Restore-HipaaServiceStartMode -Service $Saved['1'].service -Written Auto
}
[ordered]@{ changed = $changed; note = $note; saved = [ordered]@{} }
