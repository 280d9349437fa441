# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# What every check needs to know of the machine, the account and the process.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

$script:CurrentVersion = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
# Well-known SIDs: mandatory levels, and how the session logged on.
$script:IntegrityBySid = @{
    'S-1-16-0' = 'untrusted'; 'S-1-16-4096' = 'low'; 'S-1-16-8192' = 'medium'; 'S-1-16-8448' = 'medium'
    'S-1-16-12288' = 'high'; 'S-1-16-16384' = 'system'
}
$script:LogonTypeBySid = @{ 'S-1-5-2' = 'network'; 'S-1-5-3' = 'batch'; 'S-1-5-4' = 'interactive'; 'S-1-5-6' = 'service' }

function Get-OperatingSystem {
    $system = Get-HipaaCimInstance -ClassName Win32_OperatingSystem
    $build = Get-HipaaRegistryValue -Path $script:CurrentVersion -Name CurrentBuild -Type string
    [ordered]@{
        product_type = Get-HipaaProperty -InputObject $system -Name ProductType -Type int
        build = [int]::Parse($build, [System.Globalization.CultureInfo]::InvariantCulture)
        ubr = Get-HipaaRegistryValue -Path $script:CurrentVersion -Name UBR -Type int
        display_version = Get-HipaaRegistryValue -Path $script:CurrentVersion -Name DisplayVersion -Type string
        edition_id = Get-HipaaRegistryValue -Path $script:CurrentVersion -Name EditionID -Type string
        installation_type = Get-HipaaRegistryValue -Path $script:CurrentVersion -Name InstallationType -Type string
        last_boot_at = Get-HipaaProperty -InputObject $system -Name LastBootUpTime -Type instant
    }
}

function Test-Virtual($Computer) {
    $maker = '{0}|{1}' -f $Computer.Manufacturer, $Computer.Model
    $maker -match 'Virtual|VMware|QEMU|KVM|Xen|HVM domU|innotek|Parallels|Amazon EC2|Google Compute|Nutanix|Bochs'
}

function Get-Computer {
    $computer = Get-HipaaCimInstance -ClassName Win32_ComputerSystem
    $enrollments = 'SOFTWARE\Microsoft\Enrollments'
    $providers = @(foreach ($id in @(Get-HipaaRegistrySubKey -Path $enrollments)) {
            Get-HipaaRegistryValue -Path "$enrollments\$id" -Name ProviderID -Type string
        })
    $join = 'SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo'
    $cluster = @(Get-HipaaService -Name ClusSvc)[0]
    [ordered]@{
        part_of_domain = Get-HipaaProperty -InputObject $computer -Name PartOfDomain -Type bool
        domain_role = Get-HipaaProperty -InputObject $computer -Name DomainRole -Type int
        is_virtual = Test-Virtual $computer
        # PCSystemType 2 is mobile.
        is_portable = 2 -eq (Get-HipaaProperty -InputObject $computer -Name PCSystemType -Type int)
        is_cluster_node = $cluster.exists -and $cluster.state -eq 'Running'
        entra_joined = @(Get-HipaaRegistrySubKey -Path $join).Count -gt 0
        mdm_enrolled = $providers -contains 'MS DM Server'
    }
}

function Get-Token {
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $integrity = 'unknown'
    $logonType = 'unknown'
    foreach ($group in $identity.Groups) {
        if ($script:IntegrityBySid.ContainsKey($group.Value)) { $integrity = $script:IntegrityBySid[$group.Value] }
        if ($script:LogonTypeBySid.ContainsKey($group.Value)) { $logonType = $script:LogonTypeBySid[$group.Value] }
    }
    $isSystem = $identity.User.Value -eq 'S-1-5-18'
    # .NET leaves the mandatory level out of Groups on some versions: then the role decides.
    if ($integrity -eq 'unknown') {
        $principal = [System.Security.Principal.WindowsPrincipal]::new($identity)
        $isAdministrator = $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
        $integrity = if ($isSystem) { 'system' } elseif ($isAdministrator) { 'high' } else { 'medium' }
    }
    [ordered]@{ integrity = $integrity; logon_type = $logonType; is_system = $isSystem }
}

function Get-HipaaHostFact {
    <#
    .SYNOPSIS
    Reads what all checks share: os, computer, token and process, each as a probe.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ()

    [ordered]@{
        os = Invoke-HipaaProbe -Source "cim:root/cimv2:Win32_OperatingSystem; registry:$script:CurrentVersion" -Script { Get-OperatingSystem }
        computer = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_ComputerSystem' -Script { Get-Computer }
        token = Invoke-HipaaProbe -Source 'token' -Script { Get-Token }
        process = Invoke-HipaaProbe -Source 'process' -Script {
            [ordered]@{
                is_64bit_process = [System.Environment]::Is64BitProcess
                is_64bit_os = [System.Environment]::Is64BitOperatingSystem
                language_mode = [string]$ExecutionContext.SessionState.LanguageMode
            }
        }
    }
}

Export-ModuleMember -Function 'Get-HipaaHostFact'
