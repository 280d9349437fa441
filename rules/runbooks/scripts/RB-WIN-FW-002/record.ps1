# SPDX-License-Identifier: GPL-3.0-or-later
# What this host itself asks for, noted before anything changes: the way back must not depend on a step that failed.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$before = @(Get-HipaaFirewallProfile -PolicyStore PersistentStore)
[ordered]@{ changed = $false; note = 'log_settings_noted'; saved = [ordered]@{ profiles = $before } }
