# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# What the scripts of runbooks share: change a setting so that it can be put back exactly as it was; then, by
# subject, what three scripts or more need. One file, since every script gets all of it.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

# The service control manager answers within this time, or something is wrong with the service.
$script:ServicePollMilliseconds = 250

function Get-HipaaRegistryState {
    <#
    .SYNOPSIS
    Returns one value below HKLM as it is now, for Restore-HipaaRegistryState: exists, kind, value.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][string]$Path, [Parameter(Mandatory)][string]$Name)

    $state = [ordered]@{ path = $Path; name = $Name; exists = $false; kind = $null; value = $null }
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $key = $machine.OpenSubKey($Path)
    if ($null -eq $key) { return $state }
    $options = [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames
    $value = $key.GetValue($Name, $null, $options)
    if ($null -eq $value) { return $state }
    $state.exists = $true
    $state.kind = [string]$key.GetValueKind($Name)
    # A DWORD is unsigned; .NET hands it out as a signed number.
    $state.value = if ($value -is [int]) { [long]$value -band 0xFFFFFFFFL } else { $value }
    $state
}

function Set-HipaaRegistryState {
    <#
    .SYNOPSIS
    Writes one value below HKLM unless it is there already; returns whether it had to.
    .PARAMETER Kind
    DWord takes a number from 0 to 4294967295, String and ExpandString a text, MultiString a list.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param (
        [Parameter(Mandatory)][string]$Path,
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][ValidateSet('DWord', 'String', 'ExpandString', 'MultiString')][string]$Kind,
        [Parameter(Mandatory)][AllowEmptyString()][AllowEmptyCollection()]$Value
    )

    $now = Get-HipaaRegistryState -Path $Path -Name $Name
    if ($now.exists -and $now.kind -eq $Kind -and (@($now.value) -join "`0") -ceq (@($Value) -join "`0")) { return $false }
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $key = $machine.CreateSubKey($Path)
    $data = switch ($Kind) {
        # .NET takes a signed number for the unsigned one.
        'DWord' { [System.BitConverter]::ToInt32([System.BitConverter]::GetBytes([uint32]$Value), 0) }
        'MultiString' { , [string[]]@($Value) }
        default { [string]$Value }
    }
    $key.SetValue($Name, $data, [Microsoft.Win32.RegistryValueKind]$Kind)
    $true
}

function Restore-HipaaRegistryState {
    <#
    .SYNOPSIS
    Puts a value back to what Get-HipaaRegistryState saw; returns whether it had to.
    .DESCRIPTION
    A value that was not there is deleted again. A key that had to be made for it stays, empty.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][System.Collections.IDictionary]$State)

    if ($State.exists) {
        return Set-HipaaRegistryState -Path $State.path -Name $State.name -Kind $State.kind -Value $State.value
    }
    $now = Get-HipaaRegistryState -Path $State.path -Name $State.name
    if (-not $now.exists) { return $false }
    $machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $machine.OpenSubKey([string]$State.path, $true).DeleteValue([string]$State.name)
    $true
}

function Test-HipaaPolicyOwned {
    <#
    .SYNOPSIS
    Returns whether a group policy or MDM owns a setting: a change here would not last.
    .DESCRIPTION
    On a workgroup host the same values are local policy, which belongs to the host itself.
    .PARAMETER Path
    Key below HKLM where the policy writes, such as SOFTWARE\Policies\Microsoft\FVE.
    .PARAMETER Name
    The value; any value of the key counts without it.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Path, [string]$Name)

    $computer = @(Get-HipaaCimInstance -ClassName Win32_ComputerSystem)[0]
    if (-not $computer.PartOfDomain -and $Path -notlike 'SOFTWARE\Microsoft\PolicyManager\*') { return $false }
    if ($Name) { return (Get-HipaaRegistryState -Path $Path -Name $Name).exists }
    @(Get-HipaaRegistryValueName -Path $Path).Count -gt 0
}

function Get-HipaaServiceState {
    <#
    .SYNOPSIS
    Returns a service as it is now, for Restore-HipaaServiceState: name, exists, state, start_mode, exit_code.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][string]$Name)

    Get-HipaaService -Name $Name
}

