# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._HostFact
Set-StrictMode -Version 3.0

function Get-HipaaFactDocument {
    <#
    .SYNOPSIS
    Runs collectors and returns their facts as one document of schema version 1.
    .PARAMETER Collector
    Check id to the name of the collector function, in the order of the answer.
    .PARAMETER Collect
    Check id to what the policy asks the collector to look for.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param (
        [Parameter(Mandatory)][System.Collections.IDictionary]$Collector,
        [Parameter(Mandatory)][System.Collections.IDictionary]$Collect
    )

    $document = [ordered]@{
        schema_version = 1
        collected_at = ConvertTo-HipaaInstant -Value (Get-Date)
        host = Get-HipaaHostFact
        checks = [ordered]@{}
    }
    foreach ($check in $Collector.Keys) {
        $arguments = @{}
        if ($Collect.ContainsKey($check)) { $arguments.Collect = $Collect[$check] }
        try {
            $document.checks[$check] = & $Collector[$check] @arguments
        }
        catch {
            # A collector reports its errors probe by probe; one that throws all the same has a defect.
            # Its probes stay missing, which the judge takes for unread, and the other checks go on.
            $code = Get-HipaaErrorCode -ErrorRecord $_
            $defect = [ordered]@{ state = 'error'; hresult = $code; source = $Collector[$check] }
            $document.checks[$check] = [ordered]@{ collector = $defect }
        }
    }
    $document
}

Export-ModuleMember -Function 'Get-HipaaFactDocument'
