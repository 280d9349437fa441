# SPDX-License-Identifier: GPL-3.0-or-later
# Numbers by GUID, for the way back. A restored backup of the tool would undo what others change meanwhile.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$force = Get-HipaaRegistryState -Path 'SYSTEM\CurrentControlSet\Control\Lsa' -Name SCENoApplyLegacyAuditPolicy
$masks = Get-HipaaAuditMask
$before = [ordered]@{}
foreach ($line in $Parameter.baseline) {
    $guid, $null, $name = $line.Split([char[]]' ', 3)
    if ($Parameter.subcategories -contains $name) { $before[$guid] = [int]$masks[$guid] }
}
[ordered]@{ changed = $false; note = 'audit_policy_noted'; saved = [ordered]@{ masks = $before; force = $force } }
