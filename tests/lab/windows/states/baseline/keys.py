# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry of a healthy host."""

from datetime import UTC, datetime

from lab.windows.states.baseline.services import services
from lab.windows.states.clock import Clock
from lab.windows.states.hosts import Host
from lab.windows.states.registry import (
    CURRENT_VERSION,
    FIREWALL,
    POLICIES,
    SCHANNEL,
    SERVICING,
    SOFTWARE,
    SYSTEM,
    WINDOWS_CURRENT_VERSION,
    State,
    dword,
    string,
    update_package,
)

# The value "Start" of a service or driver.
START_VALUES = {"Boot": 0, "Auto": 2, "Manual": 3, "Disabled": 4}


def registry_keys(host: Host, clock: Clock) -> State:
    """Return the keys that probes read, with their values."""
    high, low = clock.filetime_of(datetime(2025, 10, 20, 3, tzinfo=UTC))
    previous_high, previous_low = clock.filetime_of(datetime(2025, 9, 17, 3, tzinfo=UTC))
    registry = {
        CURRENT_VERSION: {
            "CurrentBuild": string(str(host.build)),
            "CurrentBuildNumber": string(str(host.build)),
            "UBR": dword(host.ubr),
            "EditionID": string(host.edition),
            "InstallationType": string(host.installation_type),
            "ProductName": string(
                host.caption.replace("Microsoft ", "").replace("Windows 11", "Windows 10")
            ),
            "CurrentMajorVersionNumber": dword(10),
            "CurrentMinorVersionNumber": dword(0),
            "ReleaseId": string({"1607": "1607", "1809": "1809"}.get(host.display_version, "2009")),
            "InstallDate": dword(1700000000),
            "BuildLabEx": string(f"{host.build}.1.amd64fre"),
        },
        SERVICING + "\\Packages\\" + update_package(host.build, host.ubr): {
            "CurrentState": dword(112),
            "InstallTimeHigh": dword(high),
            "InstallTimeLow": dword(low),
        },
        SERVICING + "\\Packages\\" + update_package(host.build, host.previous_ubr): {
            "CurrentState": dword(80),
            "InstallTimeHigh": dword(previous_high),
            "InstallTimeLow": dword(previous_low),
        },
        WINDOWS_CURRENT_VERSION + "WindowsUpdate\\Auto Update": {},
        SYSTEM + "Control\\ComputerName\\ComputerName": {"ComputerName": string(host.name)},
        SYSTEM + "Control\\ComputerName\\ActiveComputerName": {"ComputerName": string(host.name)},
        SYSTEM + "Control\\Session Manager": {
            "PendingFileRenameOperations": [
                "REG_MULTI_SZ",
                ["\\??\\C:\\Windows\\System32\\DriverStore\\Temp\\DEL1983.tmp", ""],
            ]
        },
        SOFTWARE + "Microsoft\\ServerManager\\ServicingStorage\\ServerComponentCache": {
            "RestartRequired": dword(0)
        },
        POLICIES + "Windows\\WindowsUpdate": {},
        POLICIES + "Windows\\WindowsUpdate\\AU": {
            "NoAutoUpdate": dword(0),
            "AUOptions": dword(4),
            "ScheduledInstallDay": dword(0),
            "ScheduledInstallTime": dword(3),
            "UseWUServer": dword(0),
        },
        SOFTWARE + "Microsoft\\WindowsUpdate\\UX\\Settings": {},
        POLICIES + "Windows Defender": {},
        SOFTWARE + "Microsoft\\Windows Defender": {
            "ProductStatus": dword(0),
            "InstallLocation": string(
                "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.25090.3009-0\\"
            ),
        },
        SOFTWARE + "Microsoft\\Windows Defender\\Features": {"TamperProtection": dword(5)},
        SOFTWARE + "Microsoft\\Windows Advanced Threat Protection\\Status": {}
        if host.is_client
        else {"OnboardingState": dword(1)},
        SYSTEM + "Control\\Lsa": {
            "SCENoApplyLegacyAuditPolicy": dword(1),
            "CrashOnAuditFail": dword(0),
            "LimitBlankPasswordUse": dword(1),
        },
        SYSTEM + "Services\\EventLog": {},
        SYSTEM + "Services\\EventLog\\Security": {
            "MaxSize": dword(201326592),
            "Retention": dword(0),
            "WarningLevel": dword(90),
        },
        SYSTEM + "Services\\EventLog\\System": {"MaxSize": dword(33554432), "Retention": dword(0)},
        SYSTEM + "Services\\EventLog\\Application": {
            "MaxSize": dword(33554432),
            "Retention": dword(0),
        },
        POLICIES + "Windows\\PowerShell\\ScriptBlockLogging": {
            "EnableScriptBlockLogging": dword(1)
        },
        WINDOWS_CURRENT_VERSION + "Policies\\System\\Audit": {
            "ProcessCreationIncludeCmdLine_Enabled": dword(0)
        },
        WINDOWS_CURRENT_VERSION + "Policies\\System": {
            "EnableLUA": dword(1),
            "LocalAccountTokenFilterPolicy": dword(1),
        }
        if not host.is_domain
        else {"EnableLUA": dword(1)},
        POLICIES + "FVE": {
            "OSRecovery": dword(1),
            "OSRecoveryPassword": dword(1),
            "OSActiveDirectoryBackup": dword(1),
            "OSActiveDirectoryInfoToStore": dword(1),
            "OSRequireActiveDirectoryBackup": dword(1),
            "EncryptionMethodWithXtsOs": dword(7),
            "FDVRecovery": dword(1),
            "FDVRecoveryPassword": dword(1),
            "FDVActiveDirectoryBackup": dword(1),
            "FDVActiveDirectoryInfoToStore": dword(1),
            "FDVRequireActiveDirectoryBackup": dword(1),
            "EncryptionMethodWithXtsFdv": dword(7),
        },
        SYSTEM + "Control\\SecureBoot\\State": {"UEFISecureBootEnabled": dword(1)},
        SYSTEM + "Services\\LanmanServer\\Parameters": {
            "SMB1": dword(0),
            "RequireSecuritySignature": dword(1),
        },
        SYSTEM + "Control\\Terminal Server\\WinStations\\RDP-Tcp": {
            "SecurityLayer": dword(2),
            "UserAuthentication": dword(1),
            "MinEncryptionLevel": dword(3),
        },
        POLICIES + "Windows\\WinRM\\Service": {"AllowUnencryptedTraffic": dword(0)},
        SOFTWARE + "Microsoft\\.NETFramework\\v4.0.30319": {
            "SchUseStrongCrypto": dword(1),
            "SystemDefaultTlsVersions": dword(1),
        },
        SOFTWARE + "WOW6432Node\\Microsoft\\.NETFramework\\v4.0.30319": {
            "SchUseStrongCrypto": dword(1),
            "SystemDefaultTlsVersions": dword(1),
        },
        "HKCU\\Software": {},
    }
    if host.display_version not in ("1607", "1809"):
        registry[CURRENT_VERSION]["DisplayVersion"] = string(host.display_version)
    for name, service in services(host).items():
        registry[SYSTEM + "Services\\" + name] = {
            "Start": dword(START_VALUES[service["StartMode"]])
        }
    for protocol in ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1"):
        registry[SCHANNEL + protocol + "\\Server"] = {
            "Enabled": dword(0),
            "DisabledByDefault": dword(1),
        }
    for profile, log in (
        ("DomainProfile", "domainfw"),
        ("StandardProfile", "privatefw"),
        ("PublicProfile", "publicfw"),
    ):
        registry[FIREWALL + profile] = {
            "EnableFirewall": dword(1),
            "DefaultInboundAction": dword(1),
            "DefaultOutboundAction": dword(0),
            "DisableNotifications": dword(0),
        }
        registry[FIREWALL + profile + "\\Logging"] = {
            "LogDroppedPackets": dword(1),
            "LogSuccessfulConnections": dword(1),
            "LogFileSize": dword(16384),
            "LogFilePath": string(f"%systemroot%\\system32\\LogFiles\\Firewall\\{log}.log"),
        }
    return registry
