# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# What the Windows Update Agent answers over COM. Its dates are UTC and do not say so.
#AnsibleRequires -PowerShell ..module_utils._Probe
Set-StrictMode -Version 3.0

$script:CacheTimeoutSeconds = 180
$script:QueryTimeoutSeconds = 60
$script:UpdateLimit = 30
$script:HistoryLimit = 100
$script:HistoryKept = 25
# MsrcSeverity is not translated. Updates without a rating have none, or a text that is no rating.
$script:SeverityName = @{ Critical = 'critical'; Important = 'important'; Moderate = 'moderate'; Low = 'low' }
$script:SeverityRank = @{ critical = 0; important = 1; moderate = 2; low = 2 }

# The agent takes no time limit and waits for the scans of Windows itself: it runs in a runspace
# that can be abandoned. What it returns is typed outside, where wrong types throw.
$script:Search = {
    param ($Online)

    $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
    $searcher.Online = $Online
    # Hidden ones too: whoever hides an update does not install it.
    $result = $searcher.Search("IsInstalled=0 and Type='Software'")
    $warnings = @(for ($index = 0; $index -lt $result.Warnings.Count; $index++) {
            $item = $result.Warnings.Item($index)
            [ordered]@{ context = $item.Context; hresult = $item.HResult }
        })
    $updates = @(for ($index = 0; $index -lt $result.Updates.Count; $index++) {
            $item = $result.Updates.Item($index)
            $numbers = $item.KBArticleIDs
            $categories = $item.Categories
            [ordered]@{
                update_id = $item.Identity.UpdateID
                kbs = @(for ($n = 0; $n -lt $numbers.Count; $n++) { $numbers.Item($n) })
                severity = $item.MsrcSeverity
                published_at = $item.LastDeploymentChangeTime
                # The names of categories are translated, their ids are not.
                category_ids = @(for ($n = 0; $n -lt $categories.Count; $n++) { $categories.Item($n).CategoryID })
                browse_only = $item.BrowseOnly
                is_hidden = $item.IsHidden
                is_downloaded = $item.IsDownloaded
                is_mandatory = $item.IsMandatory
                reboot_required = $item.RebootRequired
                reboot_behavior = $item.InstallationBehavior.RebootBehavior
                impact = $item.InstallationBehavior.Impact
            }
        })
    [ordered]@{ result_code = $result.ResultCode; warnings = $warnings; updates = $updates }
}
$script:History = {
    param ($Limit)

    $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
    $total = $searcher.GetTotalHistoryCount()
    $entries = @(if ($total -gt 0) {
            $list = $searcher.QueryHistory(0, $Limit)
            for ($index = 0; $index -lt $list.Count; $index++) {
                $item = $list.Item($index)
                [ordered]@{
                    operation = $item.Operation
                    result_code = $item.ResultCode
                    hresult = $item.HResult
                    at = $item.Date
                    update_id = $item.UpdateIdentity.UpdateID
                    title = $item.Title
                }
            }
        })
    [ordered]@{ total = $total; entries = $entries }
}

function ConvertTo-AgentInstant($Value) {
    if ($null -eq $Value) { return $null }
    if ($Value -isnot [datetime]) { return ConvertTo-HipaaFact -Value $Value -Type instant }
    ConvertTo-HipaaInstant -Value $Value -AssumeUtc
}

function ConvertTo-Severity($Value) {
    $name = ConvertTo-HipaaFact -Value $Value -Type string
    # A function that answers nothing is no $null to a hashtable: the document would hold an empty object.
    if ([string]::IsNullOrEmpty($name)) { return $null }
    $script:SeverityName[$name]
}

function ConvertTo-UpdateFact($Item) {
    [ordered]@{
        update_id = ConvertTo-HipaaUpdateId -Value $Item.update_id
        kbs = ConvertTo-HipaaFactList -Item @(foreach ($number in $Item.kbs) { ConvertTo-HipaaFact -Value $number -Type string })
        severity = ConvertTo-Severity $Item.severity
        published_at = ConvertTo-AgentInstant $Item.published_at
        category_ids = ConvertTo-HipaaFactList -Item @(foreach ($id in $Item.category_ids) { ConvertTo-HipaaUpdateId -Value $id })
        browse_only = ConvertTo-HipaaFact -Value $Item.browse_only -Type bool
        is_hidden = ConvertTo-HipaaFact -Value $Item.is_hidden -Type bool
        is_downloaded = ConvertTo-HipaaFact -Value $Item.is_downloaded -Type bool
        is_mandatory = ConvertTo-HipaaFact -Value $Item.is_mandatory -Type bool
        reboot_required = ConvertTo-HipaaFact -Value $Item.reboot_required -Type bool
        reboot_behavior = ConvertTo-HipaaFact -Value $Item.reboot_behavior -Type int
        impact = ConvertTo-HipaaFact -Value $Item.impact -Type int
    }
}

function Get-UpdateRank($Update) {
    if ($Update.severity) { $script:SeverityRank[$Update.severity] } else { 1 }
}

function ConvertTo-HipaaHresult {
    <#
    .SYNOPSIS
    Returns an error number as text such as 0x8024402C.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ([AllowNull()]$Value)

    $number = ConvertTo-HipaaFact -Value $Value -Type int
    if ($null -eq $number) { return $null }
    '0x{0:X8}' -f ([long]$number -band 0xFFFFFFFFL)
}

function ConvertTo-HipaaUpdateId {
    <#
    .SYNOPSIS
    Returns the GUID of an update or category as lower case text without braces.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ([AllowNull()]$Value)

    if ($Value -is [guid]) { $Value = [string]$Value }
    $text = ConvertTo-HipaaFact -Value $Value -Type string
    if ($null -eq $text) { return $null }
    [guid]::Parse($text).ToString()
}

