# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._PatchingAgent
Set-StrictMode -Version 3.0

$script:Servicing = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
$script:AutoUpdate = 'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update'
$script:UpdatePolicy = 'SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
$script:DevicePolicy = 'SOFTWARE\Microsoft\PolicyManager\current\device\Update'
$script:UserSetting = 'SOFTWARE\Microsoft\WindowsUpdate\UX\Settings'
$script:ServerManager = 'SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache'
$script:ComputerName = 'SYSTEM\CurrentControlSet\Control\ComputerName'
$script:Netlogon = 'SYSTEM\CurrentControlSet\Services\Netlogon'
$script:SessionManager = 'SYSTEM\CurrentControlSet\Control\Session Manager'
$script:AgentService = 'SYSTEM\CurrentControlSet\Services\wuauserv'
$script:ServiceName = 'wuauserv', 'UsoSvc', 'BITS', 'CryptSvc', 'TrustedInstaller', 'CcmExec'
$script:PackageLimit = 12
$script:HotfixLimit = 20
$script:EventTimeoutSeconds = 60
# Definitions alone make several records a day; this many reach back about a month.
$script:EventLimit = 200
$script:EventKept = 25
# 19 installed, 20 failed, 43 started.
$script:ClientQuery = @'
<QueryList><Query Id="0" Path="System"><Select Path="System">
*[System[Provider[@Name='Microsoft-Windows-WindowsUpdateClient'] and (EventID=19 or EventID=20 or EventID=43)]]
</Select></Query></QueryList>
'@
# 4: a package needs a reboot.
$script:ServicingQuery = @'
<QueryList><Query Id="0" Path="Setup"><Select Path="Setup">
*[System[Provider[@Name='Microsoft-Windows-Servicing'] and (EventID=4)]]
</Select></Query></QueryList>
'@
$script:ReadEvent = {
    param ([string]$Query, [int]$Limit)

    try {
        $records = @(Get-WinEvent -FilterXml $Query -MaxEvents $Limit -ErrorAction Stop)
    }
    catch {
        if ($_.FullyQualifiedErrorId -like 'NoMatchingEventsFound*') { return }
        throw
    }
    foreach ($record in $records) {
        [ordered]@{
            id = $record.Id
            at = $record.TimeCreated
            values = @(foreach ($property in $record.Properties) { $property.Value })
        }
    }
}

function Get-InstallInstant($Path) {
    $high = Get-HipaaRegistryValue -Path $Path -Name InstallTimeHigh -Type int
    $low = Get-HipaaRegistryValue -Path $Path -Name InstallTimeLow -Type int
    if ($null -eq $high -or $null -eq $low) { return $null }
    ConvertTo-HipaaInstant -Value ([datetime]::FromFileTimeUtc(([long]$high -shl 32) -bor [long]$low))
}

function Get-Package {
    # Names carry the level, in every language and on every processor: ...~<build>.<ubr>.<n>.<n>
    $names = @(Get-HipaaRegistrySubKey -Path "$script:Servicing\Packages" | Where-Object {
            $_ -match '^Package_for_RollupFix~.*~(\d+)\.(\d+)\.\d+\.\d+$'
        })
    $packages = @(foreach ($name in $names) {
            $part = $name.Split('~')[-1].Split('.')
            [ordered]@{
                name = $name
                build = [int]::Parse($part[0], [System.Globalization.CultureInfo]::InvariantCulture)
                ubr = [int]::Parse($part[1], [System.Globalization.CultureInfo]::InvariantCulture)
            }
        })
    $newest = @($packages | Sort-Object -Descending -Property { $_.build }, { $_.ubr } |
            Select-Object -First $script:PackageLimit)
    [ordered]@{
        total = $packages.Count
        packages = ConvertTo-HipaaFactList -Item @(foreach ($package in $newest) {
                $path = "$script:Servicing\Packages\$($package.name)"
                [ordered]@{
                    build = $package.build
                    ubr = $package.ubr
                    state = Get-HipaaRegistryValue -Path $path -Name CurrentState -Type int
                    installed_at = Get-InstallInstant $path
                }
            })
    }
}

function ConvertFrom-InstantText($Text) {
    # Settings and old agents write UTC as text, with or without a T and a Z.
    if ([string]::IsNullOrEmpty($Text)) { return $null }
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $style = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $instant = [datetime]::MinValue
    if (-not [datetime]::TryParse($Text, $culture, $style, [ref]$instant)) {
        throw [System.IO.InvalidDataException]::new('A text that is no time')
    }
    ConvertTo-HipaaInstant -Value $instant
}

function Get-InstantValue($Path, $Name) {
    ConvertFrom-InstantText (Get-HipaaRegistryValue -Path $Path -Name $Name -Type string)
}

function Get-WsusScheme {
    # Which server it is stays on the host: only whether there is one, and whether it is encrypted.
    $address = Get-HipaaRegistryValue -Path $script:UpdatePolicy -Name WUServer -Type string
    if ([string]::IsNullOrEmpty($address)) { return 'none' }
    if ($address -like 'https://*') { 'https' } elseif ($address -like 'http://*') { 'http' } else { 'other' }
}

