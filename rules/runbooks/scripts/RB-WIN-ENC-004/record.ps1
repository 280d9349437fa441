# SPDX-License-Identifier: GPL-3.0-or-later
# Every value that the next step writes, with what it writes there, and those that are missing: a missing one is the
# default of Windows. TLS 1.2 comes first: a host that speaks nothing would be lost. Without the values of .NET,
# programs made for older versions of it go on asking for TLS 1.0.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$root = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
$wanted = @(
    $modern = Get-HipaaRegistryState -Path "$root\TLS 1.2\Server" -Name Enabled
    if ($modern.exists -and $modern.value -eq 0) {
        @{ Path = "$root\TLS 1.2\Server"; Name = 'Enabled'; Value = 1 }
        @{ Path = "$root\TLS 1.2\Server"; Name = 'DisabledByDefault'; Value = 0 }
    }
    foreach ($name in $Parameter.ssl + $Parameter.legacy + $Parameter.by_default) {
        @{ Path = "$root\$name\Server"; Name = 'Enabled'; Value = 0 }
        @{ Path = "$root\$name\Server"; Name = 'DisabledByDefault'; Value = 1 }
    }
    foreach ($path in 'SOFTWARE\Microsoft\.NETFramework\v4.0.30319', 'SOFTWARE\Wow6432Node\Microsoft\.NETFramework\v4.0.30319') {
        @{ Path = $path; Name = 'SchUseStrongCrypto'; Value = 1 }
        @{ Path = $path; Name = 'SystemDefaultTlsVersions'; Value = 1 }
    }
)
$values = @(foreach ($item in $wanted) {
        $state = Get-HipaaRegistryState -Path $item.Path -Name $item.Name
        $state.written = $item.Value
        $state
    })
[ordered]@{ changed = $false; note = 'protocols_noted'; saved = [ordered]@{ values = $values } }
