# SPDX-License-Identifier: GPL-3.0-or-later
# The value as it is now; the check decides.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = Get-HipaaRegistryState -Path 'SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging' -Name 'EnableScriptBlockLogging'
$valid = $now.exists -and $now.value -eq 1
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'value_is_set' } else { 'value_is_not_set' }
    observed = [ordered]@{ exists = $now.exists; value = $now.value }
}
