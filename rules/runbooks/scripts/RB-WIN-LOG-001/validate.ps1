# SPDX-License-Identifier: GPL-3.0-or-later
# The numbers in force. Whether a policy takes them back shows at its next refresh.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$masks = Get-HipaaAuditMask
$lacking = @(foreach ($line in $Parameter.baseline) {
        $guid, $bits, $name = $line.Split([char[]]' ', 3)
        if ($Parameter.subcategories -contains $name -and ([int]$masks[$guid] -band [int]$bits) -ne [int]$bits) { $name }
    })
$force = Get-HipaaRegistryState -Path 'SYSTEM\CurrentControlSet\Control\Lsa' -Name SCENoApplyLegacyAuditPolicy
$valid = $lacking.Count -eq 0 -and $force.value -eq 1
[ordered]@{
    valid = $valid
    reason = if ($valid) { 'baseline_is_audited' } else { 'baseline_is_not_audited' }
    observed = [ordered]@{ subcategories = $lacking; force_subcategory = $force.value }
}
