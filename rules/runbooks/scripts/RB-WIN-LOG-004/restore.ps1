# SPDX-License-Identifier: GPL-3.0-or-later
# A restart that is still to come is called off; one that has been cannot be taken back, and did no harm.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = Unregister-HipaaTask -Name HipaaRestart-RB-WIN-LOG-004
if ($Saved.Contains('2') -and $Saved['2'].added) {
    $members = @(Get-LocalGroupMember -SID S-1-5-32-573 -ErrorAction Stop | Where-Object { [string]$_.SID -eq 'S-1-5-20' })
    if ($members.Count -gt 0) {
        Remove-LocalGroupMember -SID S-1-5-32-573 -Member S-1-5-20 -ErrorAction Stop
        $changed = $true
    }
}
$changed = (Unregister-HipaaTask -Name HipaaRevert-RB-WIN-LOG-004) -or $changed
[ordered]@{ changed = $changed; note = 'reader_removed'; saved = [ordered]@{} }
