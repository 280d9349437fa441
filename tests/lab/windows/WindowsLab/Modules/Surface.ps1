# SPDX-License-Identifier: GPL-3.0-or-later
# Dot-sourced by every Modules/<Name>/<Name>.psm1: the functions of that Windows module for this host's version.

param([string]$Name, [string]$Root)
if (-not ('WindowsLab.Lab' -as [type]) -or -not (Get-Module -Name WindowsLab)) {
    Import-Module ([IO.Path]::Combine($Root, '..', '..', 'WindowsLab.psd1')) -Global
}
$lab = [WindowsLab.Lab]
$available = switch ($Name) {
    'WindowsServerBackup' { $lab::FeatureOn('WindowsServerBackup') }
    'ServerManager' { -not $lab::IsClient }
    'BitLocker' { $lab::IsClient -or $lab::FeatureOn('BitLocker') }
    'Defender' { $lab::IsClient -or $lab::FeatureOn('Windows-Defender') }
    default { $true }
}
if (-not $available) {
    Export-ModuleMember
    return
}

$surfaces = [IO.Path]::Combine($Root, '..', '..', 'Surfaces')
. ([IO.Path]::Combine($surfaces, 'Common.ps1'))
. ([IO.Path]::Combine($surfaces, "$Name.ps1"))
$system = $lab::Str($lab::Load(), [string[]]@('os', 'key'))
$commands = [WindowsLab.CommandScripts]::Path($Name, $system)
. $commands

if ($Name -eq 'ServerManager') {
    Set-Alias Add-WindowsFeature Install-WindowsFeature
    Set-Alias Remove-WindowsFeature Uninstall-WindowsFeature
}
# A command under the fault "missing" is not exported: Get-Command does not find it either.
$there = [WindowsLab.CommandScripts]::Functions($commands) | Where-Object {
    $fault = [WindowsLab.Faults]::Find([string[]]@("cmdlet:$_"))
    $null -eq $fault -or $fault.Type -ne 'missing' -or $fault.HasSelection
}
Export-ModuleMember -Function @($there) -Alias *
