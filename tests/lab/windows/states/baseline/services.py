# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of a healthy host."""

from typing import Any

from lab.windows.states.hosts import Host
from lab.windows.states.registry import State

DEFENDER_PLATFORM = "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.25090.3009-0"


def service(display: str, state: str = "Running", mode: str = "Auto", **more: Any) -> State:
    """Return one service; *more* are further keys of the state document."""
    return {"DisplayName": display, "State": state, "StartMode": mode, **more}


def services(host: Host) -> State:
    """Return the services of a healthy host."""
    found = {
        "EventLog": service(
            "Windows Event Log",
            PathName="C:\\Windows\\System32\\svchost.exe -k LocalServiceNetworkRestricted -p",
            ProcessId=1312,
        ),
        "RpcSs": service("Remote Procedure Call (RPC)", Protected=True, ProcessId=900),
        "Winmgmt": service(
            "Windows Management Instrumentation", DependsOn=["RpcSs"], ProcessId=2404
        ),
        "Schedule": service(
            "Task Scheduler",
            DependsOn=["RpcSs"],
            ConfigProtected=True,
            Protected=True,
            ProcessId=1600,
        ),
        "CryptSvc": service("Cryptographic Services", DependsOn=["RpcSs"], ProcessId=2052),
        "wuauserv": service("Windows Update", "Stopped", "Manual", DependsOn=["RpcSs"]),
        "UsoSvc": service(
            "Update Orchestrator Service",
            DelayedAutoStart=True,
            DependsOn=["RpcSs"],
            ProcessId=4404,
        ),
        "BITS": service(
            "Background Intelligent Transfer Service", "Stopped", "Manual", DependsOn=["RpcSs"]
        ),
        "TrustedInstaller": service("Windows Modules Installer", "Stopped", "Manual"),
        "WaaSMedicSvc": service(
            "Windows Update Medic Service",
            "Stopped",
            "Manual",
            Protected=True,
            ConfigProtected=True,
        ),
        "WinDefend": service(
            "Microsoft Defender Antivirus Service",
            Protected=True,
            DependsOn=["RpcSs"],
            ProcessId=3120,
            ServiceType="Own Process",
            PathName=f'"{DEFENDER_PLATFORM}\\MsMpEng.exe"',
        ),
        "WdNisSvc": service(
            "Microsoft Defender Antivirus Network Inspection Service",
            "Running",
            "Manual",
            Protected=True,
            ProcessId=3980,
        ),
        "Sense": service(
            "Windows Defender Advanced Threat Protection Service",
            "Stopped" if host.is_client else "Running",
            "Manual" if host.is_client else "Auto",
            Protected=True,
        ),
        "WdFilter": service(
            "Microsoft Defender Antivirus Mini-Filter Driver", "Running", "Boot", Driver=True
        ),
        "MpsSvc": service(
            "Windows Defender Firewall",
            Protected=True,
            ConfigProtected=True,
            DependsOn=["mpsdrv", "BFE"],
            ProcessId=2780,
        ),
        "BFE": service(
            "Base Filtering Engine",
            DependsOn=["RpcSs"],
            Protected=True,
            ConfigProtected=True,
            ProcessId=2700,
        ),
        "mpsdrv": service(
            "Windows Defender Firewall Authorization Driver", "Running", "Manual", Driver=True
        ),
        "WinRM": service(
            "Windows Remote Management (WS-Management)",
            DependsOn=["RpcSs"],
            StartName="NT AUTHORITY\\NetworkService",
            ProcessId=3300,
        ),
        "VSS": service("Volume Shadow Copy", "Stopped", "Manual", DependsOn=["RpcSs"]),
        "swprv": service(
            "Microsoft Software Shadow Copy Provider", "Stopped", "Manual", DependsOn=["RpcSs"]
        ),
        "SDRSVC": service("Windows Backup", "Stopped", "Manual"),
        "LanmanServer": service("Server", ProcessId=2600),
        "LanmanWorkstation": service("Workstation", ProcessId=2620),
        "Netlogon": service("Netlogon", DependsOn=["LanmanWorkstation"], ProcessId=760),
        "W32Time": service("Windows Time", ProcessId=1500),
        "TermService": service("Remote Desktop Services", "Running", "Manual", ProcessId=1104),
        "BDESVC": service("BitLocker Drive Encryption Service", "Stopped", "Manual"),
        "Wecsvc": service("Windows Event Collector", "Stopped", "Manual", DependsOn=["EventLog"]),
        "TPM": service("TPM", "Running", "Manual", Driver=True),
    }
    if host.is_client:
        found["wscsvc"] = service(
            "Security Center", DelayedAutoStart=True, Protected=True, ProcessId=3500
        )
        found["fhsvc"] = service("File History Service", "Stopped", "Manual")
        found["VeeamEndpointBackupSvc"] = service(
            "Veeam Agent for Microsoft Windows", ProcessId=4120, ServiceType="Own Process"
        )
    else:
        found["wbengine"] = service(
            "Block Level Backup Engine Service", "Stopped", "Manual", DependsOn=["RpcSs"]
        )
    if host.is_dc:
        found["NTDS"] = service("Active Directory Domain Services", ProcessId=760)
        found["DNS"] = service("DNS Server", ProcessId=2300)
    return found
