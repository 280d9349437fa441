# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._LoggingAudit
#AnsibleRequires -PowerShell ..module_utils._LoggingEvent
Set-StrictMode -Version 3.0

$script:LogTimeoutSeconds = 30
$script:ServiceRoot = 'SYSTEM\CurrentControlSet\Services\EventLog'
$script:PolicyRoot = 'SOFTWARE\Policies\Microsoft\Windows\EventLog'
$script:PowerShellRoot = 'SOFTWARE\Policies\Microsoft\Windows\PowerShell'
$script:PowerShellCoreRoot = 'SOFTWARE\Policies\Microsoft\PowerShellCore'
$script:ManagerKey = 'SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager'
# NETWORK SERVICE, as which forwarding reads, and the group that may read the Security log.
$script:NetworkService = 'S-1-5-20'
$script:LogReaders = 'S-1-5-32-573'

$script:ReadLog = {
    param ([string[]]$Name)

    foreach ($log in $Name) {
        try {
            $config = Get-WinEvent -ListLog $log -ErrorAction Stop
        }
        catch {
            if ($_.FullyQualifiedErrorId -notlike 'NoMatchingLogsFound*') { throw }
            [ordered]@{ name = $log; exists = $false }
            continue
        }
        [ordered]@{
            name = $log
            exists = $true
            enabled = $config.IsEnabled
            mode = [int]$config.LogMode
            max_bytes = $config.MaximumSizeInBytes
            file_bytes = $config.FileSize
            full = $config.IsLogFull
        }
    }
}
$script:ReadReader = {
    param ([string]$Account, [string]$Group)

    $descriptor = [string](Get-WinEvent -ListLog Security -ErrorAction Stop).SecurityDescriptor
    # SDDL writes NETWORK SERVICE as NS or by SID.
    if ($descriptor -match ';;;(NS|S-1-5-20)\)') { return $true }
    $members = @(Get-LocalGroupMember -SID $Group -ErrorAction Stop)
    @($members | Where-Object { [string]$_.SID -eq $Account }).Count -gt 0
}

function Get-LogState([string[]]$Name) {
    $mode = @{ 0 = 'circular'; 1 = 'auto_backup'; 2 = 'retain' }
    $query = @{ Script = $script:ReadLog; TimeoutSeconds = $script:LogTimeoutSeconds; ArgumentList = @{ Name = $Name } }
    foreach ($item in @(Invoke-HipaaIsolated @query)) {
        $fact = [ordered]@{
            name = $item.name; exists = $item.exists; enabled = $null; mode = $null
            max_bytes = $null; file_bytes = $null; full = $null
        }
        if ($item.exists) {
            $fact.enabled = ConvertTo-HipaaFact -Value $item.enabled -Type bool
            $fact.mode = $mode[$item.mode]
            $fact.max_bytes = ConvertTo-HipaaFact -Value $item.max_bytes -Type int
            $fact.file_bytes = ConvertTo-HipaaFact -Value $item.file_bytes -Type int
            $fact.full = ConvertTo-HipaaFact -Value $item.full -Type bool
        }
        $fact
    }
}

function Get-LogSetting([string[]]$Name) {
    # What the registry asks for. The service counts bytes, the policy kilobytes.
    foreach ($log in $Name) {
        $service = "$script:ServiceRoot\$log"
        $policy = "$script:PolicyRoot\$log"
        [ordered]@{
            name = $log
            max_bytes = Get-HipaaRegistryValue -Path $service -Name MaxSize -Type int
            retention = Get-HipaaRegistryValue -Path $service -Name Retention -Type int
            auto_backup = Get-HipaaRegistryValue -Path $service -Name AutoBackupLogFiles -Type int
            warning_level = Get-HipaaRegistryValue -Path $service -Name WarningLevel -Type int
            policy_max_kb = Get-HipaaRegistryValue -Path $policy -Name MaxSize -Type int
            policy_retention = Get-HipaaRegistryValue -Path $policy -Name Retention -Type string
        }
    }
}

function Get-PowerShellLogging {
    $block = 'EnableScriptBlockLogging'
    [ordered]@{
        script_block = Get-HipaaRegistryValue -Path "$script:PowerShellRoot\ScriptBlockLogging" -Name $block -Type int
        module = Get-HipaaRegistryValue -Path "$script:PowerShellRoot\ModuleLogging" -Name EnableModuleLogging -Type int
        transcription = Get-HipaaRegistryValue -Path "$script:PowerShellRoot\Transcription" -Name EnableTranscripting -Type int
        # PowerShell 7 has a key of its own.
        core_script_block = Get-HipaaRegistryValue -Path "$script:PowerShellCoreRoot\ScriptBlockLogging" -Name $block -Type int
    }
}

