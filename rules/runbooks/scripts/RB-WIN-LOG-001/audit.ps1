# SPDX-License-Identifier: GPL-3.0-or-later
# Bits are added, never taken away. auditpol takes GUIDs, and turns on the privilege that it needs.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$masks = Get-HipaaAuditMask
$set = @(foreach ($line in $Parameter.baseline) {
        $guid, $bits, $name = $line.Split([char[]]' ', 3)
        if ($Parameter.subcategories -notcontains $name) { continue }
        $lacking = [int]$bits -band (3 -bxor [int]$masks[$guid])
        if ($lacking -eq 0) { continue }
        $switches = @(
            if ($lacking -band 1) { '/success:enable' }
            if ($lacking -band 2) { '/failure:enable' }
        )
        Invoke-HipaaTool -Name auditpol.exe -ArgumentList "/set /subcategory:{$guid} $($switches -join ' ')"
        $guid
    })
[ordered]@{ changed = $set.Count -gt 0; note = 'subcategories_audited'; saved = [ordered]@{ subcategories = $set } }
