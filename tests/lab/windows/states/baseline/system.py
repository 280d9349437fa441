# SPDX-License-Identifier: GPL-3.0-or-later
"""The smaller parts of a healthy host: identity, features, devices, tasks."""

from lab.windows.states.audit import SUBCATEGORIES, SUBCATEGORY_GUID
from lab.windows.states.clock import REFERENCE, Clock
from lab.windows.states.hosts import DOMAIN_SID, Host
from lab.windows.states.registry import State

INSTALLED, AVAILABLE, REMOVED = 1, 2, 3


def feature(state: int) -> State:
    return {"InstallState": state}


def features(host: Host) -> State:
    """Return optional features by their DISM names."""
    if host.is_client:
        return {
            "Windows-Defender-Default-Definitions": feature(AVAILABLE),
            "SMB1Protocol": feature(AVAILABLE),
            "MicrosoftWindowsPowerShellV2": feature(INSTALLED),
        }
    return {
        "Windows-Defender": feature(INSTALLED),
        "BitLocker": feature(INSTALLED),
        "SMB1Protocol": feature(AVAILABLE),
        "MicrosoftWindowsPowerShellV2": feature(AVAILABLE if host.build < 26100 else REMOVED),
        "WindowsServerBackup": feature(INSTALLED),
        "FailoverCluster-FullServer": feature(AVAILABLE),
    }


def clock_entry(clock: Clock) -> State:
    """Return the lab clock of the document."""
    if clock.mode == "frozen":
        return {"mode": "frozen", "utc": clock.iso(REFERENCE)}
    return {"mode": "running", "offset_seconds": 0, "sleep": "real"}


def operating_system(host: Host) -> State:
    """Return version, name and installation type."""
    return {
        "key": host.kind.removeprefix("core"),
        "build": host.build,
        "ubr": host.ubr,
        "product_type": host.product_type,
        "computer_name": host.name,
        "fqdn": host.name.lower() + (".clinic.local" if host.is_domain else ""),
        "installation_type": host.installation_type,
    }


def token(host: Host) -> State:
    """Return the token of an Ansible connection over WinRM."""
    return {
        "logon_type": "network",
        "user": ("CLINIC" if host.is_domain else host.name) + "\\ansible",
        "sid": DOMAIN_SID + ("1112" if host.is_domain else "500"),
        "integrity": "high",
        "bitness": 64,
        "member_of_administrators": True,
    }


def disks() -> list[State]:
    """Return the one disk that Get-Disk lists."""
    return [
        {
            "ObjectId": "D0",
            "Number": 0,
            "FriendlyName": "Virtual Disk",
            "BusType": 10,
            "IsBoot": True,
            "IsSystem": True,
            "PartitionStyle": 2,
            "HealthStatus": 0,
            "OperationalStatus": [53264],
            "Size": 136365211648,
        }
    ]


def tpm() -> State:
    """Return a ready TPM 2.0."""
    return {
        "IsActivated_InitialValue": True,
        "IsEnabled_InitialValue": True,
        "IsOwned_InitialValue": True,
        "ManufacturerIdTxt": "MSFT",
        "ManufacturerVersion": "6.2",
        "SpecVersion": "2.0, 0, 1.38",
        "ready": True,
    }


def com_objects(clock: Clock) -> State:
    """Return what the Windows Update Agent and the firewall products answer over COM."""
    return {
        "wua": {
            "search": {"ResultCode": 2, "Warnings": [], "Updates": []},
            "history": [
                {
                    "Date": clock.at(hours=9),
                    "Operation": 1,
                    "ResultCode": 2,
                    "HResult": 0,
                    "Title": "Security Intelligence Update for Microsoft Defender Antivirus"
                    " - KB2267602",
                    "UpdateID": "8e3c1d2b-0000-4000-8000-000000000001",
                    "RevisionNumber": 200,
                },
                {
                    "Date": clock.at(days=15, hours=6),
                    "Operation": 1,
                    "ResultCode": 2,
                    "HResult": 0,
                    "Title": "2025-10 Cumulative Update",
                    "UpdateID": "11f0d1c3-0000-4000-8000-000000000001",
                    "RevisionNumber": 200,
                },
            ],
            "AutoUpdate": {
                "LastSearchSuccessDate": clock.at(hours=9),
                "LastInstallationSuccessDate": clock.at(hours=9),
                "NotificationLevel": 4,
            },
            "services": [
                {
                    "ServiceID": "9482f4b4-e343-43b6-b170-9a65bc822c77",
                    "Name": "Windows Update",
                    "IsDefaultAUService": True,
                    "IsManaged": False,
                    "IsRegisteredWithAU": True,
                }
            ],
        },
        "fwproducts": [],
    }


def tasks() -> State:
    """Return scheduled tasks by path."""
    return {
        "\\Microsoft\\Windows\\Windows Defender\\Windows Defender Scheduled Scan": {
            "State": "Ready",
            "Actions": [
                {
                    "Execute": "C:\\ProgramData\\Microsoft\\Windows Defender\\"
                    "Platform\\MpCmdRun.exe",
                    "Arguments": "Scan -ScheduleJob",
                }
            ],
            "Triggers": [],
            "Principal": {
                "UserId": "SYSTEM",
                "LogonType": "ServiceAccount",
                "RunLevel": "Highest",
            },
            "LastTaskResult": 0,
        }
    }


def local_groups(host: Host) -> State:
    """Return local groups by SID."""
    return {
        "S-1-5-32-544": {
            "name": "Administrators",
            "members": [{"name": host.name + "\\Administrator", "sid": DOMAIN_SID + "500"}],
        },
        "S-1-5-32-573": {"name": "Event Log Readers", "members": []},
    }


def audit_policy() -> State:
    """Return the healthy audit policy."""
    policy = {SUBCATEGORY_GUID % key: healthy for key, (_, healthy) in SUBCATEGORIES.items()}
    options = {
        "CrashOnAuditFail": 0,
        "FullPrivilegeAuditing": 0,
        "AuditBaseObjects": 0,
        "AuditBaseDirectories": 0,
    }
    return {"policy": policy, "options": options}
