# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._Event
#AnsibleRequires -PowerShell ..module_utils._BackupWsb
Set-StrictMode -Version 3.0

$script:WriterTimeoutSeconds = 180
$script:FileTimeoutSeconds = 60
$script:DirectoryTimeoutSeconds = 60
$script:MaxEventsPerProduct = 20

# The time when a backup last told the directory that it holds a copy.
$script:ReadDirectoryBackup = {
    $server = 'localhost'
    $domain = Get-ADObject -LDAPFilter '(objectClass=domainDNS)' -Server $server -ErrorAction Stop | Select-Object -First 1
    $query = @{ Object = $domain; Server = $server; Properties = 'dSASignature'; ErrorAction = 'Stop' }
    foreach ($item in @(Get-ADReplicationAttributeMetadata @query)) { $item.LastOriginatingChangeTime }
}
$script:ReadNewestFile = {
    param ([string]$Path, [string]$Pattern)

    $files = @(Get-ChildItem -LiteralPath $Path -Filter $Pattern -File -ErrorAction Stop)
    $newest = $files | Sort-Object -Property LastWriteTimeUtc -Descending | Select-Object -First 1
    if ($null -eq $newest) { return }
    [ordered]@{ at = $newest.LastWriteTime; bytes = $newest.Length }
}

function Get-ProductEvent([object[]]$EventSource, [string[]]$Installed) {
    foreach ($source in $EventSource) {
        # Without a service to look for, the policy says that the log is there.
        $patterns = @($source.services)
        $isHere = @($Installed | Where-Object { $name = $_; @($patterns | Where-Object { $name -like $_ }).Count -gt 0 })
        if ($patterns.Count -gt 0 -and $isHere.Count -eq 0) { continue }
        $anyId = @(foreach ($id in $source.ids) { "EventID=$id" }) -join ' or '
        $query = @{
            LogName = $source.log
            Condition = "Provider[@Name='$($source.provider)'] and ($anyId)"
            MaxEvents = $script:MaxEventsPerProduct
        }
        [ordered]@{
            product = $source.product
            events = Invoke-HipaaProbe -Source "eventlog:$($source.log)" -Script {
                $items = @(foreach ($record in @(Get-HipaaEvent @query)) {
                        [ordered]@{
                            level = Get-HipaaProperty -InputObject $record -Name Level -Type int
                            at = Get-HipaaProperty -InputObject $record -Name TimeCreated -Type instant
                        }
                    })
                ConvertTo-HipaaFactList -Item $items
            }
        }
    }
}

function Get-ShadowCopy {
    $copies = @(Get-HipaaCimInstance -ClassName Win32_ShadowCopy)
    $times = @(foreach ($copy in $copies) { Get-HipaaProperty -InputObject $copy -Name InstallDate -Type instant })
    $newest = $times | Sort-Object -Descending | Select-Object -First 1
    $newestAt = $null
    if ($newest) { $newestAt = [string]$newest }
    [ordered]@{ copies = $copies.Count; newest_at = $newestAt }
}

function Get-ShadowWriter {
    $answer = Invoke-HipaaNative -Name vssadmin.exe -ArgumentList 'list writers' -TimeoutSeconds $script:WriterTimeoutSeconds
    # The words are translated. A writer's id is the first of its two, its state the first number in brackets.
    $guid = '\{[0-9a-fA-F-]{36}\}'
    $found = [regex]::Matches($answer.output, "($guid)(?:(?!$guid)[\s\S])*$guid(?:(?!$guid)[\s\S])*?\[(\d+)\]")
    if ($answer.exit_code -ne 0 -or $found.Count -eq 0) {
        throw [System.IO.InvalidDataException]::new("vssadmin ended with $($answer.exit_code) and $($found.Count) writers")
    }
    foreach ($match in $found) {
        [ordered]@{
            id = $match.Groups[1].Value.ToLowerInvariant()
            state = [int]::Parse($match.Groups[2].Value, [System.Globalization.CultureInfo]::InvariantCulture)
        }
    }
}

