# SPDX-License-Identifier: GPL-3.0-or-later
# Clients always have it. The restart that it needs is the controller's.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$isClient = [int]@(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0].ProductType -eq 1
$changed = $false
if (-not $isClient -and (Get-HipaaOptionalFeature -Name BitLocker) -ne 1) {
    $answer = Install-WindowsFeature -Name BitLocker -ErrorAction Stop
    if (-not $answer.Success) { throw [System.InvalidOperationException]::new('BitLocker was not installed') }
    $changed = $true
}
[ordered]@{ changed = $changed; note = 'bitlocker_installed'; saved = [ordered]@{} }
