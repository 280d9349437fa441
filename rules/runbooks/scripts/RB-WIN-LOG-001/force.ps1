# SPDX-License-Identifier: GPL-3.0-or-later
# Without it, the nine legacy categories of a policy overwrite every subcategory (CIS 2.3.2.1). It comes first, so
# that what the next step sets stays.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$setting = @{ Path = 'SYSTEM\CurrentControlSet\Control\Lsa'; Name = 'SCENoApplyLegacyAuditPolicy' }
$changed = Set-HipaaRegistryState @setting -Kind DWord -Value 1
[ordered]@{ changed = $changed; note = 'subcategories_win'; saved = [ordered]@{} }
