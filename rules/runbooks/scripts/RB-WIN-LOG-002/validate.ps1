# SPDX-License-Identifier: GPL-3.0-or-later
# The logs as they are set up now. Whether records arrive is for the check to see.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$size = [ordered]@{
    Security = 'security_kb'; System = 'system_kb'; Application = 'application_kb'; Setup = 'setup_kb'
    'Microsoft-Windows-PowerShell/Operational' = 'powershell_kb'
}
$number = @{ circular = 0; auto_backup = 1 }
$acceptable = @(foreach ($mode in $Parameter.modes) { $number[$mode] })
$wrong = @(
    foreach ($name in $size.Keys) {
        $least = 1024L * $Parameter[$size[$name]]
        if ($least -gt 0 -and (Get-HipaaLogState -Name $name).max_bytes -lt $least) { $name }
    }
    foreach ($name in $Parameter.stuck + $Parameter.retaining) {
        if ((Get-HipaaLogState -Name $name).mode -notin $acceptable) { $name }
    }
    foreach ($name in $Parameter.disabled) {
        if (-not (Get-HipaaLogState -Name $name).enabled) { $name }
    }
)
$valid = $wrong.Count -eq 0
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'logs_are_set_up' } else { 'log_is_not_set_up' }
    observed = [ordered]@{ logs = $wrong }
}
