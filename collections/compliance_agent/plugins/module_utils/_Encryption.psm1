# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Data at rest (see _EncryptionVolume) and in transit: TLS, SMB, RDP, WinRM.
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._EncryptionVolume
Set-StrictMode -Version 3.0

$script:TpmNamespace = 'root/CIMV2/Security/MicrosoftTpm'
$script:SmbNamespace = 'root/Microsoft/Windows/SMB'
$script:PolicyKey = 'SOFTWARE\Policies\Microsoft\FVE'
$script:ProtocolKey = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
$script:SmbKey = 'SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters'
$script:TerminalKey = 'SYSTEM\CurrentControlSet\Control\Terminal Server'
$script:TerminalPolicyKey = 'SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
$script:RemotePolicyKey = 'SOFTWARE\Policies\Microsoft\Windows\WinRM\Service'
$script:RemoteKey = 'SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Service'
$script:ServicingKey = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
$script:UpdateKey = 'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update'

function Read-Number([string]$Path, [string]$Name) {
    Get-HipaaRegistryValue -Path $Path -Name $Name -Type int
}

function Get-Tpm {
    $query = @{ ClassName = 'Win32_Tpm'; Namespace = $script:TpmNamespace; TimeoutSeconds = 60 }
    $tpm = @(Get-HipaaCimInstance @query)
    if ($tpm.Count -eq 0) {
        return [ordered]@{ is_present = $false; is_enabled = $null; is_activated = $null; is_owned = $null; spec_version = $null }
    }
    [ordered]@{
        is_present = $true
        is_enabled = Get-HipaaProperty -InputObject $tpm[0] -Name IsEnabled_InitialValue -Type bool
        is_activated = Get-HipaaProperty -InputObject $tpm[0] -Name IsActivated_InitialValue -Type bool
        is_owned = Get-HipaaProperty -InputObject $tpm[0] -Name IsOwned_InitialValue -Type bool
        spec_version = Get-HipaaProperty -InputObject $tpm[0] -Name SpecVersion -Type string
    }
}

function Get-EscrowPolicy {
    [ordered]@{
        os_backup = Read-Number $script:PolicyKey OSActiveDirectoryBackup
        os_required = Read-Number $script:PolicyKey OSRequireActiveDirectoryBackup
        fixed_backup = Read-Number $script:PolicyKey FDVActiveDirectoryBackup
        fixed_required = Read-Number $script:PolicyKey FDVRequireActiveDirectoryBackup
    }
}

function Get-Protocol {
    foreach ($name in 'SSL 2.0', 'SSL 3.0', 'TLS 1.0', 'TLS 1.1', 'TLS 1.2', 'TLS 1.3') {
        [ordered]@{
            name = $name
            enabled = Read-Number "$script:ProtocolKey\$name\Server" Enabled
            disabled_by_default = Read-Number "$script:ProtocolKey\$name\Server" DisabledByDefault
        }
    }
}

function Get-SmbConfiguration {
    $query = @{ ClassName = 'MSFT_SmbServerConfiguration'; Namespace = $script:SmbNamespace; TimeoutSeconds = 60 }
    $server = @(Get-HipaaCimInstance @query)
    # No instance, no configuration: the probe becomes absent.
    if ($server.Count -eq 0) { return $null }
    [ordered]@{
        smb1 = Get-HipaaProperty -InputObject $server[0] -Name EnableSMB1Protocol -Type bool
        signing_required = Get-HipaaProperty -InputObject $server[0] -Name RequireSecuritySignature -Type bool
        encrypt_data = Get-HipaaProperty -InputObject $server[0] -Name EncryptData -Type bool
        reject_unencrypted = Get-HipaaProperty -InputObject $server[0] -Name RejectUnencryptedAccess -Type bool
    }
}

function Get-Share([string[]]$Name) {
    # Only the shares that the policy names: names of others may be names of people.
    $query = @{ ClassName = 'MSFT_SmbShare'; Namespace = $script:SmbNamespace; TimeoutSeconds = 60 }
    foreach ($share in @(Get-HipaaCimInstance @query)) {
        if ($Name -notcontains $share.Name) { continue }
        [ordered]@{
            name = Get-HipaaProperty -InputObject $share -Name Name -Type string
            encrypt_data = Get-HipaaProperty -InputObject $share -Name EncryptData -Type bool
        }
    }
}

