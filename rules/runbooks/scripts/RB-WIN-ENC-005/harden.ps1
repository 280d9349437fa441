# SPDX-License-Identifier: GPL-3.0-or-later
# In force at once for new sessions, without a restart.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$server = Get-SmbServerConfiguration -ErrorAction Stop
$setting = @{}
if ($Parameter.smb1 -eq 'on' -and $server.EnableSMB1Protocol) { $setting.EnableSMB1Protocol = $false }
if ($Parameter.signing -eq 'not required' -and -not $server.RequireSecuritySignature) { $setting.RequireSecuritySignature = $true }
if ($setting.Count -gt 0) { Set-SmbServerConfiguration @setting -Force -ErrorAction Stop }
[ordered]@{ changed = $setting.Count -gt 0; note = 'server_hardened'; saved = [ordered]@{} }
