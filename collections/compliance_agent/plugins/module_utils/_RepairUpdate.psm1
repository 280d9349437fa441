# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Windows Update: what the agent finds, as RB-WIN-PATCH-001 and 002 see it, and what keeps updates from coming by
# themselves, as RB-WIN-PATCH-004 does.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._RepairRegistry
Set-StrictMode -Version 3.0

$script:UpdatePolicy = 'SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
$script:UpdateDevicePolicy = 'SOFTWARE\Microsoft\PolicyManager\current\device\Update'
$script:UpdateUserSetting = 'SOFTWARE\Microsoft\WindowsUpdate\UX\Settings'
$script:UpdateSwitch = @(
    @{ Path = "$script:UpdatePolicy\AU"; Name = 'NoAutoUpdate'; Wrong = 1 }
    @{ Path = "$script:UpdatePolicy\AU"; Name = 'AUOptions'; Wrong = 1 }  # never check
    @{ Path = $script:UpdatePolicy; Name = 'DisableWindowsUpdateAccess'; Wrong = 1 }
    @{ Path = $script:UpdateDevicePolicy; Name = 'AllowAutoUpdate'; Wrong = 5 }  # turned off
    @{ Path = $script:UpdateDevicePolicy; Name = 'PauseQualityUpdates'; Wrong = 1 }
)
# Microsoft: a pause by policy ends after 35 days by itself.
$script:UpdatePauseDays = 35
# The start modes of a Windows as installed.
$script:UpdateServiceMode = [ordered]@{
    wuauserv = 'Manual'; UsoSvc = 'Auto'; BITS = 'Manual'; CryptSvc = 'Auto'; TrustedInstaller = 'Manual'
}

function Get-HipaaUpdateObstacle {
    <#
    .SYNOPSIS
    Returns each value and service that keeps updates from coming: values (with owned), and services.
    .DESCRIPTION
    Only what is wrong is listed. A pause in the settings of Windows is all its values together.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $wrong = @(foreach ($item in $script:UpdateSwitch) {
            $state = Get-HipaaRegistryState -Path $item.Path -Name $item.Name
            if ($state.exists -and $state.value -eq $item.Wrong) { $state }
        })
    $now = (Get-Date).ToUniversalTime()
    $pause = Get-HipaaRegistryState -Path $script:UpdatePolicy -Name PauseQualityUpdatesStartTime
    $start = ConvertFrom-UtcText $pause.value
    if ($null -ne $start -and $start -le $now -and $now -le $start.AddDays($script:UpdatePauseDays)) { $wrong += $pause }
    $end = ConvertFrom-UtcText (Get-HipaaRegistryState -Path $script:UpdateUserSetting -Name PauseUpdatesExpiryTime).value
    if ($null -ne $end -and $end -gt $now) {
        $names = @(Get-HipaaRegistryValueName -Path $script:UpdateUserSetting | Where-Object { $_ -match '^Pause\w*(Start|End|Expiry)Time$' })
        $wrong += @(foreach ($name in $names) { Get-HipaaRegistryState -Path $script:UpdateUserSetting -Name $name })
    }
    $values = @(foreach ($state in $wrong) {
            $isPolicy = $state.path -ne $script:UpdateUserSetting
            $state.owned = $isPolicy -and (Test-HipaaPolicyOwned -Path $state.path -Name $state.name)
            $state
        })
    $services = @(foreach ($service in @(Get-HipaaService -Name @($script:UpdateServiceMode.Keys))) {
            if ($service.exists -and $service.start_mode -ne 'Disabled') { continue }
            $service.good_mode = $script:UpdateServiceMode[$service.name]
            $service
        })
    [ordered]@{ values = $values; services = $services }
}

function ConvertFrom-UtcText($Text) {
    # Settings and policies write UTC as text, with or without a T and a Z.
    $instant = [datetime]::MinValue
    $style = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    if (-not [datetime]::TryParse([string]$Text, $culture, $style, [ref]$instant)) { return $null }
    $instant
}

