# SPDX-License-Identifier: GPL-3.0-or-later
"""The group policy overlay."""

from .registry_values import State, key, reg_set
from .winlab import iso, now

SERVICES = "HKLM\\SYSTEM\\CurrentControlSet\\Services"


def gpo_refresh(s: State) -> None:
    """Write what group policy sets over what the host has."""
    g = s.get("gpo") or {}
    for k, vals in (g.get("registry") or {}).items():
        for n, t in vals.items():
            reg_set(s, k, n, *t)
    for guid, v in (g.get("audit") or {}).items():
        s["audit"]["policy"][guid] = v
    for n, mode in (g.get("services") or {}).items():
        if s["services"].get(n):
            s["services"][n]["StartMode"] = mode
            # The service manager keeps the mode in the registry.
            if configured := s["registry"].get(key(s, f"{SERVICES}\\{n}")):
                configured["Start"] = ["REG_DWORD", {"Auto": 2, "Manual": 3, "Disabled": 4}[mode]]
    g["last_refresh"] = iso(now(s))
    s["gpo"] = g
