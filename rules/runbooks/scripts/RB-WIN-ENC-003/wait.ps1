# SPDX-License-Identifier: GPL-3.0-or-later
# Keys that unlock data volumes lie on the volume of Windows, so that has to be protected first. Out of time, nothing
# is lost: encryption goes on, and a later repair goes on from there.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$volume = Get-HipaaEncryptableVolume -Name $env:SystemDrive
$isProtected = $Parameter.fixed.Count -eq 0
# By count and not by the clock, which somebody may set meanwhile: 23 times 600 s.
for ($try = 0; $try -lt 23; $try++) {
    if ($isProtected) { break }
    $state = Get-HipaaVolumeState -Volume $volume
    if ($state.protection -eq 1) {
        $isProtected = $true
        break
    }
    if ($state.conversion -notin 1, 2) { throw [System.InvalidOperationException]::new('The volume of Windows is not being encrypted') }
    Start-Sleep -Seconds 600
}
if (-not $isProtected) { throw [System.TimeoutException]::new('The volume of Windows is not protected yet') }
[ordered]@{ changed = $false; note = 'windows_volume_protected'; saved = [ordered]@{} }
