# SPDX-License-Identifier: GPL-3.0-or-later
# An engine that comes back has old definitions. RB-WIN-AV-001 comes back to them where this fails.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

if ((Get-HipaaDefenderState).signature_age_days -eq 0) { return [ordered]@{ changed = $false; note = 'fresh_already'; saved = [ordered]@{} } }
Update-MpSignature -ErrorAction Stop
[ordered]@{ changed = $true; note = 'definitions_fetched'; saved = [ordered]@{} }
