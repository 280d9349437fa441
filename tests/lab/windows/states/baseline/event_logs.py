# SPDX-License-Identifier: GPL-3.0-or-later
"""Event logs of a healthy host."""

from typing import Any

from lab.windows.states.baseline.volumes import volumes
from lab.windows.states.clock import Clock
from lab.windows.states.hosts import Host
from lab.windows.states.registry import State


def channel(size: int, **more: Any) -> State:
    """Return one event log of at most *size* bytes; *more* are further keys of the document."""
    usual = {
        "IsEnabled": True,
        "LogMode": 0,
        "MaximumSizeInBytes": size,
        "FileSize": min(size, 20975616),
        "IsLogFull": False,
        "records": [],
    }
    return usual | more


def event_logs(host: Host, clock: Clock) -> State:
    """Return the channels with the records that a quiet month leaves."""
    logs = {
        "Security": channel(
            201326592,
            IsClassicLog=True,
            FileSize=201330688,
            OldestRecordNumber=9014410,
            LogFilePath="%SystemRoot%\\System32\\Winevt\\Logs\\Security.evtx",
            synthetic=[
                {
                    "from": clock.at(days=14, hours=6),
                    "to": clock.at(minutes=1),
                    "every_seconds": 300,
                    "ProviderName": "Microsoft-Windows-Security-Auditing",
                    "ProviderId": "54849625-5478-4994-a5ba-3e3b0328c30d",
                    "Id": 4624,
                    "Level": 0,
                    "Task": 12544,
                    "Keywords": 9232379236109516800,
                    "Data": {
                        "SubjectUserSid": "S-1-5-18",
                        "TargetUserName": "svc-ehr",
                        "LogonType": 3,
                    },
                }
            ],
        ),
        "System": channel(
            33554432,
            IsClassicLog=True,
            synthetic=[
                {
                    "from": clock.at(days=30),
                    "to": clock.at(minutes=4),
                    "every_seconds": 3600,
                    "ProviderName": "Service Control Manager",
                    "Id": 7036,
                    "Level": 4,
                    "Data": ["Windows Modules Installer", "stopped"],
                }
            ],
        ),
        "Application": channel(
            33554432,
            IsClassicLog=True,
            synthetic=[
                {
                    "from": clock.at(days=30),
                    "to": clock.at(minutes=9),
                    "every_seconds": 7200,
                    "ProviderName": "ESENT",
                    "Id": 326,
                    "Level": 4,
                    "Data": [],
                }
            ],
        ),
        "Setup": channel(33554432, IsClassicLog=False),
        "Windows PowerShell": channel(15728640, IsClassicLog=True),
        "Microsoft-Windows-PowerShell/Operational": channel(67108864),
        "Microsoft-Windows-Windows Defender/Operational": channel(16777216),
        "Microsoft-Windows-WindowsUpdateClient/Operational": channel(1052672),
        "Microsoft-Windows-Forwarding/Operational": channel(1052672),
        "Microsoft-Windows-BitLocker/BitLocker Management": channel(1052672),
        "Microsoft-Windows-TaskScheduler/Operational": channel(10485760, IsEnabled=False),
        "Microsoft-Windows-FileHistory-Engine/BackupLog": channel(1052672),
    }
    logs["System"]["records"] += [
        {
            "TimeCreated": clock.at(days=15, hours=6),
            "ProviderName": "EventLog",
            "Id": 6005,
            "Level": 4,
            "Data": [],
        },
        {
            "TimeCreated": clock.at(days=15, hours=6),
            "ProviderName": "Microsoft-Windows-Kernel-General",
            "Id": 12,
            "Level": 4,
            "Data": {"MajorVersion": 10, "BuildVersion": host.build},
        },
        {
            "TimeCreated": clock.at(days=14, hours=20),
            "ProviderName": "Microsoft-Windows-WindowsUpdateClient",
            "Id": 19,
            "Level": 4,
            "Data": {
                "updateTitle": "2025-10 Cumulative Update",
                "updateGuid": "{11f0d1c3-0000-4000-8000-000000000001}",
                "updateRevisionNumber": 200,
            },
        },
    ]
    logs["Microsoft-Windows-Windows Defender/Operational"]["records"] += [
        {
            "TimeCreated": clock.at(minutes=40),
            "ProviderName": "Microsoft-Windows-Windows Defender",
            "Id": 1151,
            "Level": 4,
            "Data": {"Platform version": "4.18.25090.3009"},
        }
    ]
    logs["Microsoft-Windows-BitLocker/BitLocker Management"]["records"] += [
        {
            "TimeCreated": clock.at(days=270),
            "ProviderName": "Microsoft-Windows-BitLocker-API",
            # Backed up to Active Directory, or without one to Entra ID.
            "Id": 784 if host.is_domain else 845,
            "Level": 4,
            "Data": {
                "VolumeName": volume["DeviceID"],
                "VolumeMountPoint": volume["DriveLetter"],
                "ProtectorGUID": kept["protector"],
            },
        }
        for volume in volumes(host, clock)
        for kept in volume["bitlocker"]["escrow"]
    ]
    return logs
