# SPDX-License-Identifier: GPL-3.0-or-later
# Noted before anything changes: the way back must not depend on a step that failed.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$before = @(Get-HipaaService -Name $Parameter.services)
[ordered]@{ changed = $false; note = 'services_noted'; saved = [ordered]@{ services = $before } }
