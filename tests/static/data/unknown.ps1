# SPDX-License-Identifier: GPL-3.0-or-later
# Commands and parameters that Windows or we do not have. Expected: tests/static/test_pscheck.py.
#AnsibleRequires -PowerShell ..module_utils._Sample
Set-StrictMode -Version 3.0
Get-NoSuchThing
Get-NetFirewallProfile -PolicyStore ActiveStore -Nonsense
Get-NetFirewallRule -GPOS 'x'
$good = @{ ClassName = 'Win32_BIOS'; Filter = "Name='x'" }
$good.OperationTimeoutSec = 5
Get-CimInstance @good -ErrorAction Stop
$bad = [ordered]@{ ClassName = 'Win32_BIOS'; Property = @{ Nested = 1 } }
$bad['Misspelt'] = 1
Get-CimInstance @bad
Get-CimInstance @elsewhere
Get-SampleFact -Name 'x' -Depth 2
Get-SampleFact -Size 3
Get-Hidden
function Get-Local($Path) { Get-SampleFact -Name $Path }
Get-Local -Path 1 -Other 2
$byName = 'Get-HipaaNothing'