function Get-RemoteDesktop {
    # A policy value wins over the local one.
    $listener = "$script:TerminalKey\WinStations\RDP-Tcp"
    [ordered]@{
        denied = Read-Number $script:TerminalKey fDenyTSConnections
        policy_denied = Read-Number $script:TerminalPolicyKey fDenyTSConnections
        network_level = Read-Number $listener UserAuthentication
        policy_network_level = Read-Number $script:TerminalPolicyKey UserAuthentication
        security_layer = Read-Number $listener SecurityLayer
        policy_security_layer = Read-Number $script:TerminalPolicyKey SecurityLayer
        encryption_level = Read-Number $listener MinEncryptionLevel
        policy_encryption_level = Read-Number $script:TerminalPolicyKey MinEncryptionLevel
    }
}

function Get-OtherProduct([string[]]$Service) {
    # Encryption drivers are kernel services, which Win32_Service does not list.
    foreach ($name in $Service) {
        $start = Read-Number "SYSTEM\CurrentControlSet\Services\$name" Start
        if ($null -ne $start) { [ordered]@{ service = $name; start = $start } }
    }
}

function Get-HipaaEncryptionFact {
    <#
    .SYNOPSIS
    Reads how data is encrypted on disk and on the wire.
    .PARAMETER Collect
    services: driver names of other encryption products; shares: names of shares that hold ePHI.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([System.Collections.IDictionary]$Collect = @{})

    $services = @(if ($Collect.ContainsKey('services')) { $Collect.services })
    $shares = @(if ($Collect.ContainsKey('shares')) { $Collect.shares })
    [ordered]@{
        volumes = Invoke-HipaaProbe -Source 'cim:root/CIMV2/Security/MicrosoftVolumeEncryption:Win32_EncryptableVolume' -Script {
            Get-HipaaBitLockerVolume
        }
        fixed_volumes = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_Volume' -Script { Get-HipaaFixedVolume }
        feature = Invoke-HipaaProbe -Source 'cim:root/cimv2:Win32_OptionalFeature' -Script {
            [ordered]@{ install_state = Get-HipaaOptionalFeature -Name BitLocker }
        }
        tpm = Invoke-HipaaProbe -Source "cim:${script:TpmNamespace}:Win32_Tpm" -Script { Get-Tpm }
        secure_boot = Invoke-HipaaProbe -Source 'registry:SYSTEM\CurrentControlSet\Control\SecureBoot\State' -Script {
            [ordered]@{ enabled = Read-Number 'SYSTEM\CurrentControlSet\Control\SecureBoot\State' UEFISecureBootEnabled }
        }
        escrow_policy = Invoke-HipaaProbe -Source "registry:$script:PolicyKey" -Script { Get-EscrowPolicy }
        events = Invoke-HipaaProbe -Source 'eventlog:Microsoft-Windows-BitLocker/BitLocker Management' -Script {
            Get-HipaaBitLockerEvent
        }
        pending_reboot = Invoke-HipaaProbe -Source "registry:$script:ServicingKey; registry:$script:UpdateKey" -Script {
            [ordered]@{
                servicing = Test-HipaaRegistryKey -Path "$script:ServicingKey\RebootPending"
                update = Test-HipaaRegistryKey -Path "$script:UpdateKey\RebootRequired"
            }
        }
        protocols = Invoke-HipaaProbe -Source "registry:$script:ProtocolKey" -Script {
            ConvertTo-HipaaFactList -Item @(Get-Protocol)
        }
        smb = Invoke-HipaaProbe -Source "cim:${script:SmbNamespace}:MSFT_SmbServerConfiguration" -Script { Get-SmbConfiguration }
        smb_registry = Invoke-HipaaProbe -Source "registry:$script:SmbKey" -Script {
            [ordered]@{
                smb1 = Read-Number $script:SmbKey SMB1
                signing_required = Read-Number $script:SmbKey RequireSecuritySignature
            }
        }
        shares = Invoke-HipaaProbe -Source "cim:${script:SmbNamespace}:MSFT_SmbShare" -Script {
            ConvertTo-HipaaFactList -Item @(if ($shares.Count -gt 0) { Get-Share $shares })
        }
        remote_desktop = Invoke-HipaaProbe -Source "registry:$script:TerminalKey; registry:$script:TerminalPolicyKey" -Script {
            Get-RemoteDesktop
        }
        winrm = Invoke-HipaaProbe -Source "registry:$script:RemotePolicyKey; registry:$script:RemoteKey" -Script {
            [ordered]@{
                policy_unencrypted = Read-Number $script:RemotePolicyKey AllowUnencryptedTraffic
                local_unencrypted = Read-Number $script:RemoteKey allow_unencrypted
            }
        }
        other_products = Invoke-HipaaProbe -Source 'registry:SYSTEM\CurrentControlSet\Services' -Script {
            ConvertTo-HipaaFactList -Item @(Get-OtherProduct $services)
        }
    }
}

Export-ModuleMember -Function 'Get-HipaaEncryptionFact'
