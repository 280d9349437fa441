# SPDX-License-Identifier: GPL-3.0-or-later
# The new folder is set aside in its turn, and the old one takes its place. Nothing is deleted.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

if (-not $Saved.Contains('3') -or -not $Saved['3'].Contains('own')) {
    return [ordered]@{ changed = $false; note = 'nothing_set_aside'; saved = [ordered]@{} }
}
$aside = [string]$Saved['3'].aside
$old = Join-Path -Path $env:SystemRoot -ChildPath $aside
if (-not (Test-Path -LiteralPath $old -PathType Container)) {
    return [ordered]@{ changed = $false; note = 'put_back_already'; saved = [ordered]@{} }
}
foreach ($name in 'wuauserv', 'BITS') {
    if ((Get-HipaaService -Name $name).state -eq 'Stopped') { continue }
    Stop-Service -Name $name -Force -ErrorAction Stop
    Wait-HipaaServiceState -Name $name -State Stopped -TimeoutSeconds 120
}
$folder = Join-Path -Path $env:SystemRoot -ChildPath 'SoftwareDistribution'
if (Test-Path -LiteralPath $folder) { Rename-Item -LiteralPath $folder -NewName ($aside -replace '\.hipaa-', '.hipaa-unused-') -ErrorAction Stop }
Rename-Item -LiteralPath $old -NewName 'SoftwareDistribution' -ErrorAction Stop
[ordered]@{ changed = $true; note = 'put_back'; saved = [ordered]@{} }