function Get-Setting {
    $automatic = "$script:UpdatePolicy\AU"
    [ordered]@{
        no_auto_update = Get-HipaaRegistryValue -Path $automatic -Name NoAutoUpdate -Type int
        au_options = Get-HipaaRegistryValue -Path $automatic -Name AUOptions -Type int
        scheduled_install_day = Get-HipaaRegistryValue -Path $automatic -Name ScheduledInstallDay -Type int
        use_wsus = Get-HipaaRegistryValue -Path $automatic -Name UseWUServer -Type int
        wsus_scheme = Get-WsusScheme
        disable_access = Get-HipaaRegistryValue -Path $script:UpdatePolicy -Name DisableWindowsUpdateAccess -Type int
        no_internet = Get-HipaaRegistryValue -Path $script:UpdatePolicy -Name DoNotConnectToWindowsUpdateInternetLocations -Type int
        defer_quality = Get-HipaaRegistryValue -Path $script:UpdatePolicy -Name DeferQualityUpdates -Type int
        defer_quality_days = Get-HipaaRegistryValue -Path $script:UpdatePolicy -Name DeferQualityUpdatesPeriodInDays -Type int
        pause_quality_at = Get-InstantValue $script:UpdatePolicy PauseQualityUpdatesStartTime
        target_release = Get-HipaaRegistryValue -Path $script:UpdatePolicy -Name TargetReleaseVersionInfo -Type string
        pause_expires_at = Get-InstantValue $script:UserSetting PauseUpdatesExpiryTime
        mdm_allow_auto_update = Get-HipaaRegistryValue -Path $script:DevicePolicy -Name AllowAutoUpdate -Type int
        mdm_defer_quality_days = Get-HipaaRegistryValue -Path $script:DevicePolicy -Name DeferQualityUpdatesPeriodInDays -Type int
        # What the service manager was told; a service that it hides is still found here.
        agent_start = Get-HipaaRegistryValue -Path $script:AgentService -Name Start -Type int
        mdm_pause_quality = Get-HipaaRegistryValue -Path $script:DevicePolicy -Name PauseQualityUpdates -Type int
    }
}

function Get-LegacyDate {
    # Only Windows Server 2016 and older write these, and not always.
    [ordered]@{
        last_search_at = Get-InstantValue "$script:AutoUpdate\Results\Detect" LastSuccessTime
        last_install_at = Get-InstantValue "$script:AutoUpdate\Results\Install" LastSuccessTime
    }
}

function Get-RebootSign {
    $pending = Get-HipaaRegistryValue -Path "$script:ComputerName\ComputerName" -Name ComputerName -Type string
    $active = Get-HipaaRegistryValue -Path "$script:ComputerName\ActiveComputerName" -Name ComputerName -Type string
    # The signs are keys that come and go: only a list of the keys beside them shows a refused access.
    $servicing = @(Get-HipaaRegistrySubKey -Path $script:Servicing)
    $update = @(Get-HipaaRegistrySubKey -Path $script:AutoUpdate)
    $joins = @(Get-HipaaRegistryValueName -Path $script:Netlogon) + @(Get-HipaaRegistrySubKey -Path $script:Netlogon)
    $renames = Get-HipaaRegistryValue -Path $script:SessionManager -Name PendingFileRenameOperations -Type strings
    [ordered]@{
        servicing_pending = $servicing -contains 'RebootPending'
        servicing_in_progress = $servicing -contains 'RebootInProgress'
        packages_pending = $servicing -contains 'PackagesPending'
        update_required = $update -contains 'RebootRequired'
        server_manager = Get-HipaaRegistryValue -Path $script:ServerManager -Name RestartRequired -Type int
        computer_rename = $null -ne $pending -and $null -ne $active -and $pending -ne $active
        domain_join = $joins -contains 'JoinDomain' -or $joins -contains 'AvoidSpnSet'
        # Entries come in pairs, source and target. Printer drivers and antivirus leave them everywhere.
        file_renames = [int][math]::Ceiling(@($renames | Where-Object { $null -ne $_ }).Count / 2)
    }
}

function Get-UpdateEvent([string[]]$Ignore) {
    $query = @{
        Script = $script:ReadEvent
        TimeoutSeconds = $script:EventTimeoutSeconds
        ArgumentList = @{ Query = $script:ClientQuery; Limit = $script:EventLimit }
    }
    $events = @(foreach ($item in @(Invoke-HipaaIsolated @query)) {
            # A failure starts with its error code; then all have title, GUID and revision.
            $offset = if ($item.id -eq 20) { 1 } else { 0 }
            if ($item.values.Count -lt $offset + 2) { throw [System.IO.InvalidDataException]::new('A record lacks fields') }
            $numbers = @(Get-HipaaUpdateNumber -Title $item.values[$offset])
            if (@($numbers | Where-Object { $Ignore -contains $_ }).Count -gt 0) { continue }
            [ordered]@{
                id = ConvertTo-HipaaFact -Value $item.id -Type int
                at = ConvertTo-HipaaFact -Value $item.at -Type instant
                update_id = ConvertTo-HipaaUpdateId -Value $item.values[$offset + 1]
                hresult = if ($offset -eq 1) { ConvertTo-HipaaHresult -Value $item.values[0] } else { $null }
                kbs = ConvertTo-HipaaFactList -Item $numbers
            }
        })
    $events | Select-Object -First $script:EventKept
}

