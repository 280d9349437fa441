# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Event logs: bounded queries, and data by name. Messages are localised and never read.
#AnsibleRequires -PowerShell ..module_utils._Probe
Set-StrictMode -Version 3.0

# The cmdlet takes no time limit, and a large log answers after minutes.
$script:ReadEvent = {
    param ([string]$LogName, [string]$Query, [int]$MaxEvents)

    # An unknown log has an error id of its own here; a query would say so in words only.
    $null = Get-WinEvent -ListLog $LogName -ErrorAction Stop
    try {
        Get-WinEvent -FilterXml $Query -MaxEvents $MaxEvents -ErrorAction Stop
    }
    catch {
        # PowerShell calls an empty answer an error. Its id is the same in every language.
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw }
    }
}

function Get-HipaaEvent {
    <#
    .SYNOPSIS
    Returns the newest events of a log that match an XPath condition; none is not an error.
    .PARAMETER Condition
    XPath over System, such as: Provider[@Name='Veeam Agent'] and (EventID=190)
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$LogName,
        [Parameter(Mandatory)][string]$Condition,
        [Parameter(Mandatory)][int]$MaxEvents,
        [int]$TimeoutSeconds = 60
    )

    $name = [System.Security.SecurityElement]::Escape($LogName)
    $test = [System.Security.SecurityElement]::Escape("*[System[$Condition]]")
    $query = "<QueryList><Query Id='0' Path='$name'><Select Path='$name'>$test</Select></Query></QueryList>"
    $arguments = @{ LogName = $LogName; Query = $query; MaxEvents = $MaxEvents }
    Invoke-HipaaIsolated -Script $script:ReadEvent -TimeoutSeconds $TimeoutSeconds -ArgumentList $arguments
}

function Get-HipaaEventData {
    <#
    .SYNOPSIS
    Returns a named field of an event's data as text; $null when the event has no such field.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ([Parameter(Mandatory)]$Record, [Parameter(Mandatory)][string]$Name)

    $document = [System.Xml.XmlDocument]::new()
    $document.LoadXml($Record.ToXml())
    # Most providers name data by attribute, the event log itself by element.
    $path = "//*[local-name()='Data' and @Name='$Name'] | /*/*[local-name()='UserData']//*[local-name()='$Name']"
    $node = $document.SelectSingleNode($path)
    if ($null -eq $node) { return $null }
    $node.InnerText
}

Export-ModuleMember -Function 'Get-HipaaEvent', 'Get-HipaaEventData'
