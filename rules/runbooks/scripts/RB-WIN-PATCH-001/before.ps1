# SPDX-License-Identifier: GPL-3.0-or-later
# What the end is compared with.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$version = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
[ordered]@{
    changed = $false
    note = 'noted'
    saved = [ordered]@{
        mark = Get-HipaaStartMark
        build = Get-HipaaRegistryValue -Path $version -Name CurrentBuild -Type string
        ubr = Get-HipaaRegistryValue -Path $version -Name UBR -Type int
    }
}