function Set-HipaaServiceStartMode {
    <#
    .SYNOPSIS
    Sets how a service starts unless it does already; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param (
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][ValidateSet('Auto', 'Manual', 'Disabled')][string]$StartMode
    )

    if ((Get-HipaaService -Name $Name).start_mode -eq $StartMode) { return $false }
    # Set-Service says Automatic where Win32_Service says Auto.
    $type = if ($StartMode -eq 'Auto') { 'Automatic' } else { $StartMode }
    Set-Service -Name $Name -StartupType $type -ErrorAction Stop
    $true
}

function Start-HipaaService {
    <#
    .SYNOPSIS
    Starts a service and waits until it runs; returns whether it had to. Throws what Windows threw.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Name, [int]$TimeoutSeconds = 60)

    if ((Get-HipaaService -Name $Name).state -eq 'Running') { return $false }
    Start-Service -Name $Name -ErrorAction Stop
    Wait-HipaaServiceState -Name $Name -State Running -TimeoutSeconds $TimeoutSeconds
    $true
}

function Wait-HipaaServiceState {
    <#
    .SYNOPSIS
    Waits until a service is in a state; throws a TimeoutException when it does not get there.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][ValidateSet('Running', 'Stopped')][string]$State,
        [int]$TimeoutSeconds = 60
    )

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ((Get-HipaaService -Name $Name).state -ne $State) {
        if ($watch.Elapsed.TotalSeconds -ge $TimeoutSeconds) {
            throw [System.TimeoutException]::new("$Name is not $State after $TimeoutSeconds s.")
        }
        Start-Sleep -Milliseconds $script:ServicePollMilliseconds
    }
}

function Restore-HipaaServiceState {
    <#
    .SYNOPSIS
    Puts start mode and state of a service back to what Get-HipaaServiceState saw; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][System.Collections.IDictionary]$State)

    if (-not $State.exists) { return $false }
    $changed = $false
    $now = Get-HipaaService -Name $State.name
    if ($State.state -eq 'Stopped' -and $now.state -eq 'Running') {
        Stop-Service -Name $State.name -ErrorAction Stop
        Wait-HipaaServiceState -Name $State.name -State Stopped
        $changed = $true
    }
    # A start needs a start mode other than Disabled, and a stop leaves it alone: the mode comes second.
    if ($State.state -eq 'Running') { $changed = (Start-HipaaService -Name $State.name) -or $changed }
    (Set-HipaaServiceStartMode -Name $State.name -StartMode $State.start_mode) -or $changed
}

# --- The firewall: profiles in the numbers of MSFT_NetFirewallProfile, and who owns their settings. ---

# Keys of the policy; the private profile has two, by the age of the template that wrote it.
$script:FirewallPolicyKey = [ordered]@{
    domain = @('DomainProfile'); private = @('PrivateProfile', 'StandardProfile'); public = @('PublicProfile')
}

function Get-HipaaFirewallProfile {
    <#
    .SYNOPSIS
    Returns the three profiles: name, enabled (0 off, 1 on, 2 not set), inbound and outbound (2 allow, 4 block,
    0 not set), log_blocked (0, 1, 2), log_max_kb, log_file.
    .PARAMETER PolicyStore
    ActiveStore is what Windows enforces, PersistentStore what this host itself asks for.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([ValidateSet('ActiveStore', 'PersistentStore')][string]$PolicyStore = 'ActiveStore')

    $seen = @(foreach ($item in Get-NetFirewallProfile -PolicyStore $PolicyStore -ErrorAction Stop) {
            [ordered]@{
                name = ([string]$item.Name).ToLowerInvariant()
                enabled = [int]$item.Enabled
                inbound = [int]$item.DefaultInboundAction
                outbound = [int]$item.DefaultOutboundAction
                log_blocked = [int]$item.LogBlocked
                log_max_kb = [long]$item.LogMaxSizeKilobytes
                log_file = [string]$item.LogFileName
            }
        })
    # A profile that is not listed could be the one that is wrong.
    if ($seen.Count -ne 3) { throw [System.IO.InvalidDataException]::new("$($seen.Count) firewall profiles") }
    $seen
}

