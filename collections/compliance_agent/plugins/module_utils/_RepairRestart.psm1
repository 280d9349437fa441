# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Restarts of repairs: whether one is needed, what forbids it, and when the host is up again.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._RepairBackup
Set-StrictMode -Version 3.0

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

# Services that a Windows which is up runs; of those only that ran before a restart is asked whether they run after it.
$script:CoreService = 'EventLog', 'Winmgmt', 'LanmanServer', 'LanmanWorkstation', 'MpsSvc', 'WinDefend', 'Netlogon', 'NTDS', 'DNS'
# Protectors of a system drive that wait for a person at its next start: a PIN with a TPM, with a key too, a password.
$script:AttendedProtector = 4, 6, 8

# Win32_Battery.BatteryStatus: discharging, low, critical. One that is charged says so, however low it is.
$script:DrainingBattery = 1, 4, 5

function Test-HipaaOnBattery {
    <#
    .SYNOPSIS
    Returns whether this host lives on its battery.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param ()

    @(Get-HipaaCimInstance -ClassName Win32_Battery | Where-Object { $_.BatteryStatus -in $script:DrainingBattery }).Count -gt 0
}

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
    if (Test-HipaaOnBattery) { return 'on_battery' }
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

$exports = @(
    'Get-HipaaRebootSign', 'Test-HipaaRebootPending', 'Test-HipaaOnBattery', 'Get-HipaaRestartObstacle'
    'Get-HipaaStartMark', 'Wait-HipaaSettled'
)
Export-ModuleMember -Function $exports
