# SPDX-License-Identifier: GPL-3.0-or-later
# By GUID: names of subcategories are translated. What a policy file sets is set again at each refresh, on a
# workgroup host as well, and a local change is lost then.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$rules = @{}
foreach ($line in $Parameter.baseline) {
    $guid, $bits, $name = $line.Split([char[]]' ', 3)
    $rules[$name] = @{ guid = $guid; bits = [int]$bits }
}
$unknown = @($Parameter.subcategories | Where-Object { -not $rules.ContainsKey($_) })
$masks = Get-HipaaAuditMask
$lacking = @(foreach ($name in $Parameter.subcategories) {
        $rule = $rules[$name]
        if ($null -ne $rule -and ([int]$masks[$rule.guid] -band $rule.bits) -ne $rule.bits) { $name }
    })
$owned = @{}
foreach ($file in 'System32\GroupPolicy\Machine\Microsoft\Windows NT\Audit\audit.csv', 'security\audit\audit.csv') {
    $path = Join-Path -Path $env:SystemRoot -ChildPath $file
    if (-not (Test-Path -LiteralPath $path)) { continue }
    foreach ($line in @(Get-Content -LiteralPath $path)) {
        if ($line -match '\{([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}') { $owned[$Matches[1].ToUpperInvariant()] = $true }
    }
}
$isOwned = @($lacking | Where-Object { $owned.ContainsKey($rules[$_].guid) }).Count -gt 0
$isManaged = Test-HipaaPolicyOwned -Path 'SOFTWARE\Microsoft\PolicyManager\current\device\Audit'
$force = Get-HipaaRegistryState -Path 'SYSTEM\CurrentControlSet\Control\Lsa' -Name SCENoApplyLegacyAuditPolicy
$reason = 'met'
if ($unknown.Count -gt 0) { $reason = 'unknown_subcategory' }
elseif ($lacking.Count -eq 0 -and $force.value -eq 1) { $reason = 'already_good' }
elseif ($isOwned -or ($isManaged -and $lacking.Count -gt 0)) { $reason = 'gpo_managed' }
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ subcategories = $lacking; force_subcategory = $force.value }
}
