# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the controller can reach the host through its firewall.

The twin of Core/Firewall.cs and Core/Reachability.cs.
"""

import contextlib
import ipaddress
from typing import Any

from .registry_values import LOCAL, POLICY, State, reg_get

Profile = dict[str, int]


def profile(s: State, name: str, *, policy: bool) -> Profile:
    """Return what one store says, in the numbers of MSFT_NetFirewallProfile; 0 or 2 is "not set"."""
    k = (POLICY if policy else LOCAL) + {"Domain": "DomainProfile", "Public": "PublicProfile"}.get(
        name, "PrivateProfile" if policy else "StandardProfile"
    )

    def q(n: str) -> Any:
        v = reg_get(s, k, n)
        if v is None and policy and name == "Private":
            v = reg_get(s, POLICY + "StandardProfile", n)
        return v

    def action(v: Any) -> int:
        if v is None:
            return 0
        return 4 if v == 1 else 2

    def boolean(v: Any, *, is_inverse: bool = False) -> int:
        return 2 if v is None else int(bool(v) != is_inverse)

    return {
        "Enabled": boolean(q("EnableFirewall")),
        "DefaultInboundAction": action(q("DefaultInboundAction")),
        "AllowInboundRules": boolean(q("DoNotAllowExceptions"), is_inverse=True),
        "AllowLocalFirewallRules": boolean(q("AllowLocalPolicyMerge")),
    }


def active_profile(s: State, name: str) -> Profile:
    """Return what is in force: group policy over local settings over the defaults."""
    own, group = profile(s, name, policy=False), profile(s, name, policy=True)
    out = {}
    for n in own:
        unset = 0 if n.endswith("Action") else 2
        v = group[n] if group[n] != unset else own[n]
        out[n] = v if v != unset else (4 if n == "DefaultInboundAction" else 1)
    return out


def port_matches(v: Any, port: int) -> bool:
    for x in map(str, v if isinstance(v, list) else [v if v is not None else "Any"]):
        if x in ("Any", str(port)):
            return True
        a, _, b = x.partition("-")
        if a.isdigit() and b.isdigit() and int(a) <= port <= int(b):
            return True
    return False


def address_matches(v: Any, ip: str, subnet: str) -> bool:
    asked = ipaddress.IPv4Address(ip)
    for x in v if isinstance(v, list) else [v if v is not None else "Any"]:
        if x in ("Any", "*"):
            return True
        wanted = subnet if x.startswith("LocalSubnet") else x
        # IPv6 and keywords such as DNS are not the controller's address.
        with contextlib.suppress(ValueError):
            if "-" in wanted:
                first, last = map(ipaddress.IPv4Address, wanted.split("-"))
                if first <= asked <= last:
                    return True
            elif asked in ipaddress.IPv4Network(wanted, strict=False):
                return True
    return False


def reachable(s: State) -> bool:
    n = s["network"]
    port = n.get("management_port", 5985)
    if s["reboot"].get("phase", "up") != "up":
        return False
    svc = s["services"].get("sshd" if port == 22 else "WinRM")
    if svc and svc.get("State") != "Running":
        return False
    if (s["services"].get("MpsSvc") or {}).get("State") != "Running":
        return True
    for c in n.get("profiles", []):
        name, bit = {2: ("Domain", 1), 1: ("Private", 2)}.get(c["NetworkCategory"], ("Public", 4))
        p = active_profile(s, name)
        if p["Enabled"] != 1:
            return True
        if p["AllowInboundRules"] == 0:
            continue
        allow, block = p["DefaultInboundAction"] == 2, False
        rules = list(s["firewall"]["rules"].get("GroupPolicy", []))
        if p["AllowLocalFirewallRules"] != 0:
            rules += s["firewall"]["rules"].get("PersistentStore", [])
        for r in rules:
            if r.get("Enabled", 1) != 1 or r.get("Direction", 1) != 1:
                continue
            if r.get("Profile", 0) and not r["Profile"] & bit:
                continue
            if str(r.get("Protocol", "Any")) not in ("Any", "TCP", "6") or r.get(
                "Program", "Any"
            ) not in ("Any", "System"):
                continue
            if not port_matches(r.get("LocalPort"), port) or not address_matches(
                r.get("RemoteAddress"),
                n.get("controller_ip", "10.0.0.5"),
                n.get("local_subnet", "10.0.0.0/24"),
            ):
                continue
            if r.get("Action", 2) == 4:
                block = True
            else:
                allow = True
        if allow and not block:
            return True
    return False


def update_reachability(s: State) -> None:
    if "network" in s:
        s["network"]["winrm_reachable"] = reachable(s)
