# SPDX-License-Identifier: GPL-3.0-or-later
# A new process takes a while to register its writers.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

for ($try = 0; $try -lt 6; $try++) {
    if ($try -gt 0) { Start-Sleep -Seconds 20 }
    $fault = Get-HipaaWriterFault -TimeoutSeconds 120
    if ($fault.writers.Count -eq 0) { return [ordered]@{ changed = $false; note = 'writers_are_well'; saved = [ordered]@{} } }
}
# VSS_E_WRITERERROR_NONRETRYABLE: the code that the next job would end with.
throw [System.Runtime.InteropServices.COMException]::new('A writer has failed again.', 0x800423F4)
