# SPDX-License-Identifier: GPL-3.0-or-later
# Whoever runs this has reached the host through the WinRM that was restarted.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = Unregister-HipaaTask -Name HipaaRevert-RB-WIN-LOG-004
[ordered]@{ changed = $changed; note = 'start_disarmed'; saved = [ordered]@{} }
