# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# The audit policy that Windows applies, its options, and who owns it.
#AnsibleRequires -CSharpUtil ..module_utils._AuditPolicy
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

# The local security authority answers in milliseconds; a hung one would hold the module for ever.
$script:AuditCallTimeoutSeconds = 30
$script:AuditpolTimeoutSeconds = 30
$script:AuditApi = 'ansible_collections.hipaa.compliance_agent.plugins.module_utils._AuditPolicy.AuditPolicy'
# AuditingInformation: 1 success, 2 failure, 3 both, 4 none, 0 unchanged since set-up, which is none.
$script:AuditNone = 4
$script:LsaKey = 'SYSTEM\CurrentControlSet\Control\Lsa'
$script:ProcessAuditKey = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit'
$script:MdmAuditKey = 'SOFTWARE\Microsoft\PolicyManager\current\device\Audit'
# Both are re-applied at each refresh: the local group policy, and what the domain's said last.
$script:PolicyFile = @(
    'System32\GroupPolicy\Machine\Microsoft\Windows NT\Audit\audit.csv'
    'security\audit\audit.csv'
)

$script:CallAuditApi = {
    param ([type]$Api)

    # All that this Windows has: one GUID that it does not know would make the whole call fail.
    $guids = $Api::GetSubcategories()
    [ordered]@{
        asked = @($guids)
        settings = @($Api::GetSystemSettings($guids))
        user_rows = $Api::CountUserSettings($guids)
    }
}

function Get-HipaaAuditPolicy {
    <#
    .SYNOPSIS
    Asks the local security authority for the audit policy in force: a number a subcategory.
    .DESCRIPTION
    The answer counts only if it is whole: each subcategory that was asked for, once, and a number that
    Windows has. Anything else throws, since half an answer would look as if nothing were audited.
    CrashOnAuditFail is not asked here: the registry has it.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $api = $script:AuditApi -as [type]
    if ($null -eq $api) { throw [System.TypeLoadException]::new($script:AuditApi) }
    $query = @{
        Script = $script:CallAuditApi
        TimeoutSeconds = $script:AuditCallTimeoutSeconds
        ArgumentList = @{ Api = $api }
    }
    $answer = @(Invoke-HipaaIsolated @query)[0]

    $asked = [System.Collections.Generic.HashSet[guid]]::new([guid[]]$answer.asked)
    $settings = [ordered]@{}
    foreach ($item in $answer.settings) {
        $guid = $item.Subcategory.ToString().ToUpperInvariant()
        # Taken away, so that a subcategory that comes twice was not asked for the second time.
        if (-not $asked.Remove($item.Subcategory)) {
            throw [System.IO.InvalidDataException]::new("Subcategory $guid was not asked for, or is there twice")
        }
        if ($item.Value -gt $script:AuditNone) {
            throw [System.IO.InvalidDataException]::new("No audit setting: $($item.Value) for $guid")
        }
        $settings[$guid] = if ($item.Value -eq $script:AuditNone) { 0 } else { [int]$item.Value }
    }
    if ($settings.Count -eq 0 -or $asked.Count -gt 0) {
        throw [System.IO.InvalidDataException]::new("$($asked.Count) of the subcategories without a setting")
    }
    ConvertTo-AuditPolicy -Setting $settings -CrashOnAuditFail $null -UserRow $answer.user_rows
}

function ConvertTo-AuditPolicy {
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param (
        [Parameter(Mandatory)][System.Collections.IDictionary]$Setting,
        [AllowNull()]$CrashOnAuditFail,
        [Parameter(Mandatory)][int]$UserRow
    )

    [ordered]@{
        settings = ConvertTo-HipaaFactList -Item @(foreach ($guid in $Setting.Keys) {
                [ordered]@{ guid = $guid; value = $Setting[$guid] }
            })
        crash_on_audit_fail = $CrashOnAuditFail
        user_rows = $UserRow
    }
}

