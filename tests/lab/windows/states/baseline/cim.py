# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM instances that the lab does not compute from other parts of the state."""

from datetime import timedelta

from lab.windows.states.clock import REFERENCE, Clock
from lab.windows.states.hosts import Host
from lab.windows.states.registry import State


def domain_role(host: Host) -> int:
    """Return Win32_ComputerSystem.DomainRole."""
    if host.is_dc:
        return 5
    return (0 if host.is_client else 2) + int(host.is_domain)


def cim_instances(host: Host, clock: Clock) -> State:
    """Return namespace, class and instances."""
    installed_on = (REFERENCE + clock.shift - timedelta(days=15)).strftime("%m/%d/%Y")
    return {
        "root/cimv2": {
            "Win32_OperatingSystem": [
                {
                    "Name": host.caption + "|C:\\Windows|\\Device\\Harddisk0\\Partition3",
                    "Caption": host.caption,
                    "Version": f"10.0.{host.build}",
                    "OSArchitecture": "64-bit",
                    "OperatingSystemSKU": 48 if host.is_client else 7,
                    "InstallDate": clock.at(days=700),
                    "CurrentTimeZone": 0,
                    "Locale": "0409",
                    "MUILanguages": ["en-US"],
                    "OSLanguage": 1033,
                    "SystemDirectory": "C:\\Windows\\system32",
                    "WindowsDirectory": "C:\\Windows",
                    "SystemDrive": "C:",
                    "TotalVisibleMemorySize": 8388148,
                    "FreePhysicalMemory": 4100000,
                    "ServicePackMajorVersion": 0,
                    "Status": "OK",
                }
            ],
            "Win32_ComputerSystem": [
                {
                    "Name": host.name,
                    "Domain": "clinic.local" if host.is_domain else "WORKGROUP",
                    "DomainRole": domain_role(host),
                    "PartOfDomain": host.is_domain,
                    "Workgroup": None if host.is_domain else "WORKGROUP",
                    "Manufacturer": "Dell Inc." if host.is_client else "Microsoft Corporation",
                    "Model": "Latitude 5440" if host.is_client else "Virtual Machine",
                    "SystemType": "x64-based PC",
                    "TotalPhysicalMemory": 8589463552,
                    "NumberOfProcessors": 1,
                    "NumberOfLogicalProcessors": 4,
                    "DNSHostName": host.name,
                    "HypervisorPresent": True,
                    "PCSystemType": 2 if host.is_client else 1,
                    "Status": "OK",
                    "UserName": None,
                }
            ],
            "Win32_QuickFixEngineering": [
                {
                    "HotFixID": "KB5066782" if host.build == 20348 else "KB5066835",
                    "Description": "Security Update",
                    "InstalledBy": "NT AUTHORITY\\SYSTEM",
                    "InstalledOn": installed_on,
                    "CSName": host.name,
                    "Caption": "http://support.microsoft.com/?kbid=5066782",
                },
                {
                    "HotFixID": "KB5066139",
                    "Description": "Update",
                    "InstalledBy": "NT AUTHORITY\\SYSTEM",
                    "InstalledOn": installed_on,
                    "CSName": host.name,
                },
            ],
            "Win32_SystemEnclosure": [
                {"Tag": "System Enclosure 0", "ChassisTypes": [10 if host.is_client else 3]}
            ],
            "Win32_Battery": [
                {
                    "DeviceID": "BAT0",
                    "Name": "DELL",
                    "BatteryStatus": 2,
                    "EstimatedChargeRemaining": 98,
                }
            ]
            if host.is_client
            else [],
            "Win32_BIOS": [
                {
                    "Name": "BIOS",
                    "Manufacturer": "Dell Inc." if host.is_client else "Microsoft Corporation",
                    "SerialNumber": "ABC1234",
                    "SMBIOSBIOSVersion": "1.18.0",
                }
            ],
            "Win32_ShadowCopy": [],
            "Win32_Process": [],
            "Win32_LoggedOnUser": [],
            "Win32_TimeZone": [{"StandardName": "UTC", "Bias": 0}],
            "Win32_NetworkAdapterConfiguration": [],
        }
    }
