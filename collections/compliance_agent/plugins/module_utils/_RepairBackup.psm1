# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Windows Server Backup and the writers of shadow copies, as RB-WIN-BACKUP-001 and 002 see them.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

function Get-HipaaBackupState {
    <#
    .SYNOPSIS
    Returns what Windows Server Backup says of itself, for RB-WIN-BACKUP-001.
    .DESCRIPTION
    has_cmdlets is false where the feature is not installed. While its service is disabled nothing more can be
    read: is_configured is $null then. Instants are UTC texts, job_started_at that of a running job only.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $state = [ordered]@{
        has_cmdlets = $null -ne (Get-Command -Name Get-WBSummary -ErrorAction SilentlyContinue)
        is_configured = $null; job_started_at = $null
        last_success_at = $null; last_backup_at = $null; result = $null; detailed_result = $null
    }
    if (-not $state.has_cmdlets -or (Get-HipaaService -Name wbengine).start_mode -eq 'Disabled') { return $state }
    $state.is_configured = $null -ne (Get-WBPolicy -ErrorAction Stop)
    $job = Get-WBJob -ErrorAction Stop
    if ($null -ne $job -and [string]$job.JobState -eq 'Running') { $state.job_started_at = ConvertTo-HipaaInstant -Value $job.StartTime }
    $summary = Get-WBSummary -ErrorAction Stop
    $state.last_success_at = ConvertTo-HipaaInstant -Value $summary.LastSuccessfulBackupTime
    $state.last_backup_at = ConvertTo-HipaaInstant -Value $summary.LastBackupTime
    $state.result = ConvertTo-HipaaFact -Value $summary.LastBackupResultHR -Type int
    $state.detailed_result = ConvertTo-HipaaFact -Value $summary.LastBackupResultDetailedHR -Type int
    $state
}

function Get-HipaaHoursSince {
    <#
    .SYNOPSIS
    Returns the hours since an instant such as 2025-11-04T09:00:00Z, rounded up; 0 for one to come.
    #>
    [CmdletBinding()]
    [OutputType([long])]
    param ([Parameter(Mandatory)][string]$Instant)

    $then = [datetime]::Parse($Instant, [System.Globalization.CultureInfo]::InvariantCulture).ToUniversalTime()
    [long][math]::Ceiling([math]::Max(0, ((Get-Date).ToUniversalTime() - $then).TotalHours))
}

function Get-HipaaShadowWriter {
    <#
    .SYNOPSIS
    Returns the writers of the Volume Shadow Copy Service: id without braces, and state; 1 is stable, 7 to 11 failed.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([int]$TimeoutSeconds = 180)

    $answer = Invoke-HipaaNative -Name vssadmin.exe -ArgumentList 'list writers' -TimeoutSeconds $TimeoutSeconds
    # The words are translated. A writer's id is the first of its two, its state the first number in brackets.
    $guid = '\{([0-9a-fA-F-]{36})\}'
    $found = [regex]::Matches($answer.output, "$guid(?:(?!$guid)[\s\S])*$guid(?:(?!$guid)[\s\S])*?\[(\d+)\]", 'ExplicitCapture')
    if ($answer.exit_code -ne 0) { throw [System.IO.InvalidDataException]::new("vssadmin ended with $($answer.exit_code)") }
    if ($found.Count -eq 0) { throw [System.IO.InvalidDataException]::new('vssadmin told of no writer') }
    foreach ($match in $found) {
        [ordered]@{
            id = [regex]::Match($match.Value, '[0-9a-fA-F-]{36}').Value.ToLowerInvariant()
            state = [int]::Parse([regex]::Match($match.Value, '\[(\d+)\]$').Groups[1].Value, [System.Globalization.CultureInfo]::InvariantCulture)
        }
    }
}

# Writer -> the service whose new process registers it anew. Left out on purpose: NTDS and DFS Replication,
# which only a reboot mends, Task Scheduler and Windows Management, which others lean on, and Hyper-V.
# Sources: Microsoft, "In-Box VSS Writers"; vendors' lists of writers and services.
$script:WriterService = @{
    'e8132975-6f93-4464-a53e-1050253ae220' = 'CryptSvc'  # System
    '542da469-d3e1-473c-9f4f-7847f01fc64f' = 'VSS'  # COM+ registration database
    'afbab4a2-367d-4d15-a586-71dbb18f8485' = 'VSS'  # Registry
    '4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f' = 'VSS'  # Shadow copy optimization
    'be000cbe-11fe-4426-9c58-531aa6355fc4' = 'VSS'  # Automated system recovery
    '4969d978-be47-48b0-b100-f328f07ac1e0' = 'BITS'
    '2a40fd15-dfca-4aa8-a654-1f8c654603f6' = 'AppHostSvc'  # IIS configuration
    'a65faa63-5ea8-4ebc-9dbd-a0c4db26912a' = 'SQLWriter'
}
$script:WriterFailed = 7, 8, 9, 10, 11
# What a job of Windows Server Backup ends with when a writer has failed.
$script:WriterError = '0x800423F0', '0x800423F2', '0x800423F3', '0x800423F4', '0x807800A1'

function Get-HipaaWriterFault {
    <#
    .SYNOPSIS
    Returns the failed writers with their service ($null where none may be restarted), and whether the last job failed for one.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([int]$TimeoutSeconds = 180)

    $failed = @(foreach ($writer in @(Get-HipaaShadowWriter -TimeoutSeconds $TimeoutSeconds)) {
            if ($script:WriterFailed -notcontains $writer.state) { continue }
            $writer.service = $script:WriterService[$writer.id]
            $writer
        })
    $backup = Get-HipaaBackupState
    $codes = @(foreach ($value in $backup.result, $backup.detailed_result) { if ($null -ne $value) { '0x{0:X8}' -f [long]$value } })
    [ordered]@{
        writers = $failed
        services = @($failed | ForEach-Object { $_.service } | Where-Object { $_ } | Sort-Object -Unique)
        last_job_failed = @($codes | Where-Object { $script:WriterError -contains $_ }).Count -gt 0
        is_configured = $backup.is_configured -eq $true
        job_started_at = $backup.job_started_at
    }
}

$exports = @(
    'Get-HipaaBackupState', 'Get-HipaaHoursSince', 'Get-HipaaShadowWriter', 'Get-HipaaWriterFault'
)
Export-ModuleMember -Function $exports
