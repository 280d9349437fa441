# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Logging of repairs: how event logs are set up, and the audit policy, which only a native tool writes.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

function Get-HipaaLogState {
    <#
    .SYNOPSIS
    Returns how an event log is set up: name, exists, enabled, mode (0 circular, 1 auto backup, 2 retain),
    max_bytes, full, file. The service must run.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][string]$Name)

    $state = [ordered]@{ name = $Name; exists = $false; enabled = $null; mode = $null; max_bytes = $null; full = $null; file = $null }
    try {
        $log = Get-WinEvent -ListLog $Name -ErrorAction Stop
    }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingLogsFound*') { throw }
        return $state
    }
    $state.exists = $true
    $state.enabled = [bool]$log.IsEnabled
    $state.mode = [int]$log.LogMode
    $state.max_bytes = [long]$log.MaximumSizeInBytes
    $state.full = [bool]$log.IsLogFull
    $state.file = [System.Environment]::ExpandEnvironmentVariables([string]$log.LogFilePath)
    $state
}

function Invoke-HipaaTool {
    <#
    .SYNOPSIS
    Runs a tool of System32 and throws unless it exits with 0. Tools exit with Win32 errors; what they print is translated.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][string]$ArgumentList,
        [int]$TimeoutSeconds = 30
    )

    $run = Invoke-HipaaNative -Name $Name -ArgumentList $ArgumentList -TimeoutSeconds $TimeoutSeconds
    if ($run.exit_code -eq 0) { return }
    throw [System.Runtime.InteropServices.COMException]::new("$Name failed", 0x80070000 -bor ($run.exit_code -band 0xFFFF))
}

function Get-HipaaAuditMask {
    <#
    .SYNOPSIS
    Returns the audit policy in force by GUID in capitals: a mask of 1 success and 2 failure. Its file is always deleted.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $file = Join-Path -Path $env:TEMP -ChildPath ('hipaa-audit-{0}.csv' -f [guid]::NewGuid().ToString('N'))
    $masks = [ordered]@{}
    try {
        Invoke-HipaaTool -Name auditpol.exe -ArgumentList "/backup /file:`"$file`""
        foreach ($line in @(Get-Content -LiteralPath $file -ErrorAction Stop)) {
            # Rows of one user name the account after the host, by SID or as DOMAIN\user.
            if ($line -match '^[^,]*,(S-1-|[^,]*\\)') { continue }
            if ($line -match '\{([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\},.*,([0-9]+)\s*$') {
                # 4 is none; 0 is unchanged since set-up, which is none as well.
                $masks[$Matches[1].ToUpperInvariant()] = [int]$Matches[2] -band 3
            }
        }
    }
    finally {
        if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file -Force }
    }
    if ($masks.Count -eq 0) { throw [System.IO.InvalidDataException]::new('No subcategory in the backup') }
    $masks
}

Export-ModuleMember -Function 'Get-HipaaLogState', 'Invoke-HipaaTool', 'Get-HipaaAuditMask'
