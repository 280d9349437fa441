# SPDX-License-Identifier: GPL-3.0-or-later
# With a failed writer the job would fail after an hour; RB-WIN-BACKUP-002 mends that first.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$failed = @(Get-HipaaShadowWriter | Where-Object { $_.state -in 7, 8, 9, 10, 11 })
# VSS_E_WRITERERROR_NONRETRYABLE: the code that the job would end with.
if ($failed.Count -gt 0) { throw [System.Runtime.InteropServices.COMException]::new('A writer has failed.', 0x800423F4) }
[ordered]@{ changed = $false; note = 'writers_are_well'; saved = [ordered]@{} }
