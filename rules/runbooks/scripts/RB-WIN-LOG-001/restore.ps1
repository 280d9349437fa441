# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 1 noted. What step 3 has added goes, what was audited before is audited again, and what others have
# added meanwhile stays.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    $masks = Get-HipaaAuditMask
    foreach ($line in $Parameter.baseline) {
        $guid, $bits, $name = $line.Split([char[]]' ', 3)
        if ($Parameter.subcategories -notcontains $name -or -not $Saved['1'].masks.Contains($guid)) { continue }
        $old = [int]$Saved['1'].masks[$guid]
        $now = [int]$masks[$guid]
        $added = [int]$bits -band (3 -bxor $old) -band $now
        $lost = $old -band (3 -bxor $now)
        $switches = @(
            if ($lost -band 1) { '/success:enable' } elseif ($added -band 1) { '/success:disable' }
            if ($lost -band 2) { '/failure:enable' } elseif ($added -band 2) { '/failure:disable' }
        )
        if ($switches.Count -eq 0) { continue }
        Invoke-HipaaTool -Name auditpol.exe -ArgumentList "/set /subcategory:{$guid} $($switches -join ' ')"
        $changed = $true
    }
    $changed = (Restore-HipaaRegistryState -State $Saved['1'].force) -or $changed
}
[ordered]@{ changed = $changed; note = 'audit_policy_restored'; saved = [ordered]@{} }
