# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall: profiles, policy, rules, the service."""

from lab.windows.states.clock import Clock
from lab.windows.states.registry import FIREWALL, FIREWALL_POLICY, State, dword
from lab.windows.states.scenarios.edits import set_services

PROFILE_KEY = {"Domain": "DomainProfile", "Private": "StandardProfile", "Public": "PublicProfile"}


def firewall(state: State, patch: State, _clock: Clock) -> None:
    """Apply the patch of one scenario line; it has no times."""
    r = state["registry"]
    for a in patch.get("active") or []:
        k = FIREWALL + PROFILE_KEY[a["Name"]]
        r[k].update(
            EnableFirewall=dword(a["Enabled"]),
            DefaultInboundAction=dword(0 if a["DefaultInboundAction"] == 2 else 1),
        )
        r[k + "\\Logging"].update(
            LogFileSize=dword(a["LogMaxSizeKilobytes"]), LogDroppedPackets=dword(a["LogBlocked"])
        )
    for prof, vals in patch.get("policy", {}).items():
        for n, v in vals.items():
            r.setdefault(FIREWALL_POLICY + prof, {})[n] = dword(v)
            state["gpo"]["registry"].setdefault(FIREWALL_POLICY + prof, {})[n] = dword(v)
            r[FIREWALL + prof][n] = dword(1)  # local says on, GPO says off
    if "svc" in patch:
        set_services(state, patch["svc"])
    if "fwproducts" in patch:
        state["com"]["fwproducts"] = patch["fwproducts"]
    if patch.get("persistent"):
        for n, k in PROFILE_KEY.items():
            for v in ("EnableFirewall", "DefaultInboundAction", "DefaultOutboundAction"):
                r[FIREWALL + k].pop(v, None)
            g = FIREWALL_POLICY + ("PrivateProfile" if n == "Private" else k)
            vals = {
                "EnableFirewall": dword(1),
                "DefaultInboundAction": dword(1),
                "DefaultOutboundAction": dword(0),
            }
            r[g] = dict(vals)
            state["gpo"]["registry"][g] = dict(vals)
    for x in patch.get("rules", []):
        state["firewall"]["rules"]["PersistentStore"].append(
            dict(x, DisplayName="Allow all", RemotePort="Any", LocalAddress="Any")
        )
    for c in patch.get("connections", []):
        state["network"]["profiles"] = [dict(state["network"]["profiles"][0], **c)]
