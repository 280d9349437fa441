# SPDX-License-Identifier: GPL-3.0-or-later
# Keys that unlock data volumes lie on the volume of Windows, so that has to be protected first. Out of time, nothing
# is lost: encryption goes on, and a later repair goes on from there.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$deadline = (Get-Date).AddSeconds(14000)
$volume = Get-HipaaEncryptableVolume -Name $env:SystemDrive
$waits = $Parameter.fixed.Count -gt 0
while ($waits) {
    $state = Get-HipaaVolumeState -Volume $volume
    if ($state.protection -eq 1) { break }
    if ($state.conversion -notin 1, 2) { throw [System.InvalidOperationException]::new('The volume of Windows is not being encrypted') }
    if ((Get-Date) -ge $deadline) { throw [System.TimeoutException]::new('The volume of Windows is not protected yet') }
    Start-Sleep -Seconds 600
}
[ordered]@{ changed = $false; note = 'windows_volume_protected'; saved = [ordered]@{} }
