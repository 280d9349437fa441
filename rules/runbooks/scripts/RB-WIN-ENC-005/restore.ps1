# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 2 was to change: the other setting is not ours.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    $old = $Saved['1']
    $server = Get-SmbServerConfiguration -ErrorAction Stop
    $setting = @{}
    $ours = @()
    if ($Parameter.smb1 -eq 'on') {
        if ([bool]$server.EnableSMB1Protocol -ne $old.smb1) { $setting.EnableSMB1Protocol = [bool]$old.smb1 }
        $ours += 'SMB1'
    }
    if ($Parameter.signing -eq 'not required') {
        if ([bool]$server.RequireSecuritySignature -ne $old.signing) { $setting.RequireSecuritySignature = [bool]$old.signing }
        $ours += 'RequireSecuritySignature'
    }
    if ($setting.Count -gt 0) { Set-SmbServerConfiguration @setting -Force -ErrorAction Stop }
    $changed = $setting.Count -gt 0
    foreach ($value in $old.values) {
        if ($ours -contains $value.name) { $changed = (Restore-HipaaRegistryState -State $value) -or $changed }
    }
}
[ordered]@{ changed = $changed; note = 'server_restored'; saved = [ordered]@{} }
