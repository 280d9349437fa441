# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry paths and values, in the form of the state document."""

from typing import Any

State = dict[str, Any]
Value = list[Any]

HKLM = "HKLM\\"
SOFTWARE = HKLM + "SOFTWARE\\"
POLICIES = SOFTWARE + "Policies\\Microsoft\\"
SYSTEM = HKLM + "SYSTEM\\CurrentControlSet\\"
CURRENT_VERSION = SOFTWARE + "Microsoft\\Windows NT\\CurrentVersion"
WINDOWS_CURRENT_VERSION = SOFTWARE + "Microsoft\\Windows\\CurrentVersion\\"
SERVICING = WINDOWS_CURRENT_VERSION + "Component Based Servicing"
FIREWALL = SYSTEM + "Services\\SharedAccess\\Parameters\\FirewallPolicy\\"
FIREWALL_POLICY = POLICIES + "WindowsFirewall\\"
SCHANNEL = SYSTEM + "Control\\SecurityProviders\\SCHANNEL\\Protocols\\"


def dword(value: int) -> Value:
    return ["REG_DWORD", value & 0xFFFFFFFF]


def string(value: str) -> Value:
    return ["REG_SZ", value]


def update_package(build: int, ubr: int) -> str:
    """Return the name of the servicing package of a cumulative update."""
    return f"Package_for_RollupFix~31bf3856ad364e35~amd64~~{build}.{ubr}.1.7"
