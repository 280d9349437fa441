# SPDX-License-Identifier: GPL-3.0-or-later
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    $old = $Saved['1']
    $server = Get-SmbServerConfiguration -ErrorAction Stop
    $setting = @{}
    if ([bool]$server.EnableSMB1Protocol -ne $old.smb1) { $setting.EnableSMB1Protocol = [bool]$old.smb1 }
    if ([bool]$server.RequireSecuritySignature -ne $old.signing) { $setting.RequireSecuritySignature = [bool]$old.signing }
    if ($setting.Count -gt 0) { Set-SmbServerConfiguration @setting -Force -ErrorAction Stop }
    $changed = $setting.Count -gt 0
    foreach ($value in $old.values) { $changed = (Restore-HipaaRegistryState -State $value) -or $changed }
}
[ordered]@{ changed = $changed; note = 'server_restored'; saved = [ordered]@{} }
