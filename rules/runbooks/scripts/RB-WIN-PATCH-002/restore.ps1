# SPDX-License-Identifier: GPL-3.0-or-later
# The new folder is set aside in its turn, and the old one takes its place; what ran before runs again. Nothing is
# deleted.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

if (-not $Saved.Contains('1')) { return [ordered]@{ changed = $false; note = 'nothing_set_aside'; saved = [ordered]@{} } }
$changed = $false
$note = 'nothing_set_aside'
$aside = [string]$Saved['1'].aside
$old = Join-Path -Path $env:SystemRoot -ChildPath $aside
if (Test-Path -LiteralPath $old -PathType Container) {
    foreach ($name in 'wuauserv', 'BITS') {
        if ((Get-HipaaService -Name $name).state -eq 'Stopped') { continue }
        Stop-Service -Name $name -Force -ErrorAction Stop
        Wait-HipaaServiceState -Name $name -State Stopped -TimeoutSeconds 120
    }
    $folder = Join-Path -Path $env:SystemRoot -ChildPath 'SoftwareDistribution'
    if (Test-Path -LiteralPath $folder) { Rename-Item -LiteralPath $folder -NewName ($aside -replace '\.hipaa-', '.hipaa-unused-') -ErrorAction Stop }
    Rename-Item -LiteralPath $old -NewName 'SoftwareDistribution' -ErrorAction Stop
    $changed = $true
    $note = 'put_back'
}
foreach ($name in $Saved['1'].running) { $changed = (Start-HipaaService -Name $name) -or $changed }
[ordered]@{ changed = $changed; note = $note; saved = [ordered]@{} }