function Test-HipaaFirewallOwned {
    <#
    .SYNOPSIS
    Returns whether a policy owns a value of a firewall profile, such as EnableFirewall or Logging\LogFileSize.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param (
        [Parameter(Mandatory)][ValidateSet('domain', 'private', 'public')][string]$ProfileName,
        [Parameter(Mandatory)][string]$Name
    )

    foreach ($key in $script:FirewallPolicyKey[$ProfileName]) {
        $path = "SOFTWARE\Policies\Microsoft\WindowsFirewall\$key\$Name"
        $cut = $path.LastIndexOf('\')
        if (Test-HipaaPolicyOwned -Path $path.Substring(0, $cut) -Name $path.Substring($cut + 1)) { return $true }
    }
    $false
}

# --- Event logs. ---

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

# --- Native tools, and the audit policy that only a tool writes. ---

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

# --- BitLocker, by WMI only: no method that is called here hands out a recovery password. ---

$script:VolumeNamespace = 'root/CIMV2/Security/MicrosoftVolumeEncryption'

function Get-HipaaEncryptableVolume {
    <#
    .SYNOPSIS
    Returns the volume of BitLocker with a drive letter such as C:, or with a device id; throws when there is none.
    #>
    [CmdletBinding()]
    param ([Parameter(Mandatory)][string]$Name)

    # Device ids are full of backslashes, which a filter would want doubled.
    $volumes = @(Get-HipaaCimInstance -ClassName Win32_EncryptableVolume -Namespace $script:VolumeNamespace)
    $found = @($volumes | Where-Object { $_.DriveLetter -eq $Name -or $_.DeviceID -eq $Name })
    if ($found.Count -ne 1) { throw [System.IO.DriveNotFoundException]::new("$($found.Count) BitLocker volumes") }
    $found[0]
}

function Invoke-HipaaVolumeMethod {
    <#
    .SYNOPSIS
    Calls a method of a BitLocker volume and returns its answer; throws with its code unless that is 0.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)]$Volume,
        [Parameter(Mandatory)][string]$Method,
        [System.Collections.IDictionary]$ArgumentList = @{}
    )

    $call = @{ InputObject = $Volume; MethodName = $Method; OperationTimeoutSec = 60; ErrorAction = 'Stop' }
    if ($ArgumentList.Count -gt 0) { $call.Arguments = $ArgumentList }
    $answer = Invoke-CimMethod @call
    $code = [long]$answer.ReturnValue
    if ($code -eq 0) { return $answer }
    # S_FALSE is a refusal here: BackupRecoveryInformationToActiveDirectory says 1 when policy forbids it.
    $number = [System.BitConverter]::ToInt32([System.BitConverter]::GetBytes([uint32]$code), 0)
    throw [System.Runtime.InteropServices.COMException]::new("$Method failed", $(if ($code -eq 1) { 0x80004005 } else { $number }))
}

function Get-HipaaVolumeState {
    <#
    .SYNOPSIS
    Returns the live state of a BitLocker volume: type (0 Windows, 1 fixed, 2 removable), protection (0 off, 1 on, 2
    unknown), conversion (0 decrypted, 1 encrypted, 2 encrypting ...), lock (1 locked), protectors: the type of each.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)]$Volume)

    $state = [ordered]@{
        type = [int]$Volume.VolumeType
        protection = [int](Invoke-HipaaVolumeMethod -Volume $Volume -Method GetProtectionStatus).ProtectionStatus
        lock = [int](Invoke-HipaaVolumeMethod -Volume $Volume -Method GetLockStatus).LockStatus
        conversion = $null
        protectors = @()
    }
    # A locked volume answers nothing else.
    if ($state.lock -ne 0) { return $state }
    $conversion = Invoke-HipaaVolumeMethod -Volume $Volume -Method GetConversionStatus -ArgumentList @{ PrecisionFactor = [uint32]0 }
    $state.conversion = [int]$conversion.ConversionStatus
    $state.protectors = @(foreach ($id in @(Get-HipaaProtectorId -Volume $Volume)) {
            $call = @{ Method = 'GetKeyProtectorType'; ArgumentList = @{ VolumeKeyProtectorID = $id } }
            [int](Invoke-HipaaVolumeMethod -Volume $Volume @call).KeyProtectorType
        })
    $state
}

function Get-HipaaProtectorId {
    <#
    .SYNOPSIS
    Returns the ids of the protectors of a volume, of one type or (0) of all.
    #>
    [CmdletBinding()]
    [OutputType([string[]])]
    param ([Parameter(Mandatory)]$Volume, [int]$Type = 0)

    $call = @{ Method = 'GetKeyProtectors'; ArgumentList = @{ KeyProtectorType = [uint32]$Type } }
    $answer = Invoke-HipaaVolumeMethod -Volume $Volume @call
    @($answer.VolumeKeyProtectorID | Where-Object { -not [string]::IsNullOrEmpty($_) })
}

