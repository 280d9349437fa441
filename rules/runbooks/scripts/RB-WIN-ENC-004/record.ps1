# SPDX-License-Identifier: GPL-3.0-or-later
# Every value that the next step may write, with those that are missing: a missing one is the default of Windows.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$root = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
$values = @(
    foreach ($name in 'SSL 2.0', 'SSL 3.0', 'TLS 1.0', 'TLS 1.1', 'TLS 1.2') {
        Get-HipaaRegistryState -Path "$root\$name\Server" -Name Enabled
        Get-HipaaRegistryState -Path "$root\$name\Server" -Name DisabledByDefault
    }
    foreach ($path in 'SOFTWARE\Microsoft\.NETFramework\v4.0.30319', 'SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v4.0.30319') {
        Get-HipaaRegistryState -Path $path -Name SchUseStrongCrypto
        Get-HipaaRegistryState -Path $path -Name SystemDefaultTlsVersions
    }
)
[ordered]@{ changed = $false; note = 'protocols_noted'; saved = [ordered]@{ values = $values } }
