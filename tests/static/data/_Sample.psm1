# SPDX-License-Identifier: GPL-3.0-or-later
# What unknown.ps1 requires.
Set-StrictMode -Version 3.0

function Get-SampleFact {
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$Name,
        [int]$Depth = 1
    )

    Get-Hidden -Name $Name -Depth $Depth
}

function Get-Hidden {
    param ([string]$Name, [int]$Depth)

    "$Name $Depth"
}

$exports = @('Get-SampleFact')
Export-ModuleMember -Function $exports