function ConvertFrom-AuditLine {
    <#
    .SYNOPSIS
    Returns a row of an audit policy file as kind, name and value; nothing for a row of another kind.
    .DESCRIPTION
    By the shape of the row: header, targets and settings are translated, GUIDs and numbers are not.
    A translated name may hold a comma, so nothing counts the columns before the GUID.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][AllowEmptyString()][string]$Line)

    if ($Line -match ',Option:([A-Za-z]+),.*,([0-9]+)\s*$') {
        return [ordered]@{ kind = 'option'; name = $Matches[1]; value = [int]$Matches[2] }
    }
    if ($Line -notmatch '\{([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}') { return }
    $guid = $Matches[1].ToUpperInvariant()
    # A policy of one user names the account, by SID or as DOMAIN\user; the policy of the system does not.
    $kind = if ($Line -match '^[^,]*,(S-1-|[^,]*\\)') { 'user' } else { 'system' }
    if ($Line -notmatch '\},.*,([0-9]+)\s*$') {
        throw [System.IO.InvalidDataException]::new("No number for subcategory $guid")
    }
    [ordered]@{ kind = $kind; name = $guid; value = [int]$Matches[1] }
}

function Read-AuditFile($Path) {
    # Without -Encoding: a byte order mark decides, and all that is used is ASCII in each code page.
    foreach ($line in @(Get-Content -LiteralPath $Path -ErrorAction Stop)) { ConvertFrom-AuditLine -Line $line }
}

function Get-HipaaAuditBackup {
    <#
    .SYNOPSIS
    Reads the audit policy in force with auditpol.exe: a number a subcategory, options, and how many rows are of users.
    .DESCRIPTION
    The tool writes numbers into a file only; what it prints is translated. The file is always deleted.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $file = Join-Path -Path $env:TEMP -ChildPath ('hipaa-audit-{0}.csv' -f [guid]::NewGuid().ToString('N'))
    $query = @{
        Name = 'auditpol.exe'
        ArgumentList = '/backup /file:"{0}"' -f $file
        TimeoutSeconds = $script:AuditpolTimeoutSeconds
    }
    try {
        $run = Invoke-HipaaNative @query
        if ($run.exit_code -ne 0) {
            # The tool exits with a Win32 error: 1314 is a missing privilege.
            $code = 0x80070000 -bor ($run.exit_code -band 0xFFFF)
            throw [System.Runtime.InteropServices.COMException]::new('auditpol failed', $code)
        }
        $rows = @(Read-AuditFile $file)
    }
    finally {
        if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file -Force }
    }

    $settings = [ordered]@{}
    $options = [ordered]@{}
    $users = 0
    foreach ($row in $rows) {
        switch ($row.kind) {
            'user' { $users++ }
            'option' { $options[$row.name] = $row.value }
            'system' {
                if ($settings.Contains($row.name)) {
                    throw [System.IO.InvalidDataException]::new("Subcategory $($row.name) occurs twice")
                }
                $settings[$row.name] = $row.value
            }
        }
    }
    if ($settings.Count -eq 0) { throw [System.IO.InvalidDataException]::new('No subcategory in the backup') }
    ConvertTo-AuditPolicy -Setting $settings -CrashOnAuditFail $options['CrashOnAuditFail'] -UserRow $users
}

function Get-HipaaAuditSetting {
    <#
    .SYNOPSIS
    Reads the registry values that decide how audit policy works.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $commandLine = 'ProcessCreationIncludeCmdLine_Enabled'
    [ordered]@{
        force_subcategory = Get-HipaaRegistryValue -Path $script:LsaKey -Name SCENoApplyLegacyAuditPolicy -Type int
        crash_on_audit_fail = Get-HipaaRegistryValue -Path $script:LsaKey -Name CrashOnAuditFail -Type int
        command_line = Get-HipaaRegistryValue -Path $script:ProcessAuditKey -Name $commandLine -Type int
    }
}

function Get-HipaaAuditOwner {
    <#
    .SYNOPSIS
    Reads which subcategories a group policy sets again at each refresh, and whether MDM sets some.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $owned = [System.Collections.Generic.SortedSet[string]]::new()
    foreach ($relative in $script:PolicyFile) {
        $path = Join-Path -Path $env:SystemRoot -ChildPath $relative
        if (-not (Test-Path -LiteralPath $path)) { continue }
        foreach ($row in @(Read-AuditFile $path)) {
            if ($row.kind -eq 'system') { [void]$owned.Add($row.name) }
        }
    }
    [ordered]@{
        policy_guids = ConvertTo-HipaaFactList -Item @($owned)
        mdm_values = @(Get-HipaaRegistryValueName -Path $script:MdmAuditKey).Count
    }
}

$exports = @(
    'Get-HipaaAuditPolicy', 'Get-HipaaAuditBackup', 'Get-HipaaAuditSetting', 'Get-HipaaAuditOwner'
)
Export-ModuleMember -Function $exports
