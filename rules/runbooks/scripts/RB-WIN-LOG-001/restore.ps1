# SPDX-License-Identifier: GPL-3.0-or-later
# Only what step 1 noted, and only where it is another now.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ($Saved.Contains('1')) {
    $masks = Get-HipaaAuditMask
    $word = @{ 0 = 'disable'; 1 = 'enable'; 2 = 'enable' }
    foreach ($guid in $Saved['1'].masks.Keys) {
        $old = [int]$Saved['1'].masks[$guid]
        if ([int]$masks[$guid] -eq $old) { continue }
        $switches = "/success:$($word[$old -band 1]) /failure:$($word[$old -band 2])"
        Invoke-HipaaTool -Name auditpol.exe -ArgumentList "/set /subcategory:{$guid} $switches"
        $changed = $true
    }
    $changed = (Restore-HipaaRegistryState -State $Saved['1'].force) -or $changed
}
[ordered]@{ changed = $changed; note = 'audit_policy_restored'; saved = [ordered]@{} }
