# SPDX-License-Identifier: GPL-3.0-or-later
"""Network, firewall rules and file sharing of a healthy host."""

from typing import Any

from lab.windows.states.hosts import Host
from lab.windows.states.registry import State


def rule(name: str, display_name: str, port: str, profiles: int = 0, **more: Any) -> State:
    """Return an enabled inbound allow rule; *profiles* is a bit mask, 0 means all."""
    usual = {
        "Name": name,
        "DisplayName": display_name,
        "Enabled": 1,
        "Direction": 1,
        "Action": 2,
        "Profile": profiles,
        "Protocol": "TCP",
        "LocalPort": port,
        "RemotePort": "Any",
        "RemoteAddress": "Any",
        "LocalAddress": "Any",
        "Program": "Any",
    }
    return usual | more


def firewall_rules() -> list[State]:
    """Return the rules that a clinic's host has on: remote management, RDP, SMB, DHCP."""
    return [
        rule(
            "WINRM-HTTP-In-TCP",
            "Windows Remote Management (HTTP-In)",
            "5985",
            3,
            Program="System",
            Group="@FirewallAPI.dll,-30267",
        ),
        rule(
            "WINRM-HTTP-In-TCP-PUBLIC",
            "Windows Remote Management (HTTP-In)",
            "5985",
            4,
            RemoteAddress="LocalSubnet",
            Program="System",
            Group="@FirewallAPI.dll,-30267",
        ),
        rule(
            "RemoteDesktop-UserMode-In-TCP",
            "Remote Desktop - User Mode (TCP-In)",
            "3389",
            3,
            Program="%SystemRoot%\\system32\\svchost.exe",
            Group="@FirewallAPI.dll,-28752",
        ),
        rule(
            "FPS-SMB-In-TCP",
            "File and Printer Sharing (SMB-In)",
            "445",
            1,
            Program="System",
            Group="@FirewallAPI.dll,-28502",
        ),
        rule(
            "CoreNet-DHCP-In",
            "Core Networking - DHCP-In",
            "68",
            0,
            Protocol="UDP",
            Program="%SystemRoot%\\system32\\svchost.exe",
            Group="@FirewallAPI.dll,-25000",
        ),
    ]


def network(host: Host) -> State:
    """Return profiles, adapters, listeners and what the controller can reach."""
    return {
        "profiles": [
            {
                "InstanceID": "{7F3A}",
                "Name": "clinic.local" if host.is_domain else "Network",
                "InterfaceAlias": "Ethernet",
                "InterfaceIndex": 6,
                "NetworkCategory": 2 if host.is_domain else 1,
                "IPv4Connectivity": 4,
                "IPv6Connectivity": 1,
            }
        ],
        "adapters": [
            {
                "DeviceID": "{A1}",
                "Name": "Ethernet",
                "InterfaceDescription": "Microsoft Hyper-V Network Adapter",
                "InterfaceIndex": 6,
                "Status": "Up",
                "MacAddress": "00-15-5D-01-02-03",
                "LinkSpeed": "10 Gbps",
                "ConnectorPresent": True,
            }
        ],
        "tcp": [
            {
                "InstanceID": f"L{port}",
                "LocalAddress": "::",
                "LocalPort": port,
                "RemoteAddress": "::",
                "RemotePort": 0,
                "State": 2,
                "OwningProcess": 4,
            }
            for port in (135, 445, 3389, 5985)
        ],
        "controller_ip": "10.0.0.5",
        "local_subnet": "10.0.0.0/24",
        "management_port": 5985,
        "dc_reachable": host.is_domain,
        "winrm_reachable": True,
    }


def smb(host: Host) -> State:
    """Return SMB server and client configuration, shares and sessions."""
    return {
        "server": {
            "EnableSMB1Protocol": False,
            "EnableSMB2Protocol": True,
            "EncryptData": False,
            "RejectUnencryptedAccess": True,
            "RequireSecuritySignature": True,
            "EnableSecuritySignature": True,
            "AuditSmb1Access": False,
            "DisableSmbEncryptionOnSecureConnection": True,
            "AnnounceServer": False,
            "AutoShareServer": True,
            "AutoShareWorkstation": True,
            "ServerHidden": True,
        },
        "client": {
            "EnableSecuritySignature": True,
            "RequireSecuritySignature": host.build >= 26100,
        },
        "shares": [
            {
                "Name": "ADMIN$",
                "ScopeName": "*",
                "Path": "C:\\Windows",
                "Description": "Remote Admin",
                "EncryptData": False,
                "Special": True,
            },
            {
                "Name": "Scans",
                "ScopeName": "*",
                "Path": "C:\\Scans" if host.is_client else "D:\\Scans",
                "Description": "",
                "EncryptData": True,
                "Special": False,
            },
        ],
        "sessions": [],
    }
