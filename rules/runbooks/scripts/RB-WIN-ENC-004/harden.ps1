# SPDX-License-Identifier: GPL-3.0-or-later
# TLS 1.2 comes first: a host that speaks nothing would be lost. Without the values of .NET, programs made for older
# versions of it go on asking for TLS 1.0. All of it is in force after a restart.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$root = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
$changed = $false
$modern = Get-HipaaRegistryState -Path "$root\TLS 1.2\Server" -Name Enabled
if ($modern.exists -and $modern.value -eq 0) {
    $changed = (Set-HipaaRegistryState -Path "$root\TLS 1.2\Server" -Name Enabled -Kind DWord -Value 1) -or $changed
    $changed = (Set-HipaaRegistryState -Path "$root\TLS 1.2\Server" -Name DisabledByDefault -Kind DWord -Value 0) -or $changed
}
foreach ($name in $Parameter.ssl + $Parameter.legacy + $Parameter.by_default) {
    $changed = (Set-HipaaRegistryState -Path "$root\$name\Server" -Name Enabled -Kind DWord -Value 0) -or $changed
    $changed = (Set-HipaaRegistryState -Path "$root\$name\Server" -Name DisabledByDefault -Kind DWord -Value 1) -or $changed
}
foreach ($path in 'SOFTWARE\Microsoft\.NETFramework\v4.0.30319', 'SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v4.0.30319') {
    $changed = (Set-HipaaRegistryState -Path $path -Name SchUseStrongCrypto -Kind DWord -Value 1) -or $changed
    $changed = (Set-HipaaRegistryState -Path $path -Name SystemDefaultTlsVersions -Kind DWord -Value 1) -or $changed
}
[ordered]@{ changed = $changed; note = 'protocols_set'; saved = [ordered]@{} }
