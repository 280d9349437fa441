# SPDX-License-Identifier: GPL-3.0-or-later
# Written for the time beside another engine, and often forgotten when that one goes.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$force = @{ Path = 'SOFTWARE\Policies\Microsoft\Windows Advanced Threat Protection'; Name = 'ForceDefenderPassiveMode' }
$before = Get-HipaaRegistryState @force
$changed = Restore-HipaaRegistryState -State ([ordered]@{ path = $force.Path; name = $force.Name; exists = $false })
[ordered]@{
    changed = $changed
    note = if ($changed) { 'value_removed' } else { 'no_value' }
    saved = [ordered]@{ value = $before }
}
