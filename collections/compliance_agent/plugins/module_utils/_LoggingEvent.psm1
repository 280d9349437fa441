# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# What the event logs hold: how far they reach, where they are silent, and traces of tampering.
# A log can have millions of records, so each query is bounded and each reading has a time limit.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._Event
Set-StrictMode -Version 3.0

$script:EventTimeoutSeconds = 120
# Silence of up to this many minutes is not reported; the policy allows no shorter limit.
$script:ResolutionMinutes = 120
# How far back silence is searched, and how many records that may cost.
$script:WindowDays = 2
$script:QueryLimit = 400
$script:GapsShown = 20
$script:EventsShown = 20
$script:PowerEventsShown = 60
$script:ForwardingLog = 'Microsoft-Windows-Forwarding/Operational'

# Log cleared, by the log that says so.
$script:ClearedCondition = [ordered]@{ Security = 'EventID=1102'; System = 'EventID=104' }
# 1101 records lost, 1104 log full, 1108 record refused; 4719 audit policy changed, 4906 CrashOnAuditFail changed.
# Apart, for a policy that is applied writes a 4719 for each of some sixty subcategories.
$script:TamperCondition = @('EventID=1101 or EventID=1104 or EventID=1108', 'EventID=4719 or EventID=4906')
# Start, stop and dirty stop of the system; sleep and resume.
$script:PowerCondition = "(Provider[@Name='EventLog'] and (EventID=6005 or EventID=6006 or EventID=6008))" +
" or (Provider[@Name='Microsoft-Windows-Kernel-General'] and (EventID=12 or EventID=13))" +
" or (Provider[@Name='Microsoft-Windows-Kernel-Power'] and (EventID=41 or EventID=42 or EventID=107))"

# Record numbers rise by one, so halving the number range finds each silence with few records read.
$script:ReadActivity = {
    param ([string]$LogName, [int]$ResolutionMinutes, [int]$WindowDays, [int]$QueryLimit)

    function Read-First([System.Collections.IDictionary]$Query) {
        try {
            $record = Get-WinEvent -LogName $LogName @Query -MaxEvents 1 -ErrorAction Stop
        }
        catch {
            if ($_.FullyQualifiedErrorId -like 'NoMatchingEventsFound*') { return $null }
            throw
        }
        @{ id = [long]$record.RecordId; at = ([datetime]$record.TimeCreated).ToUniversalTime() }
    }

    # In this order: records that arrive or are overwritten meanwhile never look like missing ones.
    $newest = Read-First @{}
    $config = Get-WinEvent -ListLog $LogName -ErrorAction Stop
    $oldest = Read-First @{ Oldest = $true }
    $result = [ordered]@{
        newest = $newest
        oldest = $oldest
        records = $config.RecordCount
        covered_from = $null
        gaps = @()
    }
    if ($null -eq $newest -or $null -eq $oldest) { return $result }

    $windowStart = $newest.at.AddDays(-$WindowDays)
    $result.covered_from = $newest.at
    $gaps = [System.Collections.Generic.List[object]]::new()
    $pending = [System.Collections.Generic.Stack[object]]::new()
    $pending.Push(@{ older = $oldest; newer = $newest })
    $queries = 0
    # The newest pair is always on top, so what is covered is one stretch that ends now.
    while ($pending.Count -gt 0 -and $queries -lt $QueryLimit) {
        $pair = $pending.Pop()
        if ($pair.newer.at -lt $windowStart) { break }
        $isShort = ($pair.newer.at - $pair.older.at).TotalMinutes -le $ResolutionMinutes
        $middle = $null
        for ($id = [long][math]::Floor(($pair.older.id + $pair.newer.id) / 2); -not $isShort; $id++) {
            # A record number that is gone: its neighbour tells as much.
            if ($id -le $pair.older.id -or $id -ge $pair.newer.id -or $queries -ge $QueryLimit) { break }
            $queries++
            $middle = Read-First @{ FilterXPath = "*[System[(EventRecordID=$id)]]" }
            if ($null -ne $middle) { break }
        }
        if ($null -ne $middle) {
            $pending.Push(@{ older = $pair.older; newer = $middle })
            $pending.Push(@{ older = $middle; newer = $pair.newer })
            continue
        }
        if (-not $isShort) {
            if ($queries -ge $QueryLimit) { break }
            $gaps.Add([ordered]@{ from = $pair.older.at; to = $pair.newer.at })
        }
        $result.covered_from = $pair.older.at
    }
    $result.gaps = $gaps.ToArray()
    $result
}