function Get-HipaaUpdateNumber {
    <#
    .SYNOPSIS
    Returns the numbers of the articles that the title of an update names: KB5066782 is 5066782.
    .DESCRIPTION
    The rest of a title is translated, so it stays on the host.
    #>
    [CmdletBinding()]
    [OutputType([string[]])]
    param ([AllowNull()]$Title)

    $text = ConvertTo-HipaaFact -Value $Title -Type string
    if (-not $text) { return }
    foreach ($match in [regex]::Matches($text, 'KB(\d{6,8})')) { $match.Groups[1].Value }
}

function Get-HipaaUpdateSearch {
    <#
    .SYNOPSIS
    Asks the update agent which software updates are missing, worst rating and oldest first.
    .PARAMETER Online
    Ask the source of updates; otherwise the answer of the last scan is used.
    .PARAMETER TimeoutSeconds
    Seconds that an online search may take.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][bool]$Online, [int]$TimeoutSeconds = $script:CacheTimeoutSeconds)

    $query = @{ Script = $script:Search; TimeoutSeconds = $TimeoutSeconds; ArgumentList = @{ Online = $Online } }
    $result = @(Invoke-HipaaIsolated @query)[0]
    $updates = @(foreach ($item in $result.updates) { ConvertTo-UpdateFact $item })
    $order = @({ Get-UpdateRank $_ }, { [string]$_.published_at })
    $kept = @($updates | Sort-Object -Property $order | Select-Object -First $script:UpdateLimit)
    [ordered]@{
        online = $Online
        result_code = ConvertTo-HipaaFact -Value $result.result_code -Type int
        warnings = ConvertTo-HipaaFactList -Item @(foreach ($item in $result.warnings) {
                [ordered]@{
                    context = ConvertTo-HipaaFact -Value $item.context -Type int
                    hresult = ConvertTo-HipaaHresult -Value $item.hresult
                }
            })
        total = $updates.Count
        updates = ConvertTo-HipaaFactList -Item $kept
    }
}

function Get-HipaaUpdateHistory {
    <#
    .SYNOPSIS
    Returns the newest entries of the agent's history, without the updates that Ignore names by number.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([AllowEmptyCollection()][string[]]$Ignore = @())

    $query = @{
        Script = $script:History
        TimeoutSeconds = $script:QueryTimeoutSeconds
        ArgumentList = @{ Limit = $script:HistoryLimit }
    }
    $result = @(Invoke-HipaaIsolated @query)[0]
    $entries = @(foreach ($item in $result.entries) {
            $numbers = @(Get-HipaaUpdateNumber -Title $item.title)
            if (@($numbers | Where-Object { $Ignore -contains $_ }).Count -gt 0) { continue }
            [ordered]@{
                operation = ConvertTo-HipaaFact -Value $item.operation -Type int
                result_code = ConvertTo-HipaaFact -Value $item.result_code -Type int
                hresult = ConvertTo-HipaaHresult -Value $item.hresult
                at = ConvertTo-AgentInstant $item.at
                update_id = ConvertTo-HipaaUpdateId -Value $item.update_id
                kbs = ConvertTo-HipaaFactList -Item $numbers
            }
        })
    [ordered]@{
        total = ConvertTo-HipaaFact -Value $result.total -Type int
        entries = ConvertTo-HipaaFactList -Item @($entries | Select-Object -First $script:HistoryKept)
    }
}

function Get-HipaaUpdateAgentDate {
    <#
    .SYNOPSIS
    Returns when automatic updates last searched and installed with success; $null means never.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $result = @(Invoke-HipaaIsolated -TimeoutSeconds $script:QueryTimeoutSeconds -Script {
            $results = (New-Object -ComObject Microsoft.Update.AutoUpdate).Results
            [ordered]@{ search = $results.LastSearchSuccessDate; install = $results.LastInstallationSuccessDate }
        })[0]
    [ordered]@{
        last_search_at = ConvertTo-AgentInstant $result.search
        last_install_at = ConvertTo-AgentInstant $result.install
    }
}

function Get-HipaaUpdateService {
    <#
    .SYNOPSIS
    Returns the services that offer updates to this host, by GUID.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $items = Invoke-HipaaIsolated -TimeoutSeconds $script:QueryTimeoutSeconds -Script {
        $services = (New-Object -ComObject Microsoft.Update.ServiceManager).Services
        for ($index = 0; $index -lt $services.Count; $index++) {
            $item = $services.Item($index)
            [ordered]@{ id = $item.ServiceID; is_default = $item.IsDefaultAUService; is_managed = $item.IsManaged }
        }
    }
    foreach ($item in @($items)) {
        [ordered]@{
            service_id = ConvertTo-HipaaUpdateId -Value $item.id
            is_default = ConvertTo-HipaaFact -Value $item.is_default -Type bool
            is_managed = ConvertTo-HipaaFact -Value $item.is_managed -Type bool
        }
    }
}

function Get-HipaaUpdateAgentReboot {
    <#
    .SYNOPSIS
    Returns whether the update agent waits for a reboot. It refuses a network logon on every Windows.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ()

    $answer = Invoke-HipaaIsolated -TimeoutSeconds $script:QueryTimeoutSeconds -Script {
        (New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired
    }
    ConvertTo-HipaaFact -Value @($answer)[0] -Type bool
}

$exports = @(
    'ConvertTo-HipaaHresult', 'ConvertTo-HipaaUpdateId', 'Get-HipaaUpdateNumber', 'Get-HipaaUpdateSearch'
    'Get-HipaaUpdateHistory', 'Get-HipaaUpdateAgentDate', 'Get-HipaaUpdateService', 'Get-HipaaUpdateAgentReboot'
)
Export-ModuleMember -Function $exports
