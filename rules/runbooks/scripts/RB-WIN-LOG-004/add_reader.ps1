# SPDX-License-Identifier: GPL-3.0-or-later
# Forwarding reads as NETWORK SERVICE. By SID: both names are translated.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$changed = $false
if ([int]@(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0].ProductType -ne 2) {
    $descriptor = [string](Get-WinEvent -ListLog Security -ErrorAction Stop).SecurityDescriptor
    $members = @(Get-LocalGroupMember -SID S-1-5-32-573 -ErrorAction Stop | Where-Object { [string]$_.SID -eq 'S-1-5-20' })
    if ($descriptor -notmatch ';;;(NS|S-1-5-20)\)' -and $members.Count -eq 0) {
        Add-LocalGroupMember -SID S-1-5-32-573 -Member S-1-5-20 -ErrorAction Stop
        $changed = $true
    }
}
[ordered]@{ changed = $changed; note = 'reader_added'; saved = [ordered]@{ added = $changed } }