function Get-SubscriptionManager {
    foreach ($name in @(Get-HipaaRegistryValueName -Path $script:ManagerKey)) {
        $text = Get-HipaaRegistryValue -Path $script:ManagerKey -Name $name -Type string
        # The address only; the rest may name certificates.
        if ($text -match '(?i)Server=([^,]+)') { $Matches[1].Trim() }
    }
}

function Get-Reader {
    # Nobody asks for it where nothing is forwarded.
    if (@(Get-SubscriptionManager).Count -eq 0) { return $null }
    $query = @{
        Script = $script:ReadReader
        TimeoutSeconds = $script:LogTimeoutSeconds
        ArgumentList = @{ Account = $script:NetworkService; Group = $script:LogReaders }
    }
    [ordered]@{ network_service = ConvertTo-HipaaFact -Value @(Invoke-HipaaIsolated @query)[0] -Type bool }
}

function Get-HipaaLoggingFact {
    <#
    .SYNOPSIS
    Reads the audit policy, the event logs and their forwarding.
    .PARAMETER Collect
    logs: channels whose size and mode count; services: forwarding agents by service name, with wildcards.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([System.Collections.IDictionary]$Collect = @{})

    $logs = @(if ($Collect.ContainsKey('logs')) { $Collect.logs } else { 'Security', 'System', 'Application' })
    $agents = @(if ($Collect.ContainsKey('services')) { $Collect.services })
    $policy = Invoke-HipaaProbe -Source 'api:advapi32.dll:AuditQuerySystemPolicy' -Script { Get-HipaaAuditPolicy }
    [ordered]@{
        audit_policy = $policy
        audit_policy_backup = Invoke-HipaaProbe -Source 'native:auditpol.exe /backup' -Script {
            if ($policy.state -ne 'ok') { Get-HipaaAuditBackup }
        }
        audit_settings = Invoke-HipaaProbe -Source 'registry:SYSTEM\CurrentControlSet\Control\Lsa' -Script {
            Get-HipaaAuditSetting
        }
        audit_owner = Invoke-HipaaProbe -Source 'file:audit.csv; registry:SOFTWARE\Microsoft\PolicyManager' -Script {
            Get-HipaaAuditOwner
        }
        logs = Invoke-HipaaProbe -Source 'cmdlet:Get-WinEvent -ListLog' -Script {
            ConvertTo-HipaaFactList -Item @(Get-LogState $logs)
        }
        log_settings = Invoke-HipaaProbe -Source "registry:$script:ServiceRoot; registry:$script:PolicyRoot" -Script {
            ConvertTo-HipaaFactList -Item @(Get-LogSetting $logs)
        }
        services = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Service' -Script {
            ConvertTo-HipaaFactList -Item @(Get-HipaaService -Name EventLog, WinRM)
        }
        security_activity = Invoke-HipaaProbe -Source 'eventlog:Security' -Script { Get-HipaaLogActivity -LogName Security }
        system_activity = Invoke-HipaaProbe -Source 'eventlog:System' -Script { Get-HipaaLogActivity -LogName System }
        power_events = Invoke-HipaaProbe -Source 'eventlog:System' -Script {
            ConvertTo-HipaaFactList -Item @(Get-HipaaPowerEvent)
        }
        cleared_events = Invoke-HipaaProbe -Source 'eventlog:Security 1102; eventlog:System 104' -Script {
            ConvertTo-HipaaFactList -Item @(Get-HipaaLogCleared)
        }
        tamper_events = Invoke-HipaaProbe -Source 'eventlog:Security' -Script {
            ConvertTo-HipaaFactList -Item @(Get-HipaaTamperEvent)
        }
        powershell = Invoke-HipaaProbe -Source "registry:$script:PowerShellRoot" -Script { Get-PowerShellLogging }
        forwarding = Invoke-HipaaProbe -Source "registry:$script:ManagerKey" -Script {
            [ordered]@{ managers = ConvertTo-HipaaFactList -Item @(Get-SubscriptionManager) }
        }
        forwarding_events = Invoke-HipaaProbe -Source 'eventlog:Microsoft-Windows-Forwarding/Operational' -Script {
            ConvertTo-HipaaFactList -Item @(Get-HipaaForwardingEvent)
        }
        forwarding_reader = Invoke-HipaaProbe -Source 'cmdlet:Get-LocalGroupMember' -Script { Get-Reader }
        agents = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Service' -Script {
            ConvertTo-HipaaFactList -Item @(Get-HipaaInstalledService -Pattern $agents)
        }
    }
}

Export-ModuleMember -Function 'Get-HipaaLoggingFact'
