# SPDX-License-Identifier: GPL-3.0-or-later
# The values behind the settings too: one that is missing means the default of this Windows, which is not ours to fix.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$server = Get-SmbServerConfiguration -ErrorAction Stop
$values = @(foreach ($name in 'SMB1', 'RequireSecuritySignature') {
        Get-HipaaRegistryState -Path 'SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters' -Name $name
    })
$before = [ordered]@{
    smb1 = [bool]$server.EnableSMB1Protocol
    signing = [bool]$server.RequireSecuritySignature
    values = $values
}
[ordered]@{ changed = $false; note = 'server_noted'; saved = $before }
