# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# What Windows Server Backup says of itself, through its cmdlets and its event log.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._Event
Set-StrictMode -Version 3.0

# With many versions the cmdlets take minutes; they take no time limit.
$script:CmdletTimeoutSeconds = 180
$script:BackupLog = 'Microsoft-Windows-Backup'
# Succeeded (4), failed (5), cancelled (8); the others are failures of one step or at the start.
$script:BackupEventId = @(
    4, 5, 8, 9, 17, 18, 19, 20, 21, 22, 49, 517, 518, 521, 527, 528, 544, 545, 546, 561, 564, 612
)
$script:MaxEvents = 20

# Results are unsigned numbers; the texts beside them are translated and stay on the host.
$script:ReadSummary = {
    $summary = Get-WBSummary -ErrorAction Stop
    if ($null -eq $summary) { return }
    [ordered]@{
        next_backup = $summary.NextBackupTime
        versions = $summary.NumberOfVersions
        last_success = $summary.LastSuccessfulBackupTime
        last_backup = $summary.LastBackupTime
        result = $summary.LastBackupResultHR
        detailed_result = $summary.LastBackupResultDetailedHR
        operation = [string]$summary.CurrentOperationStatus
        target_path = $summary.LastSuccessfulBackupTargetPath
    }
}
$script:ReadPolicy = {
    $policy = Get-WBPolicy -ErrorAction Stop
    if ($null -eq $policy) { return [ordered]@{ is_configured = $false } }
    $targets = @(foreach ($target in @(Get-WBBackupTarget -Policy $policy -ErrorAction Stop)) {
            # The path has this name in some versions and that in others.
            $path = $null
            foreach ($name in 'TargetPath', 'Path') {
                $property = $target.PSObject.Properties[$name]
                if ($null -ne $property -and $null -eq $path) { $path = $property.Value }
            }
            # The type is an enumeration: its name, and nothing else, is text here.
            $type = if ($target.TargetType -is [enum]) { [string]$target.TargetType } else { $target.TargetType }
            [ordered]@{ type = $type; path = $path }
        })
    [ordered]@{
        is_configured = $true
        schedule_times = @($policy.Schedule | Where-Object { $null -ne $_ }).Count
        has_system_state = [bool]$policy.SystemState -or [bool]$policy.BMR
        volumes = @($policy.VolumesToBackup | Where-Object { $null -ne $_ } | ForEach-Object { [string]$_.MountPath })
        targets = $targets
    }
}
$script:ReadJob = {
    $job = Get-WBJob -ErrorAction Stop
    if ($null -eq $job) { return }
    [ordered]@{ state = [string]$job.JobState; type = [string]$job.JobType; started = $job.StartTime }
}

function Get-WsbSummary {
    $read = Invoke-HipaaIsolated -Script $script:ReadSummary -TimeoutSeconds $script:CmdletTimeoutSeconds
    foreach ($summary in @($read)) {
        [ordered]@{
            next_backup_at = ConvertTo-HipaaFact -Value $summary.next_backup -Type instant
            version_count = ConvertTo-HipaaFact -Value $summary.versions -Type int
            last_success_at = ConvertTo-HipaaFact -Value $summary.last_success -Type instant
            last_backup_at = ConvertTo-HipaaFact -Value $summary.last_backup -Type instant
            result = ConvertTo-HipaaFact -Value $summary.result -Type int
            detailed_result = ConvertTo-HipaaFact -Value $summary.detailed_result -Type int
            operation = $summary.operation
            target_path = ConvertTo-HipaaFact -Value $summary.target_path -Type string
        }
    }
}

function Get-WsbPolicy {
    $read = Invoke-HipaaIsolated -Script $script:ReadPolicy -TimeoutSeconds $script:CmdletTimeoutSeconds
    foreach ($policy in @($read)) {
        if (-not $policy.is_configured) {
            return [ordered]@{
                is_configured = $false
                schedule_times = 0
                has_system_state = $false
                volumes = ConvertTo-HipaaFactList -Item @()
                targets = ConvertTo-HipaaFactList -Item @()
            }
        }
        [ordered]@{
            is_configured = $true
            schedule_times = $policy.schedule_times
            has_system_state = $policy.has_system_state
            volumes = ConvertTo-HipaaFactList -Item $policy.volumes
            targets = ConvertTo-HipaaFactList -Item @(foreach ($target in $policy.targets) {
                    [ordered]@{
                        type = ConvertTo-HipaaFact -Value $target.type -Type string
                        path = ConvertTo-HipaaFact -Value $target.path -Type string
                    }
                })
        }
    }
}

function Get-WsbJob {
    $read = Invoke-HipaaIsolated -Script $script:ReadJob -TimeoutSeconds $script:CmdletTimeoutSeconds
    foreach ($job in @($read)) {
        [ordered]@{
            state = $job.state
            type = $job.type
            started_at = ConvertTo-HipaaFact -Value $job.started -Type instant
        }
    }
}

function Get-WsbEvent {
    $anyId = @(foreach ($id in $script:BackupEventId) { "EventID=$id" }) -join ' or '
    foreach ($record in @(Get-HipaaEvent -LogName $script:BackupLog -Condition $anyId -MaxEvents $script:MaxEvents)) {
        [ordered]@{
            id = Get-HipaaProperty -InputObject $record -Name Id -Type int
            at = Get-HipaaProperty -InputObject $record -Name TimeCreated -Type instant
            result = Get-HipaaEventData -Record $record -Name HRESULT
            detailed_result = Get-HipaaEventData -Record $record -Name DetailedHRESULT
        }
    }
}

function Get-DiskOfPath {
    # Which physical disk holds a drive or a volume: a copy on the same disk dies with it.
    $query = @{ ClassName = 'MSFT_Partition'; Namespace = 'root/Microsoft/Windows/Storage' }
    foreach ($partition in @(Get-HipaaCimInstance @query)) {
        $disk = Get-HipaaProperty -InputObject $partition -Name DiskNumber -Type int
        $letter = [string]$partition.DriveLetter
        $paths = @($partition.AccessPaths | Where-Object { $null -ne $_ })
        # A partition without a letter has the character 0 there.
        if ($letter -match '^[A-Za-z]') { $paths += "$($letter[0]):\" }
        foreach ($path in @($paths | Select-Object -Unique)) {
            [ordered]@{ path = ConvertTo-HipaaFact -Value $path -Type string; disk = $disk }
        }
    }
}

function Get-HipaaWsbFact {
    <#
    .SYNOPSIS
    Reads Windows Server Backup: summary, policy, running job, events, and where the disks are.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    [ordered]@{
        wsb_summary = Invoke-HipaaProbe -Source 'cmdlet:Get-WBSummary' -Script { Get-WsbSummary }
        wsb_policy = Invoke-HipaaProbe -Source 'cmdlet:Get-WBPolicy' -Script { Get-WsbPolicy }
        wsb_job = Invoke-HipaaProbe -Source 'cmdlet:Get-WBJob' -Script { Get-WsbJob }
        wsb_events = Invoke-HipaaProbe -Source "eventlog:$script:BackupLog" -Script {
            ConvertTo-HipaaFactList -Item @(Get-WsbEvent)
        }
        disks = Invoke-HipaaProbe -Source 'cim:root/Microsoft/Windows/Storage:MSFT_Partition' -Script {
            $paths = @(Get-DiskOfPath | Select-Object -First 40)
            # A Windows without a partition does not exist: nothing was read then.
            if ($paths.Count) { ConvertTo-HipaaFactList -Item $paths }
        }
    }
}

Export-ModuleMember -Function 'Get-HipaaWsbFact'