function Get-ServicingEvent {
    $query = @{
        Script = $script:ReadEvent
        TimeoutSeconds = $script:EventTimeoutSeconds
        ArgumentList = @{ Query = $script:ServicingQuery; Limit = 10 }
    }
    foreach ($item in @(Invoke-HipaaIsolated @query)) {
        [ordered]@{ at = ConvertTo-HipaaFact -Value $item.at -Type instant }
    }
}

function Get-Hotfix {
    # InstalledOn is text in the format of the culture, or of another one: it is no date.
    $items = @(foreach ($item in @(Get-HipaaCimInstance -ClassName Win32_QuickFixEngineering)) {
            [ordered]@{ hotfix_id = Get-HipaaProperty -InputObject $item -Name HotFixID -Type string }
        })
    [ordered]@{
        total = $items.Count
        hotfixes = ConvertTo-HipaaFactList -Item @($items | Select-Object -First $script:HotfixLimit)
    }
}

function Get-HipaaPatchingFact {
    <#
    .SYNOPSIS
    Reads the update level of this host, what updates are missing, and what keeps them from coming.
    .PARAMETER Collect
    online_search: auto asks the source of updates, then the cache if that fails; always asks the
    source only, never the cache only. search_timeout_seconds: for the online search. ignored_kbs:
    article numbers of updates, such as definitions, that say nothing about patching.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([System.Collections.IDictionary]$Collect = @{})

    $mode = if ($Collect.ContainsKey('online_search')) { $Collect.online_search } else { 'auto' }
    $limit = if ($Collect.ContainsKey('search_timeout_seconds')) { $Collect.search_timeout_seconds } else { 900 }
    $ignored = @(if ($Collect.ContainsKey('ignored_kbs')) { $Collect.ignored_kbs })
    $facts = [ordered]@{
        packages = Invoke-HipaaProbe -Source "registry:$script:Servicing\Packages" -Script { Get-Package }
        # Before the search, which itself counts as one.
        agent_dates = Invoke-HipaaProbe -Source 'com:Microsoft.Update.AutoUpdate' -Script { Get-HipaaUpdateAgentDate }
        search = Invoke-HipaaProbe -Source 'com:Microsoft.Update.Searcher' -Script {
            if ($mode -eq 'never') { Get-HipaaUpdateSearch -Online $false }
            else { Get-HipaaUpdateSearch -Online $true -TimeoutSeconds $limit }
        }
    }
    $isWanted = $mode -eq 'auto' -and $facts.search.state -ne 'ok'
    $facts.cached_search = Invoke-HipaaProbe -Source 'com:Microsoft.Update.Searcher (cache)' -Script {
        if ($isWanted) { Get-HipaaUpdateSearch -Online $false }
    }
    $facts.legacy_dates = Invoke-HipaaProbe -Source "registry:$script:AutoUpdate\Results" -Script { Get-LegacyDate }
    $facts.history = Invoke-HipaaProbe -Source 'com:Microsoft.Update.Searcher.QueryHistory' -Script {
        Get-HipaaUpdateHistory -Ignore $ignored
    }
    $facts.events = Invoke-HipaaProbe -Source 'eventlog:System:Microsoft-Windows-WindowsUpdateClient' -Script {
        ConvertTo-HipaaFactList -Item @(Get-UpdateEvent $ignored)
    }
    $facts.servicing_events = Invoke-HipaaProbe -Source 'eventlog:Setup:Microsoft-Windows-Servicing' -Script {
        ConvertTo-HipaaFactList -Item @(Get-ServicingEvent)
    }
    $facts.hotfixes = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_QuickFixEngineering' -Script { Get-Hotfix }
    $facts.settings = Invoke-HipaaProbe -Source "registry:$script:UpdatePolicy; registry:$script:DevicePolicy; registry:$script:UserSetting" -Script {
        Get-Setting
    }
    $facts.update_services = Invoke-HipaaProbe -Source 'com:Microsoft.Update.ServiceManager' -Script {
        ConvertTo-HipaaFactList -Item @(Get-HipaaUpdateService)
    }
    $facts.services = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Service' -Script {
        ConvertTo-HipaaFactList -Item @(Get-HipaaService -Name $script:ServiceName)
    }
    $facts.reboot = Invoke-HipaaProbe -Source "registry:$script:Servicing; registry:$script:AutoUpdate; registry:$script:ComputerName" -Script {
        Get-RebootSign
    }
    $facts.agent_reboot = Invoke-HipaaProbe -Source 'com:Microsoft.Update.SystemInfo' -Script {
        [ordered]@{ required = Get-HipaaUpdateAgentReboot }
    }
    $facts
}

Export-ModuleMember -Function 'Get-HipaaPatchingFact'
