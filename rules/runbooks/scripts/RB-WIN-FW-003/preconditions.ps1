# SPDX-License-Identifier: GPL-3.0-or-later
# With the service down no rule can be read, so what it will block is for the person to judge who approves this.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$services = @(foreach ($name in 'BFE', 'MpsSvc') { Get-HipaaServiceState -Name $name })
$down = @($services | Where-Object { $_.state -ne 'Running' })
# The rule for the controller is a local one, which a policy may void.
$ignored = @(foreach ($name in 'domain', 'private', 'public') {
        foreach ($key in @{ domain = @('DomainProfile'); private = @('PrivateProfile', 'StandardProfile'); public = @('PublicProfile') }[$name]) {
            $merge = Get-HipaaRegistryState -Path "SOFTWARE\Policies\Microsoft\WindowsFirewall\$key" -Name AllowLocalPolicyMerge
            if ($merge.exists -and $merge.value -eq 0) { $name }
        }
    })
# What takes the host back is to turn the profiles off, which a policy may forbid.
$forced = @(Get-HipaaFirewallForced)
$reason = 'met'
if (@($services | Where-Object { -not $_.exists }).Count -gt 0) { $reason = 'service_missing' }
elseif ($down.Count -eq 0) { $reason = 'already_good' }
elseif ((Get-HipaaServiceState -Name Schedule).state -ne 'Running') { $reason = 'scheduler_down' }
elseif ($ignored.Count -gt 0) { $reason = 'local_rules_ignored' }
elseif ($forced.Count -gt 0) { $reason = 'gpo_keeps_on' }
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ services = @($down | ForEach-Object { $_.name }); start_modes = @($services | ForEach-Object { $_.start_mode }) }
}
