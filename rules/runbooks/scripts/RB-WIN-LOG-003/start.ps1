# SPDX-License-Identifier: GPL-3.0-or-later
# A start of a disabled service always fails (1058), so the start mode comes first.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$isSet = Set-HipaaServiceStartMode -Name EventLog -StartMode Auto
$isStarted = Start-HipaaService -Name EventLog -TimeoutSeconds 60
[ordered]@{ changed = $isSet -or $isStarted; note = 'service_runs'; saved = [ordered]@{} }