function Get-HipaaUpdateAnswer {
    <#
    .SYNOPSIS
    Has the update agent search its source: result_code, hresult of a failure, number of missing updates.
    .DESCRIPTION
    A search that fails is an answer, not an error. It needs a session of the system itself.
    .PARAMETER TimeoutSeconds
    The search is given up then, and goes on in the background.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][int]$TimeoutSeconds)

    $answer = [ordered]@{ succeeded = $false; result_code = $null; hresult = $null; missing = $null }
    try {
        $found = @(Invoke-HipaaIsolated -TimeoutSeconds $TimeoutSeconds -Script {
                $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
                $result = $searcher.Search("IsInstalled=0 and IsHidden=0 and Type='Software'")
                $warnings = @(for ($index = 0; $index -lt $result.Warnings.Count; $index++) { $result.Warnings.Item($index).HResult })
                [ordered]@{ code = $result.ResultCode; missing = $result.Updates.Count; warnings = $warnings }
            })[0]
        $answer.result_code = ConvertTo-HipaaFact -Value $found.code -Type int
        $answer.missing = ConvertTo-HipaaFact -Value $found.missing -Type int
        if ($found.warnings.Count -gt 0) { $answer.hresult = '0x{0:X8}' -f ([long]$found.warnings[0] -band 0xFFFFFFFFL) }
        # 2 succeeded, 3 succeeded with errors.
        $answer.succeeded = $answer.result_code -in 2, 3
    }
    catch {
        $answer.hresult = Get-HipaaErrorCode -ErrorRecord $_
    }
    $answer
}

function Get-HipaaLastUpdateSearch {
    <#
    .SYNOPSIS
    Returns when automatic updates last searched with success, as UTC text; $null means never.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ()

    $date = (New-Object -ComObject Microsoft.Update.AutoUpdate).Results.LastSearchSuccessDate
    if ($null -eq $date) { return $null }
    ConvertTo-HipaaInstant -Value $date -AssumeUtc
}

function Get-HipaaOfferedUpdate {
    <#
    .SYNOPSIS
    Returns the security updates that are missing here, as objects of the update agent, in a list.
    .DESCRIPTION
    Those with a rating of Microsoft or in one of the categories, unless they are optional, or definitions, or
    would ask somebody. Needs a session of the system itself.
    .PARAMETER Online
    Ask the source of updates; otherwise the agent answers from what it knows.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param (
        [Parameter(Mandatory)][bool]$Online,
        [Parameter(Mandatory)][string[]]$CategoryId,
        [Parameter(Mandatory)][AllowEmptyCollection()][string[]]$ExceptId
    )

    $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
    $searcher.Online = $Online
    $result = $searcher.Search("IsInstalled=0 and IsHidden=0 and Type='Software'")
    if ($result.ResultCode -notin 2, 3) { throw [System.InvalidOperationException]::new("The search ended with $($result.ResultCode).") }
    $found = [System.Collections.ArrayList]::new()
    for ($index = 0; $index -lt $result.Updates.Count; $index++) {
        $update = $result.Updates.Item($index)
        $categories = $update.Categories
        $ids = @(for ($n = 0; $n -lt $categories.Count; $n++) { ([string]$categories.Item($n).CategoryID).ToLowerInvariant() })
        if ($update.BrowseOnly -or $update.InstallationBehavior.CanRequestUserInput) { continue }
        if (@($ids | Where-Object { $ExceptId -contains $_ }).Count -gt 0) { continue }
        if (-not $update.MsrcSeverity -and @($ids | Where-Object { $CategoryId -contains $_ }).Count -eq 0) { continue }
        [void]$found.Add($update)
    }
    [ordered]@{ updates = $found; ids = @(foreach ($item in $found) { [string]$item.Identity.UpdateID }) }
}

$exports = @(
    'Get-HipaaUpdateObstacle', 'Get-HipaaUpdateAnswer', 'Get-HipaaLastUpdateSearch', 'Get-HipaaOfferedUpdate'
)
Export-ModuleMember -Function $exports
