# SPDX-License-Identifier: GPL-3.0-or-later
# Windows PowerShell reads the value when it starts: nothing has to be restarted.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$setting = @{
    Path = 'SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging'
    Name = 'EnableScriptBlockLogging'
}
$before = Get-HipaaRegistryState @setting
$changed = Set-HipaaRegistryState @setting -Kind DWord -Value 1
[ordered]@{ changed = $changed; note = 'value_set'; saved = [ordered]@{ setting = $before } }
