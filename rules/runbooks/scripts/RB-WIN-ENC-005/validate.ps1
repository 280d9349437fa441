# SPDX-License-Identifier: GPL-3.0-or-later
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$server = Get-SmbServerConfiguration -ErrorAction Stop
$reason = 'server_is_hardened'
if ($Parameter.smb1 -eq 'on' -and $server.EnableSMB1Protocol) { $reason = 'smb1_is_on' }
elseif ($Parameter.signing -eq 'not required' -and -not $server.RequireSecuritySignature) { $reason = 'signing_is_not_required' }
[ordered]@{
    valid = $reason -eq 'server_is_hardened'
    reason = $reason
    observed = [ordered]@{ smb1 = [bool]$server.EnableSMB1Protocol; signing = [bool]$server.RequireSecuritySignature }
}