function Get-DumpFile([object[]]$Dump) {
    foreach ($item in $Dump) {
        $query = @{ Path = $item.path; Pattern = $item.pattern }
        # A folder that does not exist holds no dump: that is an answer.
        $newest = $null
        if (Test-Path -LiteralPath $item.path -PathType Container) {
            $arguments = @{ Script = $script:ReadNewestFile; TimeoutSeconds = $script:FileTimeoutSeconds; ArgumentList = $query }
            $newest = Invoke-HipaaIsolated @arguments | Select-Object -First 1
        }
        $at = $null
        $bytes = $null
        if ($null -ne $newest) {
            $at = ConvertTo-HipaaFact -Value $newest.at -Type instant
            $bytes = ConvertTo-HipaaFact -Value $newest.bytes -Type int
        }
        [ordered]@{ path = $item.path; pattern = $item.pattern; newest_at = $at; bytes = $bytes }
    }
}

function Get-DirectoryBackup {
    $read = Invoke-HipaaIsolated -Script $script:ReadDirectoryBackup -TimeoutSeconds $script:DirectoryTimeoutSeconds
    $last = $null
    foreach ($time in @($read)) { $last = ConvertTo-HipaaFact -Value $time -Type instant }
    [ordered]@{ last_backup_at = $last }
}

function Get-HipaaBackupFact {
    <#
    .SYNOPSIS
    Reads which backup product covers this host, when it last succeeded, and what stands in its way.
    .PARAMETER Collect
    services: short names of the services of known products, with wildcards. event_sources: logs that
    tell results (product, services, log, provider, ids). dumps: folders of dumps (path, pattern).
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([System.Collections.IDictionary]$Collect = @{})

    $patterns = @(if ($Collect.ContainsKey('services')) { $Collect.services })
    $sources = @(if ($Collect.ContainsKey('event_sources')) { $Collect.event_sources })
    $dumps = @(if ($Collect.ContainsKey('dumps')) { $Collect.dumps })
    $facts = Get-HipaaWsbFact
    $facts.services = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Service' -Script {
        ConvertTo-HipaaFactList -Item @(Get-HipaaService -Name wbengine, VSS, swprv, NTDS)
    }
    $facts.products = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Service (products)' -Script {
        [ordered]@{
            patterns = $patterns.Count
            services = ConvertTo-HipaaFactList -Item @(Get-HipaaInstalledService -Pattern $patterns)
        }
    }
    $installed = @(if ($facts.products.state -eq 'ok') { $facts.products.value.services.items | ForEach-Object { $_.name } })
    $facts.product_events = Invoke-HipaaProbe -Source 'eventlog:<of each installed product>' -Script {
        ConvertTo-HipaaFactList -Item @(Get-ProductEvent -EventSource $sources -Installed $installed)
    }
    $facts.feature = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_OptionalFeature' -Script {
        [ordered]@{ install_state = Get-HipaaOptionalFeature -Name WindowsServerBackup }
    }
    $facts.dumps = Invoke-HipaaProbe -Source 'files:<folders of the policy>' -Script {
        ConvertTo-HipaaFactList -Item @(Get-DumpFile -Dump $dumps)
    }
    $facts.shadow_copies = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_ShadowCopy' -Script { Get-ShadowCopy }
    $facts.writers = Invoke-HipaaProbe -Source 'native:vssadmin list writers' -Script {
        ConvertTo-HipaaFactList -Item @(Get-ShadowWriter)
    }
    $isController = $facts.services.state -eq 'ok' -and @($facts.services.value.items | Where-Object { $_.name -eq 'NTDS' -and $_.exists }).Count
    $facts.directory = Invoke-HipaaProbe -Source 'cmdlet:Get-ADReplicationAttributeMetadata (dSASignature)' -Script {
        if ($isController) { Get-DirectoryBackup }
    }
    $facts
}

Export-ModuleMember -Function 'Get-HipaaBackupFact'
