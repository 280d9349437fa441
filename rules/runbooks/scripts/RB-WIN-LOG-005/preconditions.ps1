# SPDX-License-Identifier: GPL-3.0-or-later
# There is one key only, which policy and hand share. On a domain member a value that says no was
# written by a policy, and comes back; a value that is missing may be set.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$setting = @{
    Path = 'SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging'
    Name = 'EnableScriptBlockLogging'
}
$now = Get-HipaaRegistryState @setting
$reason = 'met'
if ($now.exists -and $now.value -eq 1) { $reason = 'already_good' }
elseif (Test-HipaaPolicyOwned @setting) { $reason = 'gpo_managed' }
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ exists = $now.exists; value = $now.value }
}
