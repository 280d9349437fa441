# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each probe reads: the surfaces of the simulated Windows that a fault can stand on.

A new probe needs a row here; test_fault_matrix fails without one. Each surface of a row is broken
by itself, since the others must not make up for it. One long table, so that a check is found once.
"""

from collections.abc import Mapping

_SERVICES = ("cim:root/cimv2:Win32_Service",)
_FEATURE = ("cim:root/cimv2:Win32_OptionalFeature",)
_DEFENDER = "cim:root/Microsoft/Windows/Defender"
_DISKS = "cim:root/Microsoft/Windows/Storage:MSFT_Partition"
_DEFENDER_LOG = ("eventlog:Microsoft-Windows-Windows Defender/Operational",)
_BITLOCKER = "cim:root/CIMV2/Security/MicrosoftVolumeEncryption:Win32_EncryptableVolume"
_SMB = "cim:root/Microsoft/Windows/SMB"
_SOFTWARE = r"registry:HKLM\SOFTWARE\Microsoft"
_POLICIES = r"registry:HKLM\SOFTWARE\Policies\Microsoft"
_SYSTEM = r"registry:HKLM\SYSTEM\CurrentControlSet"
_MDM = rf"{_SOFTWARE}\PolicyManager\current\device"
_SERVICING = rf"{_SOFTWARE}\Windows\CurrentVersion\Component Based Servicing"
_AUTO_UPDATE = rf"{_SOFTWARE}\Windows\CurrentVersion\WindowsUpdate\Auto Update"

# Check -> probe -> surfaces.
SURFACES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "patching": {
        "packages": (rf"{_SERVICING}\Packages",),
        "agent_dates": ("com:Microsoft.Update.AutoUpdate",),
        "search": (
            "com:Microsoft.Update.Session",
            "com:Microsoft.Update.Searcher.Search",
            "com:ISearchResult",
        ),
        "cached_search": ("com:Microsoft.Update.Searcher.Search",),
        "legacy_dates": (rf"{_AUTO_UPDATE}\Results\Detect",),
        "history": ("com:Microsoft.Update.Searcher.QueryHistory",),
        "events": ("eventlog:System",),
        "servicing_events": ("eventlog:Setup",),
        "hotfixes": ("cim:root/cimv2:Win32_QuickFixEngineering",),
        "settings": (
            rf"{_POLICIES}\Windows\WindowsUpdate",
            rf"{_POLICIES}\Windows\WindowsUpdate\AU",
            rf"{_MDM}\Update",
            rf"{_SOFTWARE}\WindowsUpdate\UX\Settings",
        ),
        "update_services": ("com:Microsoft.Update.ServiceManager",),
        "services": _SERVICES,
        "reboot": (
            _SERVICING,
            _AUTO_UPDATE,
            rf"{_SYSTEM}\Control\ComputerName\ComputerName",
            rf"{_SYSTEM}\Control\Session Manager",
            rf"{_SYSTEM}\Services\Netlogon",
            rf"{_SOFTWARE}\ServerManager\ServicingStorage\ServerComponentCache",
        ),
        "agent_reboot": ("com:Microsoft.Update.SystemInfo",),
    },
    "av_edr": {
        "computer_status": (f"{_DEFENDER}:MSFT_MpComputerStatus",),
        "preference": (f"{_DEFENDER}:MSFT_MpPreference",),
        "services": _SERVICES,
        "filter_driver": ("cim:root/cimv2:Win32_SystemDriver",),
        "onboarding": (
            rf"{_SOFTWARE}\Windows Advanced Threat Protection\Status",
            rf"{_POLICIES}\Windows Advanced Threat Protection",
        ),
        "policy": (
            rf"{_POLICIES}\Windows Defender",
            rf"{_POLICIES}\Windows Defender\Real-Time Protection",
            rf"{_MDM}\Defender",
        ),
        "security_center": ("cim:root/SecurityCenter2:AntiVirusProduct",),
        "products": _SERVICES,
        "feature": _FEATURE,
        "detections": (f"{_DEFENDER}:MSFT_MpThreatDetection",),
        "threat_events": _DEFENDER_LOG,
        "protection_events": _DEFENDER_LOG,
    },
    "backup": {
        "wsb_summary": ("cmdlet:Get-WBSummary",),
        "wsb_policy": ("cmdlet:Get-WBPolicy", "cmdlet:Get-WBBackupTarget"),
        "wsb_job": ("cmdlet:Get-WBJob",),
        "wsb_events": ("eventlog:Microsoft-Windows-Backup",),
        "disks": (_DISKS,),
        "services": _SERVICES,
        "products": _SERVICES,
        "product_events": ("eventlog:Application",),
        "feature": _FEATURE,
        "dumps": (),
        "shadow_copies": ("cim:root/cimv2:Win32_ShadowCopy",),
        "writers": ("native:vssadmin.exe",),
        "directory": (),
    },
    "logging": {
        "audit_policy": (
            "api:AuditEnumerateSubCategories",
            "api:AuditQuerySystemPolicy",
            "api:AuditEnumeratePerUserPolicy",
            "api:AdjustTokenPrivileges",
        ),
        "audit_policy_backup": ("native:auditpol.exe",),
        "audit_settings": (
            rf"{_SYSTEM}\Control\Lsa",
            rf"{_SOFTWARE}\Windows\CurrentVersion\Policies\System\Audit",
        ),
        "audit_owner": (rf"{_MDM}\Audit",),
        "logs": ("eventlog:Security", "eventlog:Setup", "eventlog:Application"),
        "log_settings": (
            rf"{_SYSTEM}\Services\EventLog\Security",
            rf"{_POLICIES}\Windows\EventLog\Security",
        ),
        "services": _SERVICES,
        "security_activity": ("eventlog:Security",),
        "system_activity": ("eventlog:System",),
        "power_events": ("eventlog:System",),
        "cleared_events": ("eventlog:Security", "eventlog:System"),
        "tamper_events": ("eventlog:Security",),
        "powershell": (
            rf"{_POLICIES}\Windows\PowerShell\ScriptBlockLogging",
            rf"{_POLICIES}\Windows\PowerShell\ModuleLogging",
            rf"{_POLICIES}\Windows\PowerShell\Transcription",
            rf"{_POLICIES}\PowerShellCore\ScriptBlockLogging",
        ),
        "forwarding": (rf"{_POLICIES}\Windows\EventLog\EventForwarding\SubscriptionManager",),
        "forwarding_events": ("eventlog:Microsoft-Windows-Forwarding/Operational",),
        "forwarding_reader": ("cmdlet:Get-LocalGroupMember",),
        "agents": _SERVICES,
    },
    "firewall": {
        "profiles": (
            "cmdlet:Get-NetFirewallProfile",
            "cim:root/StandardCimv2:MSFT_NetFirewallProfile",
        ),
        "settings": (
            rf"{_POLICIES}\WindowsFirewall\DomainProfile",
            rf"{_SYSTEM}\Services\SharedAccess\Parameters\FirewallPolicy\DomainProfile",
        ),
        "services": _SERVICES,
        "policy_state": ("com:HNetCfg.FwPolicy2",),
        "connections": ("cmdlet:Get-NetConnectionProfile",),
        "products": ("com:HNetCfg.FwProducts",),
        "security_center": ("cim:root/SecurityCenter2:FirewallProduct",),
        "rules": (
            "cmdlet:Get-NetFirewallRule",
            "cmdlet:Get-NetFirewallPortFilter",
            "cmdlet:Get-NetFirewallAddressFilter",
            "cmdlet:Get-NetFirewallApplicationFilter",
        ),
    },
    "encryption": {
        "volumes": (
            _BITLOCKER,
            f"{_BITLOCKER}.GetProtectionStatus",
            f"{_BITLOCKER}.GetConversionStatus",
            f"{_BITLOCKER}.GetEncryptionMethod",
            f"{_BITLOCKER}.GetKeyProtectors",
            f"{_BITLOCKER}.GetKeyProtectorType",
            f"{_BITLOCKER}.GetLockStatus",
            f"{_BITLOCKER}.GetSuspendCount",
        ),
        "fixed_volumes": ("cim:root/cimv2:Win32_Volume",),
        "feature": _FEATURE,
        "tpm": ("cim:root/CIMV2/Security/MicrosoftTpm:Win32_Tpm",),
        "secure_boot": (rf"{_SYSTEM}\Control\SecureBoot\State",),
        "escrow_policy": (rf"{_POLICIES}\FVE",),
        "events": ("eventlog:Microsoft-Windows-BitLocker/BitLocker Management",),
        "pending_reboot": (rf"{_SERVICING}\RebootPending", rf"{_AUTO_UPDATE}\RebootRequired"),
        "protocols": (rf"{_SYSTEM}\Control\SecurityProviders\SCHANNEL\Protocols",),
        "smb": (f"{_SMB}:MSFT_SmbServerConfiguration",),
        "smb_registry": (rf"{_SYSTEM}\Services\LanmanServer\Parameters",),
        "shares": (f"{_SMB}:MSFT_SmbShare",),
        "remote_desktop": (
            rf"{_SYSTEM}\Control\Terminal Server",
            rf"{_POLICIES}\Windows NT\Terminal Services",
        ),
        "winrm": (
            rf"{_POLICIES}\Windows\WinRM\Service",
            rf"{_SOFTWARE}\Windows\CurrentVersion\WSMAN\Service",
        ),
        # The driver of one product that the table names.
        "other_products": (rf"{_SYSTEM}\Services\veracrypt",),
    },
}

# What all checks need to know of a machine.
HOST_SURFACES = (
    "cim:root/cimv2:Win32_OperatingSystem",
    "cim:root/cimv2:Win32_ComputerSystem",
    rf"{_SOFTWARE}\Windows NT\CurrentVersion",
)
# Probes on which no fault can stand, and why; unit tests of the judges take their facts away.
NO_SURFACE: Mapping[tuple[str, str], str] = {
    ("backup", "dumps"): "the simulated Windows has no faults of files",
    ("backup", "directory"): "the simulated Windows has no directory cmdlets",
}
# Where a probe has something to read, other than on a healthy server: Security Center is on clients
# only, and nobody asks who may read the log where nothing is forwarded.
BASE_OF: Mapping[tuple[str, str], str] = {
    ("av_edr", "security_center"): "healthy-win11-member",
    ("firewall", "security_center"): "healthy-win11-member",
    ("logging", "forwarding_reader"): "logging-U7",
}
# What must be broken as well, or nobody asks the probe.
BROKEN_BEFORE: Mapping[tuple[str, str], tuple[str, str]] = {
    ("logging", "audit_policy_backup"): ("api:advapi32.dll", "denied"),
}
# Probe -> the one that answers in its place, with the same authority: the verdict stays as it was.
SECOND_SOURCE: Mapping[tuple[str, str], str] = {
    ("logging", "audit_policy"): "audit_policy_backup",
}
# Check -> probe -> the scenario whose fault that probe shows, or helps to show.
SCENARIO_OF: Mapping[str, Mapping[str, str]] = {
    "patching": {
        "packages": "U2",
        "agent_dates": "U4",
        "search": "U1",
        "cached_search": "U4",
        "legacy_dates": "U4",
        "history": "U7",
        "events": "U7",
        "servicing_events": "U3",
        "hotfixes": "U2",
        "settings": "U6",
        "update_services": "U2",
        "services": "U6",
        "reboot": "U3",
        "agent_reboot": "U3",
    },
    "av_edr": {
        "computer_status": "U2",
        "preference": "U2",
        "services": "U3",
        "filter_driver": "U3",
        "onboarding": "U6",
        "policy": "U2",
        "security_center": "U7",
        "products": "U5",
        "feature": "U5",
        "detections": "U8",
        "threat_events": "U8",
        "protection_events": "U2",
    },
    "backup": {
        "wsb_summary": "U2",
        "wsb_policy": "U3",
        "wsb_job": "U5",
        "wsb_events": "U2",
        "disks": "U1",
        "services": "U6",
        "products": "U9",
        "product_events": "U9",
        "feature": "U4",
        "dumps": "U3",  # not in the matrix, see NO_SURFACE
        "shadow_copies": "U3",
        "writers": "U7",
        "directory": "U2",
    },
    "logging": {
        "audit_policy": "U2",
        "audit_policy_backup": "U2",
        "audit_settings": "U2",
        "audit_owner": "U1",
        "logs": "U4",
        "log_settings": "U1",
        "services": "U3",
        "security_activity": "U9",
        "system_activity": "U9",
        "power_events": "U9",
        "cleared_events": "U5",
        "tamper_events": "U4",
        "powershell": "U1",
        "forwarding": "U7",
        "forwarding_events": "U7",
        "forwarding_reader": "U7",
        "agents": "U7",
    },
    "firewall": {
        "profiles": "U1",
        "settings": "U4",
        "services": "U4",
        "policy_state": "U3",
        "connections": "U8",
        "products": "U5",
        "security_center": "U5",
        "rules": "U7",
    },
    "encryption": {
        "volumes": "U1",
        "fixed_volumes": "U3",
        "feature": "U5",
        "tpm": "U5",
        "secure_boot": "U1",
        "escrow_policy": "U6",
        "events": "U2",
        "pending_reboot": "U2",
        "protocols": "U9",
        "smb": "U9",
        "smb_registry": "U9",
        "shares": "U9",
        "remote_desktop": "U9",
        "winrm": "U9",
        "other_products": "U1",
    },
}

# Registry keys that a healthy host may lack, with harmless values: what is not there cannot fail.
SEEDS: Mapping[str, Mapping[str, Mapping[str, list[object]]]] = {
    "patching": {
        rf"{_POLICIES}\Windows\WindowsUpdate": {"DisableWindowsUpdateAccess": ["REG_DWORD", 0]},
        rf"{_POLICIES}\Windows\WindowsUpdate\AU": {"NoAutoUpdate": ["REG_DWORD", 0]},
        rf"{_MDM}\Update": {"AllowAutoUpdate": ["REG_DWORD", 1]},
        rf"{_SOFTWARE}\WindowsUpdate\UX\Settings": {
            "PauseUpdatesExpiryTime": ["REG_SZ", "2025-01-31T00:00:00Z"]
        },
        rf"{_AUTO_UPDATE}\Results\Detect": {"LastSuccessTime": ["REG_SZ", "2025-11-04 03:00:00"]},
        rf"{_SYSTEM}\Control\Session Manager": {},
        rf"{_SYSTEM}\Services\Netlogon": {},
        rf"{_SOFTWARE}\ServerManager\ServicingStorage\ServerComponentCache": {
            "RestartRequired": ["REG_DWORD", 0]
        },
    },
    "av_edr": {
        rf"{_SOFTWARE}\Windows Advanced Threat Protection\Status": {
            "OnboardingState": ["REG_DWORD", 0]
        },
        rf"{_POLICIES}\Windows Advanced Threat Protection": {
            "ForceDefenderPassiveMode": ["REG_DWORD", 0]
        },
        rf"{_POLICIES}\Windows Defender": {"DisableAntiSpyware": ["REG_DWORD", 0]},
        rf"{_POLICIES}\Windows Defender\Real-Time Protection": {
            "DisableRealtimeMonitoring": ["REG_DWORD", 0]
        },
        rf"{_MDM}\Defender": {"AllowRealtimeMonitoring": ["REG_DWORD", 1]},
    },
    "backup": {},
    "logging": {
        rf"{_SOFTWARE}\Windows\CurrentVersion\Policies\System\Audit": {
            "ProcessCreationIncludeCmdLine_Enabled": ["REG_DWORD", 1]
        },
        rf"{_MDM}\Audit": {},
        rf"{_POLICIES}\Windows\EventLog\Security": {"MaxSize": ["REG_DWORD", 196608]},
        rf"{_POLICIES}\Windows\PowerShell\ScriptBlockLogging": {
            "EnableScriptBlockLogging": ["REG_DWORD", 1]
        },
        rf"{_POLICIES}\Windows\PowerShell\ModuleLogging": {"EnableModuleLogging": ["REG_DWORD", 1]},
        rf"{_POLICIES}\Windows\PowerShell\Transcription": {"EnableTranscripting": ["REG_DWORD", 1]},
        rf"{_POLICIES}\PowerShellCore\ScriptBlockLogging": {
            "EnableScriptBlockLogging": ["REG_DWORD", 1]
        },
        rf"{_POLICIES}\Windows\EventLog\EventForwarding\SubscriptionManager": {},
    },
    "firewall": {
        rf"{_POLICIES}\WindowsFirewall\DomainProfile": {"EnableFirewall": ["REG_DWORD", 1]},
    },
    "encryption": {
        rf"{_SERVICING}\RebootPending": {},
        rf"{_AUTO_UPDATE}\RebootRequired": {},
        rf"{_POLICIES}\Windows NT\Terminal Services": {"UserAuthentication": ["REG_DWORD", 1]},
        rf"{_SOFTWARE}\Windows\CurrentVersion\WSMAN\Service": {
            "allow_unencrypted": ["REG_DWORD", 0]
        },
        # Start type 4: disabled.
        rf"{_SYSTEM}\Services\veracrypt": {"Start": ["REG_DWORD", 4]},
    },
}
