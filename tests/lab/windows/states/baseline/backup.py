# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows Server Backup of a healthy server."""

from lab.windows.states.baseline.event_logs import channel
from lab.windows.states.clock import Clock
from lab.windows.states.hosts import Host
from lab.windows.states.registry import State


def target_label(host: Host) -> str:
    return f"{host.name} 2023_11_18 13:54 DISK_01"


def backup_log(host: Host, clock: Clock) -> State:
    """Return the channel of Windows Server Backup after last night's success."""
    return channel(
        1052672,
        records=[
            {
                "TimeCreated": clock.at(hours=4, minutes=30),
                "ProviderName": "Microsoft-Windows-Backup",
                "ProviderId": "1db28f2e-8f80-4027-8c5a-a11f7f10f62d",
                "Id": 1,
                "Level": 4,
                "Data": {},
            },
            {
                "TimeCreated": clock.at(hours=3, minutes=50),
                "ProviderName": "Microsoft-Windows-Backup",
                "ProviderId": "1db28f2e-8f80-4027-8c5a-a11f7f10f62d",
                "Id": 4,
                "Level": 4,
                "Data": {
                    "BackupTime": clock.at(hours=4, minutes=30),
                    "BackupTarget": target_label(host),
                    "NumOfVolumes": 2,
                },
            },
            {
                "TimeCreated": clock.at(hours=3, minutes=50),
                "ProviderName": "Microsoft-Windows-Backup",
                "ProviderId": "1db28f2e-8f80-4027-8c5a-a11f7f10f62d",
                "Id": 14,
                "Level": 4,
                "Data": {"BackupState": "14", "HRESULT": "0x0", "DetailedHRESULT": "0x0"},
            },
        ],
    )


def agent_log(clock: Clock) -> State:
    """Return the channel of an image backup agent that succeeded in each of the last nights.

    Event 190 of Veeam Agent ends a job; its level is the result, 4 for success.
    """
    return channel(
        1052672,
        records=[
            {
                "TimeCreated": clock.at(days=nights, hours=6),
                "ProviderName": "Veeam Agent",
                "Id": 190,
                "Level": 4,
                "Data": ["Backup of the whole computer", "Success"],
            }
            for nights in (2, 1, 0)
        ],
    )


def backup(host: Host, clock: Clock) -> State:
    """Return Windows Server Backup with a daily policy and last night's success."""
    label = target_label(host)
    last = clock.local(hours=4, minutes=30)
    return {
        "summary": {
            "NextBackupTime": clock.local(hours=-19, minutes=-30),
            "NumberOfVersions": 101,
            "LastSuccessfulBackupTime": last,
            "LastSuccessfulBackupTargetPath": "\\\\?\\Volume{61776c53-3eeb-447b-b38e-a6cd3bee7fbb}",
            "LastSuccessfulBackupTargetLabel": label,
            "LastBackupTime": last,
            "LastBackupTarget": label,
            "DetailedMessage": None,
            "LastBackupResultHR": 0,
            "LastBackupResultDetailedHR": 0,
            "CurrentOperationStatus": "NoOperationInProgress",
        },
        "policy": {
            "Schedule": ["04:30"],
            "BMR": True,
            "SystemState": True,
            "VolumesToBackup": ["C:", "D:"],
            "BackupTargets": [
                {
                    "Label": label,
                    "TargetType": "Disk",
                    "Path": "\\\\?\\Volume{61776c53-3eeb-447b-b38e-a6cd3bee7fbb}",
                    "FreeSpace": 1500000000000,
                    "TotalSpace": 4000000000000,
                }
            ],
            "VssBackupOptions": "VssCopyBackup",
        },
        "jobs": [
            {
                "JobType": "Backup",
                "StartTime": last,
                "EndTime": clock.local(hours=3, minutes=50),
                "JobState": "Completed",
                "CurrentOperation": "",
                "HResult": 0,
                "DetailedHResult": 0,
                "ErrorDescription": "",
                "VersionId": "11/04/2025-04:30",
            }
        ],
        "current": None,
        "duration_minutes": 40,
        "next_result": None,
    }


def vss_writers(host: Host) -> list[State]:
    """Return the stable writers of the Volume Shadow Copy Service."""
    writers = [
        {"id": writer_id, "name": name, "state": 1, "service": service}
        for writer_id, name, service in (
            ("{e8132975-6f93-4464-a53e-1050253ae220}", "System Writer", "CryptSvc"),
            ("{a6ad56c2-b509-4e6c-bb19-49d8f43532f0}", "WMI Writer", "Winmgmt"),
            ("{542da469-d3e1-473c-9f4f-7847f01fc64f}", "COM+ REGDB Writer", "VSS"),
            ("{afbab4a2-367d-4d15-a586-71dbb18f8485}", "Registry Writer", "VSS"),
            ("{4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f}", "Shadow Copy Optimization Writer", "VSS"),
            ("{be000cbe-11fe-4426-9c58-531aa6355fc4}", "ASR Writer", "VSS"),
            ("{d61d61c8-d73a-4eee-8cdd-f6f9786b7124}", "Task Scheduler Writer", "Schedule"),
        )
    ]
    if host.is_dc:
        writers.append({"id": "{b2014c9e-8711-4c5c-a5a9-3cf384484757}", "name": "NTDS", "state": 1})
    return writers
