# SPDX-License-Identifier: GPL-3.0-or-later
# Only what is off is switched: a preference that is set belongs to the host from then on.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$query = @{ ClassName = 'MSFT_MpPreference'; Namespace = 'root/Microsoft/Windows/Defender' }
$preference = @(Get-HipaaCimInstance @query)[0]
$off = @(foreach ($name in 'DisableRealtimeMonitoring', 'DisableBehaviorMonitoring', 'DisableIOAVProtection', 'DisableScriptScanning') {
        if ((Get-HipaaProperty -InputObject $preference -Name $name -Type bool) -eq $true) { $name }
    })
$parts = $Parameter.components
$done = @()
if ($off -contains 'DisableRealtimeMonitoring') {
    Set-MpPreference -DisableRealtimeMonitoring $false -ErrorAction Stop
    $done += 'realtime'
}
if ($off -contains 'DisableBehaviorMonitoring' -and $parts -contains 'behavior') {
    Set-MpPreference -DisableBehaviorMonitoring $false -ErrorAction Stop
    $done += 'behavior'
}
if ($off -contains 'DisableIOAVProtection' -and $parts -contains 'ioav') {
    Set-MpPreference -DisableIOAVProtection $false -ErrorAction Stop
    $done += 'ioav'
}
if ($off -contains 'DisableScriptScanning' -and $parts -contains 'script') {
    Set-MpPreference -DisableScriptScanning $false -ErrorAction Stop
    $done += 'script'
}
[ordered]@{
    changed = $done.Count -gt 0
    note = if ($done.Count -gt 0) { 'switched_on' } else { 'on_already' }
    saved = [ordered]@{ switched_on = $done }
}