function Get-LogEvent([string]$LogName, [string]$Condition, [int]$MaxEvents) {
    $query = @{ LogName = $LogName; Condition = $Condition; MaxEvents = $MaxEvents; TimeoutSeconds = $script:EventTimeoutSeconds }
    Get-HipaaEvent @query
}

function ConvertTo-EventFact($Record) {
    [ordered]@{
        id = Get-HipaaProperty -InputObject $Record -Name Id -Type int
        at = Get-HipaaProperty -InputObject $Record -Name TimeCreated -Type instant
    }
}

function ConvertTo-RecordFact($Record) {
    if ($null -eq $Record) { return $null }
    [ordered]@{ number = $Record.id; at = ConvertTo-HipaaInstant -Value $Record.at }
}

function Get-HipaaLogActivity {
    <#
    .SYNOPSIS
    Reads the ends of a log and the silences of its last days, newest first.
    .DESCRIPTION
    covered_from: from there to the newest record, every silence above two hours was found.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][string]$LogName)

    $query = @{
        Script = $script:ReadActivity
        TimeoutSeconds = $script:EventTimeoutSeconds
        ArgumentList = @{
            LogName = $LogName
            ResolutionMinutes = $script:ResolutionMinutes
            WindowDays = $script:WindowDays
            QueryLimit = $script:QueryLimit
        }
    }
    $found = @(Invoke-HipaaIsolated @query)[0]
    $covered = $found.covered_from
    $gaps = @($found.gaps)
    [ordered]@{
        newest = ConvertTo-RecordFact $found.newest
        oldest = ConvertTo-RecordFact $found.oldest
        records = ConvertTo-HipaaFact -Value $found.records -Type int
        covered_from = if ($null -eq $covered) { $null } else { ConvertTo-HipaaInstant -Value $covered }
        gaps_found = $gaps.Count
        gaps = ConvertTo-HipaaFactList -Item @(foreach ($gap in @($gaps | Select-Object -First $script:GapsShown)) {
                [ordered]@{
                    from = ConvertTo-HipaaInstant -Value $gap.from
                    to = ConvertTo-HipaaInstant -Value $gap.to
                }
            })
    }
}

function Get-HipaaLogCleared {
    <#
    .SYNOPSIS
    Reads who cleared which log, newest first. The account is a SID, never a name.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    foreach ($log in $script:ClearedCondition.Keys) {
        foreach ($item in @(Get-LogEvent $log $script:ClearedCondition[$log] $script:EventsShown)) {
            $channel = Get-HipaaEventData -Record $item -Name Channel
            [ordered]@{
                # The record of the log System names the cleared log; that of Security stands in it.
                log = if ($null -eq $channel) { $log } else { $channel }
                at = Get-HipaaProperty -InputObject $item -Name TimeCreated -Type instant
                sid = Get-HipaaEventData -Record $item -Name SubjectUserSid
            }
        }
    }
}

function Get-HipaaTamperEvent {
    <#
    .SYNOPSIS
    Reads the newest records that tell of lost records and changed audit settings.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    foreach ($condition in $script:TamperCondition) {
        foreach ($item in @(Get-LogEvent Security $condition $script:EventsShown)) { ConvertTo-EventFact $item }
    }
}

function Get-HipaaPowerEvent {
    <#
    .SYNOPSIS
    Reads when the host started, stopped, slept and woke, newest first.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    foreach ($item in @(Get-LogEvent System $script:PowerCondition $script:PowerEventsShown)) {
        ConvertTo-EventFact $item
    }
}

function Get-HipaaForwardingEvent {
    <#
    .SYNOPSIS
    Reads the newest record of each kind that tells how forwarding goes.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    # A query each: 105 is written every minute while the collector is out of reach.
    foreach ($id in 100, 102, 104, 105) {
        foreach ($item in @(Get-LogEvent $script:ForwardingLog "EventID=$id" 1)) {
            $fact = ConvertTo-EventFact $item
            $fact.error_code = Get-HipaaEventData -Record $item -Name ErrorCode
            $fact
        }
    }
}

$exports = @(
    'Get-HipaaLogActivity', 'Get-HipaaLogCleared', 'Get-HipaaTamperEvent', 'Get-HipaaPowerEvent'
    'Get-HipaaForwardingEvent'
)
Export-ModuleMember -Function $exports
