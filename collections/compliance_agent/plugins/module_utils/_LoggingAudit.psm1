# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# The audit policy that Windows applies, its options, and who owns it.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

$script:AuditpolTimeoutSeconds = 30
$script:LsaKey = 'SYSTEM\CurrentControlSet\Control\Lsa'
$script:ProcessAuditKey = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit'
$script:MdmAuditKey = 'SOFTWARE\Microsoft\PolicyManager\current\device\Audit'
# Both are re-applied at each refresh: the local group policy, and what the domain's said last.
$script:PolicyFile = @(
    'System32\GroupPolicy\Machine\Microsoft\Windows NT\Audit\audit.csv'
    'security\audit\audit.csv'
)

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

function Get-HipaaAuditPolicy {
    <#
    .SYNOPSIS
    Reads the audit policy in force: a number a subcategory, options, and how many rows are of users.
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
    [ordered]@{
        settings = ConvertTo-HipaaFactList -Item @(foreach ($guid in $settings.Keys) {
                [ordered]@{ guid = $guid; value = $settings[$guid] }
            })
        crash_on_audit_fail = $options['CrashOnAuditFail']
        user_rows = $users
    }
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

Export-ModuleMember -Function 'Get-HipaaAuditPolicy', 'Get-HipaaAuditSetting', 'Get-HipaaAuditOwner'
