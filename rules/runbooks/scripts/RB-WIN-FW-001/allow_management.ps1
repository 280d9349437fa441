# SPDX-License-Identifier: GPL-3.0-or-later
# There is no rule of Windows for WinRM over HTTPS, and those for HTTP leave out most of the public profile.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = Set-HipaaManagementRule -Controller $Parameter.controller -Port $Parameter.management_port
[ordered]@{ changed = $changed; note = 'controller_allowed'; saved = [ordered]@{} }