function Get-HipaaEscrowState {
    <#
    .SYNOPSIS
    Returns what BitLocker last recorded about keeping the recovery passwords that a volume has now: kept, failed,
    unknown, or none where it has no recovery password.
    .DESCRIPTION
    Records count by protector: those of one that is gone say nothing about the one that is there.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ([Parameter(Mandatory)]$Volume)

    $ids = @(Get-HipaaProtectorId -Volume $Volume -Type 3 | ForEach-Object { [guid]::Parse($_) })
    if ($ids.Count -eq 0) { return 'none' }
    $log = 'Microsoft-Windows-BitLocker/BitLocker Management'
    # Active Directory has it already (783), took it (784) or did not (785); Entra ID took it (845) or did not (846).
    $meaning = @{ 783 = 'kept'; 784 = 'kept'; 785 = 'failed'; 845 = 'kept'; 846 = 'failed' }
    $anyId = @(foreach ($id in $meaning.Keys) { "EventID=$id" }) -join ' or '
    $select = "<Select Path='$log'>*[System[$anyId]]</Select>"
    try {
        $query = "<QueryList><Query Id='0' Path='$log'>$select</Query></QueryList>"
        $records = @(Get-WinEvent -FilterXml $query -MaxEvents 200 -ErrorAction Stop)
    }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw }
        return 'unknown'
    }
    $newest = @{}
    foreach ($record in $records) {
        $document = [System.Xml.XmlDocument]::new()
        $document.LoadXml($record.ToXml())
        $node = $document.SelectSingleNode("//*[local-name()='Data' and @Name='ProtectorGUID']")
        if ($null -eq $node -or $node.InnerText -eq '') { continue }
        $id = [guid]::Parse($node.InnerText)
        # The newest comes first.
        if (-not $newest.ContainsKey($id)) { $newest[$id] = $meaning[[int]$record.Id] }
    }
    $said = @(foreach ($id in $ids) { if ($newest.ContainsKey($id)) { $newest[$id] } })
    # One that is kept opens the volume, whatever became of the others.
    if ($said -contains 'kept') { 'kept' } elseif ($said -contains 'failed') { 'failed' } else { 'unknown' }
}

function Remove-HipaaUnkeptRecoveryPassword {
    <#
    .SYNOPSIS
    Takes back the recovery password that a repair added to a volume without one; returns whether it did.
    .DESCRIPTION
    Only where it is the one recovery password of the volume, no record shows that anybody keeps it, and another
    protector still opens the volume: so nobody is locked out who was not before. Anything else is for a person.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)]$Volume)

    $all = @(Get-HipaaProtectorId -Volume $Volume)
    $added = @(Get-HipaaProtectorId -Volume $Volume -Type 3)
    if ($added.Count -ne 1 -or $all.Count -lt 2 -or (Get-HipaaEscrowState -Volume $Volume) -eq 'kept') { return $false }
    $call = @{ Method = 'DeleteKeyProtector'; ArgumentList = @{ VolumeKeyProtectorID = $added[0] } }
    [void](Invoke-HipaaVolumeMethod -Volume $Volume @call)
    $true
}

function Test-HipaaRebootPending {
    <#
    .SYNOPSIS
    Returns whether servicing or Windows Update waits for a restart.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ()

    $keys = @(
        'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending'
        'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired'
    )
    @($keys | Where-Object { Test-HipaaRegistryKey -Path $_ }).Count -gt 0
}

# --- What a host does alone, such as going back when its controller has lost it. ---

