# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry keys and values of the state document, whatever the case of their names."""

from typing import Any

State = dict[str, Any]

LOCAL = "HKLM\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\"
POLICY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall\\"
CBS = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"
WU = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update"
CV = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"


def key(s: State, k: str) -> str:
    """Return the spelling under which the state has a key, or *k*."""
    return next((x for x in s["registry"] if x.lower() == k.lower()), k)


def reg_get(s: State, k: str, name: str) -> Any:
    v = s["registry"].get(key(s, k)) or {}
    for n, t in v.items():
        if n.lower() == name.lower():
            return t[1]
    return None


def reg_set(s: State, k: str, name: str, typ: str, data: object) -> None:
    d = s["registry"].setdefault(key(s, k), {})
    for n in list(d):
        if n.lower() == name.lower():
            del d[n]
    d[name] = [typ, data]
