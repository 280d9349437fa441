# SPDX-License-Identifier: GPL-3.0-or-later
# The values, and that the host has been restarted since is what the controller has seen to.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$root = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
$wrong = @(
    foreach ($name in $Parameter.ssl + $Parameter.legacy + $Parameter.by_default) {
        if ((Get-HipaaRegistryState -Path "$root\$name\Server" -Name Enabled).value -ne 0) { $name }
    }
    $modern = Get-HipaaRegistryState -Path "$root\TLS 1.2\Server" -Name Enabled
    if ($modern.exists -and $modern.value -eq 0) { 'TLS 1.2' }
)
$valid = $wrong.Count -eq 0
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'protocols_are_set' } else { 'protocol_is_not_set' }
    observed = [ordered]@{ protocols = $wrong }
}