function Register-HipaaTask {
    <#
    .SYNOPSIS
    Arms a task of SYSTEM that runs commands once after some minutes, or as soon as the host is up after that, and
    deletes itself.
    .DESCRIPTION
    There is no file that somebody could exchange: the commands are the arguments of the task. They must hold no
    double quotes. A task of the same name is replaced.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory)][string]$Name,
        [Parameter(Mandatory)][string[]]$Command,
        [Parameter(Mandatory)][double]$Minutes
    )

    $last = "Unregister-ScheduledTask -TaskName $Name -Confirm:`$false"
    $action = @{
        Execute = '%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe'
        Argument = "-NoProfile -NonInteractive -Command `"$(@($Command) + $last -join '; ')`""
    }
    $setting = @{
        StartWhenAvailable = $true
        AllowStartIfOnBatteries = $true
        DontStopIfGoingOnBatteries = $true
        ExecutionTimeLimit = [timespan]::FromMinutes(10)
    }
    $task = @{
        TaskName = $Name
        Action = New-ScheduledTaskAction @action
        Trigger = New-ScheduledTaskTrigger -Once -At (Get-Date).AddMinutes($Minutes)
        # By SID: the name of the account is translated.
        Principal = New-ScheduledTaskPrincipal -UserId S-1-5-18 -LogonType ServiceAccount -RunLevel Highest
        Settings = New-ScheduledTaskSettingsSet @setting
        Force = $true
        ErrorAction = 'Stop'
    }
    $null = Register-ScheduledTask @task
    if (-not (Test-HipaaTask -Name $Name)) { throw [System.InvalidOperationException]::new("$Name is not armed") }
}

function Test-HipaaTask {
    <#
    .SYNOPSIS
    Returns whether such a task is armed; not any more when it has run.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Name)

    @(Get-ScheduledTask -ErrorAction Stop | Where-Object { $_.TaskName -eq $Name }).Count -gt 0
}

function Unregister-HipaaTask {
    <#
    .SYNOPSIS
    Disarms such a task; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Name)

    if (-not (Test-HipaaTask -Name $Name)) { return $false }
    Unregister-ScheduledTask -TaskName $Name -Confirm:$false -ErrorAction Stop
    $true
}

function Set-HipaaManagementRule {
    <#
    .SYNOPSIS
    Lets the controller in through the firewall, whatever profile is active; returns whether it had to.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Controller, [Parameter(Mandatory)][int]$Port)

    $rule = @{
        Name = 'HIPAA-Mgmt-In'; Enabled = 'True'; Direction = 'Inbound'; Action = 'Allow'; Profile = 'Any'
        Protocol = 'TCP'; LocalPort = $Port; RemoteAddress = $Controller; ErrorAction = 'Stop'
    }
    $found = @(Get-NetFirewallRule -PolicyStore PersistentStore -ErrorAction Stop | Where-Object { $_.Name -eq $rule.Name })
    if ($found.Count -eq 0) {
        $null = New-NetFirewallRule -DisplayName 'Remote management for compliance repairs' @rule
        return $true
    }
    $ports = @(Get-NetFirewallPortFilter -AssociatedNetFirewallRule $found[0] -ErrorAction Stop)
    $addresses = @(Get-NetFirewallAddressFilter -AssociatedNetFirewallRule $found[0] -ErrorAction Stop)
    $isRight = [int]$found[0].Enabled -eq 1 -and [int]$found[0].Action -eq 2 -and
    @($ports[0].LocalPort) -contains [string]$Port -and @($addresses[0].RemoteAddress) -contains $Controller
    if ($isRight) { return $false }
    Set-NetFirewallRule @rule
    $true
}

$exports = @(
    'Get-HipaaRegistryState', 'Set-HipaaRegistryState', 'Restore-HipaaRegistryState', 'Test-HipaaPolicyOwned'
    'Get-HipaaServiceState', 'Set-HipaaServiceStartMode', 'Start-HipaaService', 'Wait-HipaaServiceState'
    'Restore-HipaaServiceState'
    'Get-HipaaFirewallProfile', 'Test-HipaaFirewallOwned', 'Get-HipaaLogState'
    'Invoke-HipaaTool', 'Get-HipaaAuditMask'
    'Get-HipaaEncryptableVolume', 'Invoke-HipaaVolumeMethod', 'Get-HipaaVolumeState', 'Get-HipaaProtectorId'
    'Get-HipaaEscrowState', 'Remove-HipaaUnkeptRecoveryPassword', 'Test-HipaaRebootPending'
    'Register-HipaaTask', 'Test-HipaaTask', 'Unregister-HipaaTask', 'Set-HipaaManagementRule'
)
Export-ModuleMember -Function $exports

# Microsoft Defender, as RB-WIN-AV-001 to 003 see it.
$script:DefenderNamespace = 'root/Microsoft/Windows/Defender'
# Its service is stopped; its namespace, class or provider is gone. Any other error is none of these.
$script:DefenderSilent = '0x800106BA', '0x8004100E', '0x80041010', '0x80041013'

function Get-HipaaDefenderState {
    <#
    .SYNOPSIS
    Returns what Defender says of itself: answers, is_engine, is_protecting, its parts, versions and ages in days.
    .DESCRIPTION
    answers is false when its service is stopped or it is not there, with the error code in hresult; every
    other error is thrown. Ages are those of the check: of the definitions the worse of counter and clock, of
    the engine since the end of the month that its version names, of the scans the younger one. $null is unknown.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $state = [ordered]@{ answers = $false; hresult = $null; running_mode = $null; is_engine = $false; is_protecting = $false }
    try {
        $status = @(Get-HipaaCimInstance -ClassName MSFT_MpComputerStatus -Namespace $script:DefenderNamespace)[0]
    }
    catch {
        $state.hresult = Get-HipaaErrorCode -ErrorRecord $_
        if ($script:DefenderSilent -notcontains $state.hresult) { throw }
        return $state
    }
    $names = @{ AMServiceEnabled = 'service'; AntivirusEnabled = 'antivirus'; RealTimeProtectionEnabled = 'realtime'
        OnAccessProtectionEnabled = 'on_access'; BehaviorMonitorEnabled = 'behavior'; IoavProtectionEnabled = 'ioav'
        NISEnabled = 'network'; IsTamperProtected = 'tamper_protected' }
    foreach ($name in $names.Keys) { $state[$names[$name]] = Get-HipaaProperty -InputObject $status -Name $name -Type bool }
    $state.answers = $true
    $state.running_mode = Get-HipaaProperty -InputObject $status -Name AMRunningMode -Type string
    # Old platforms do not name their mode: there the switches decide alone.
    $isNormal = $state.running_mode -in @($null, '', 'Normal')
    $state.is_engine = $isNormal -and $state.service -ne $false -and $state.antivirus -eq $true
    $state.is_protecting = $state.is_engine -and $state.realtime -eq $true -and $state.on_access -ne $false
    $state.signature_version = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureVersion -Type string
    $state.engine_version = Get-HipaaProperty -InputObject $status -Name AMEngineVersion -Type string
    $state.signature_age_days = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureAge -Type int
    $updated = Get-HipaaProperty -InputObject $status -Name AntivirusSignatureLastUpdated -Type instant
    if ($updated) {
        $days = Get-DayCount ([datetime]::Parse($updated, [System.Globalization.CultureInfo]::InvariantCulture).ToUniversalTime())
        if ($null -eq $state.signature_age_days -or $days -gt $state.signature_age_days) { $state.signature_age_days = $days }
    }
    $state.engine_age_days = Get-EngineAge $state.engine_version
    $scans = @(foreach ($name in 'QuickScanAge', 'FullScanAge') { Get-HipaaProperty -InputObject $status -Name $name -Type int })
    # 65535 and 4294967295 mean never.
    $state.scan_age_days = @($scans | Where-Object { $null -ne $_ -and $_ -notin 65535, 4294967295 } | Sort-Object)[0]
    $state
}

function Get-DayCount([datetime]$Instant) {
    [long][math]::Max(0, [math]::Floor(((Get-Date).ToUniversalTime() - $Instant).TotalDays))
}

function Get-EngineAge([string]$Version) {
    $found = [regex]::Match($Version, '^\d+\.\d+\.(\d{2})(0[1-9]|1[0-2])\d?\.\d+$')
    if (-not $found.Success) { return $null }
    $month = [datetime]::new(2000 + [int]$found.Groups[1].Value, [int]$found.Groups[2].Value, 1)
    Get-DayCount $month.AddMonths(1)
}

$script:DefenderPolicy = 'SOFTWARE\Policies\Microsoft\Windows Defender'
$script:DefenderDevicePolicy = 'SOFTWARE\Microsoft\PolicyManager\current\device\Defender'
$script:DefenderSwitch = @(
    @{ Path = $script:DefenderPolicy; Name = 'DisableAntiSpyware'; Wrong = 1 }
    foreach ($name in 'DisableRealtimeMonitoring', 'DisableBehaviorMonitoring', 'DisableIOAVProtection', 'DisableScriptScanning') {
        @{ Path = "$script:DefenderPolicy\Real-Time Protection"; Name = $name; Wrong = 1 }
    }
    foreach ($name in 'AllowRealtimeMonitoring', 'AllowBehaviorMonitoring', 'AllowIOAVProtection', 'AllowScriptScanning') {
        @{ Path = $script:DefenderDevicePolicy; Name = $name; Wrong = 0 }
    }
)

function Get-HipaaDefenderPolicy {
    <#
    .SYNOPSIS
    Returns the policy values that switch Defender or a part of it off, as Get-HipaaRegistryState does, with owned.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    foreach ($item in $script:DefenderSwitch) {
        $state = Get-HipaaRegistryState -Path $item.Path -Name $item.Name
        if (-not $state.exists -or $state.value -ne $item.Wrong) { continue }
        $state.owned = Test-HipaaPolicyOwned -Path $item.Path -Name $item.Name
        $state
    }
}

function Get-HipaaDefenderGap {
    <#
    .SYNOPSIS
    Returns what is off: engine, realtime, the parts asked for, and scan when the last one is too long ago.
    #>
    [CmdletBinding()]
    [OutputType([string[]])]
    param (
        [Parameter(Mandatory)][System.Collections.IDictionary]$State,
        [Parameter(Mandatory)][AllowEmptyCollection()][string[]]$Component,
        [Parameter(Mandatory)][long]$ScanAgeMaxDays
    )

    if (-not $State.is_engine) { return 'engine' }
    if (-not $State.is_protecting) { 'realtime' }
    $off = @($Component | Where-Object { $_ -ne 'script' -and $State[$_] -ne $true })
    if ($Component -contains 'script') {
        $preference = @(Get-HipaaCimInstance -ClassName MSFT_MpPreference -Namespace $script:DefenderNamespace)[0]
        if ((Get-HipaaProperty -InputObject $preference -Name DisableScriptScanning -Type bool) -ne $false) { $off += 'script' }
    }
    $off
    if ($null -eq $State.scan_age_days -or $State.scan_age_days -gt $ScanAgeMaxDays) { 'scan' }
}

Export-ModuleMember -Function 'Get-HipaaDefenderState', 'Get-HipaaDefenderPolicy', 'Get-HipaaDefenderGap'

# What keeps updates from coming by themselves, as RB-WIN-PATCH-004 sees it.
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

Export-ModuleMember -Function 'Get-HipaaUpdateObstacle'

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

Export-ModuleMember -Function 'Get-HipaaBackupState', 'Get-HipaaHoursSince', 'Get-HipaaShadowWriter'

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

Export-ModuleMember -Function 'Get-HipaaWriterFault'

# Windows Update, as RB-WIN-PATCH-001 to 003 see it.
$script:Servicing = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
$script:AutoUpdate = 'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update'

function Get-HipaaRebootSign {
    <#
    .SYNOPSIS
    Returns the signs that a reboot is needed to finish updates or roles; none where nothing waits.
    .DESCRIPTION
    Those of the check, without PendingFileRenameOperations, which printer drivers leave everywhere.
    #>
    [CmdletBinding()]
    [OutputType([string[]])]
    param ()

    $servicing = @(Get-HipaaRegistrySubKey -Path $script:Servicing)
    foreach ($name in 'RebootPending', 'RebootInProgress', 'PackagesPending') { if ($servicing -contains $name) { $name } }
    if (@(Get-HipaaRegistrySubKey -Path $script:AutoUpdate) -contains 'RebootRequired') { 'RebootRequired' }
    $cache = 'SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache'
    $flag = Get-HipaaRegistryValue -Path $cache -Name RestartRequired -Type int
    if ($null -ne $flag -and $flag -ne 0) { 'ServerManager' }
    $names = 'SYSTEM\CurrentControlSet\Control\ComputerName'
    $next = Get-HipaaRegistryValue -Path "$names\ComputerName" -Name ComputerName -Type string
    $now = Get-HipaaRegistryValue -Path "$names\ActiveComputerName" -Name ComputerName -Type string
    if ($null -ne $next -and $null -ne $now -and $next -ne $now) { 'ComputerName' }
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

Export-ModuleMember -Function 'Get-HipaaRebootSign', 'Get-HipaaUpdateAnswer', 'Get-HipaaLastUpdateSearch'

# Services that a Windows which is up runs; of those only that ran before a restart is asked whether they run after it.
$script:CoreService = 'EventLog', 'Winmgmt', 'LanmanServer', 'LanmanWorkstation', 'MpsSvc', 'WinDefend', 'Netlogon', 'NTDS', 'DNS'
# Protectors of a system drive that wait for a person at its next start: a PIN with a TPM, with a key too, a password.
$script:AttendedProtector = 4, 6, 8

function Get-HipaaRestartObstacle {
    <#
    .SYNOPSIS
    Returns why this host must not be restarted from afar, as a word; nothing when it may.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param ()

    if ((Get-HipaaService -Name ClusSvc).state -eq 'Running') { return 'cluster_node' }
    if (@(Get-HipaaCimInstance -ClassName Win32_Process -Filter "Name='vmwp.exe'").Count -gt 0) { return 'runs_virtual_machines' }
    # Whoever has a desktop has an Explorer, at the console or from afar.
    if (@(Get-HipaaCimInstance -ClassName Win32_Process -Filter "Name='explorer.exe'").Count -gt 0) { return 'user_logged_on' }
    if ((Get-HipaaService -Name wbengine).state -eq 'Running' -and (Get-HipaaBackupState).job_started_at) { return 'backup_running' }
    # 1: the battery is discharging.
    if (@(Get-HipaaCimInstance -ClassName Win32_Battery | Where-Object { $_.BatteryStatus -eq 1 }).Count -gt 0) { return 'on_battery' }
    if (Test-AttendedStart) { return 'pin_at_start' }
}

function Test-AttendedStart {
    $query = @{ ClassName = 'Win32_EncryptableVolume'; Namespace = 'root/CIMV2/Security/MicrosoftVolumeEncryption' }
    try {
        $volumes = @(Get-HipaaCimInstance @query | Where-Object { $_.DriveLetter -eq $env:SystemDrive -and $_.ProtectionStatus -eq 1 })
    }
    catch {
        # Without the feature there is no namespace, and nothing that could ask.
        if ((Get-HipaaErrorCode -ErrorRecord $_) -notin '0x8004100E', '0x80041010') { throw }
        return $false
    }
    foreach ($volume in $volumes) {
        foreach ($type in $script:AttendedProtector) {
            $call = @{ InputObject = $volume; MethodName = 'GetKeyProtectors'; Arguments = @{ KeyProtectorType = [uint32]$type } }
            $answer = Invoke-CimMethod @call -ErrorAction Stop
            if ($answer.ReturnValue -ne 0) { throw [System.Runtime.InteropServices.COMException]::new('GetKeyProtectors', [int]$answer.ReturnValue) }
            if (@($answer.VolumeKeyProtectorID | Where-Object { $_ }).Count -gt 0) { return $true }
        }
    }
    $false
}

function Get-HipaaStartMark {
    <#
    .SYNOPSIS
    Returns what a restart changes and what it must not: booted_at, and the core services that run.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    $system = @(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0]
    [ordered]@{
        booted_at = Get-HipaaProperty -InputObject $system -Name LastBootUpTime -Type instant
        running = @(Get-HipaaService -Name $script:CoreService | Where-Object { $_.state -eq 'Running' } | ForEach-Object { $_.name })
    }
}

function Wait-HipaaSettled {
    <#
    .SYNOPSIS
    Waits until a host that has started is done with its updates; throws a TimeoutException when it is not.
    .PARAMETER Before
    What Get-HipaaStartMark said before the restart.
    #>
    [CmdletBinding()]
    param ([Parameter(Mandatory)][System.Collections.IDictionary]$Before, [int]$Minutes = 20)

    $open = @('nothing was looked at')
    for ($try = 0; $try -lt 2 * $Minutes; $try++) {
        if ($try -gt 0) { Start-Sleep -Seconds 30 }
        $mark = Get-HipaaStartMark
        $open = @(Get-HipaaRebootSign | Where-Object { $_ -eq 'RebootInProgress' })
        if ($mark.booted_at -le $Before.booted_at) { $open += 'no restart' }
        # It works on while the host can be reached already, and stops by itself.
        if ((Get-HipaaService -Name TrustedInstaller).state -eq 'Running') { $open += 'TrustedInstaller' }
        $open += @($Before.running | Where-Object { $mark.running -notcontains $_ })
        if ($open.Count -eq 0) { return }
    }
    throw [System.TimeoutException]::new("Not settled after $Minutes min: $($open -join ', ')")
}

Export-ModuleMember -Function 'Get-HipaaRestartObstacle', 'Get-HipaaStartMark', 'Wait-HipaaSettled'

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

Export-ModuleMember -Function 'Get-HipaaOfferedUpdate'
