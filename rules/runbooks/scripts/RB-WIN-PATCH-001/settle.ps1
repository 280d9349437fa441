# SPDX-License-Identifier: GPL-3.0-or-later
# A host answers long before its updates are done; a cumulative update of Windows Server 2016 takes its time.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

Wait-HipaaSettled -Before $Saved['1'].mark -Minutes 45
[ordered]@{ changed = $true; note = 'restarted'; saved = [ordered]@{} }
