# SPDX-License-Identifier: GPL-3.0-or-later
# A host answers long before its updates are done.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

Wait-HipaaSettled -Before $Saved['1'].mark
[ordered]@{ changed = $true; note = 'restarted'; saved = [ordered]@{} }
