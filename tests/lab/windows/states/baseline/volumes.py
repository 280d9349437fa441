# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted volumes of a healthy host."""

from typing import Any

from lab.windows.states.clock import Clock
from lab.windows.states.hosts import Host
from lab.windows.states.registry import State


def volume(letter: str, guid: str, volume_type: int, clock: Clock, **facts: Any) -> State:
    """Return one encrypted volume; *volume_type* is 0 for the operating system's, 1 for data."""
    return {
        "DriveLetter": letter,
        "DeviceID": f"\\\\?\\Volume{{{guid}}}\\",
        "Name": letter + "\\",
        "Caption": letter + "\\",
        "DriveType": 3,
        "FileSystem": "NTFS",
        "Label": facts.get("label", ""),
        "Capacity": facts.get("size", 136365211648),
        "FreeSpace": facts.get("free", 81000000000),
        "DiskNumber": facts.get("disk", 0),
        "PartitionNumber": facts.get("part", 3),
        "BootVolume": letter == "C:",
        "SystemVolume": False,
        "bitlocker": bitlocker(volume_type, clock),
    }


def bitlocker(volume_type: int, clock: Clock) -> State:
    """Return a volume fully encrypted with XTS-AES 128, its key escrowed to the directory."""
    return {
        "PersistentVolumeID": "{ACCDB443-A545-4139-A2DC-A07588D785D8}",
        "ProtectionStatus": 1,
        "ConversionStatus": 1,
        "EncryptionMethod": 6,
        "VolumeType": volume_type,
        "IsVolumeInitializedForProtection": True,
        "EncryptionPercentage": 100,
        "EncryptionFlags": 1,
        "WipingStatus": 0,
        "WipingPercentage": 0,
        "LockStatus": 0,
        "SuspendCount": 0,
        "AutoUnlock": volume_type == 1,
        "percent_per_minute": 1,
        "protectors": [
            {
                "id": "{8B6D2F10-5A8E-4C3B-9A77-%012X}" % (volume_type + 1),
                "type": 1 if volume_type == 0 else 2,
            },
            {
                "id": "{2E9A4C55-7D1F-4E0B-8B02-%012X}" % (volume_type + 1),
                "type": 3,
                "recovery_password": "111111-222222-333333-444444-555555-666666-777777-888888",
            },
        ],
        "escrow": [
            {
                "protector": "{2E9A4C55-7D1F-4E0B-8B02-%012X}" % (volume_type + 1),
                "target": "AD",
                "utc": clock.at(days=270),
            }
        ],
    }


def volumes(host: Host, clock: Clock) -> list[State]:
    """Return C:, and D: on a server."""
    found = [volume("C:", "1b7897f7-3916-496c-91de-704fde33dde9", 0, clock)]
    if not host.is_client:
        data = {"label": "Data", "size": 549755813888, "free": 200000000000, "disk": 1, "part": 2}
        found.append(volume("D:", "5c2a77d0-66f1-4b0e-9d2e-000000000002", 1, clock, **data))
    return found
