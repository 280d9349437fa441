# SPDX-License-Identifier: GPL-3.0-or-later
# This session lives in WinRM, so a task restarts it when the session is over. A new right to read counts from then.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

Register-HipaaTask -Name HipaaRestart-RB-WIN-LOG-004 -Command 'Restart-Service -Name WinRM -Force' -Minutes 0.25
[ordered]@{ changed = $true; note = 'restart_armed'; saved = [ordered]@{} }
