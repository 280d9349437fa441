# SPDX-License-Identifier: GPL-3.0-or-later
"""Patching: updates, pending reboots, the update agent."""

from lab.windows.states.clock import Clock
from lab.windows.states.registry import (
    CURRENT_VERSION,
    POLICIES,
    SERVICING,
    WINDOWS_CURRENT_VERSION,
    State,
    dword,
    string,
    update_package,
)
from lab.windows.states.scenarios.edits import add_records, set_packages, set_services


def patching(state: State, patch: State, clock: Clock) -> None:
    """Apply the patch of one scenario line."""
    o = patch.get("os", {})
    r = state["registry"]
    if "UBR" in o:
        r[CURRENT_VERSION]["UBR"] = dword(o["UBR"])
        state["os"]["ubr"] = o["UBR"]
    if "cbs" in patch:
        set_packages(state, patch["cbs"], clock)
    elif o.get("CurrentBuild") == "19045":
        set_packages(
            state,
            [
                {
                    "Name": update_package(19045, o["UBR"]),
                    "CurrentState": 112,
                    "InstallTimeHigh": 31211885,
                    "InstallTimeLow": 2678487040,
                }
            ],
            clock,
        )
    w = patch.get("wua", {})
    s = state["com"]["wua"]["search"]
    for k in ("ResultCode", "Warnings"):
        if w.get(k) is not None:
            s[k] = w[k]
    if w.get("Updates"):
        s["Updates"] = [
            dict(
                u,
                LastDeploymentChangeTime=clock.move(u["LastDeploymentChangeTime"]),
                lcu={"ubr": 4294, "package": update_package(20348, 4294)},
            )
            for u in w["Updates"]
        ]
    e = w.get("error")
    if e and e.get("at") != "CreateUpdateSearcher":
        s["error"] = {
            "type": "com",
            "hresult": e["HResult"],
        }  # offline search still answers from the cache
    if "au" in patch:
        state["com"]["wua"]["AutoUpdate"].update({k: clock.move(v) for k, v in patch["au"].items()})
    for k, v in patch.get("policy", {}).items():
        r[
            POLICIES
            + ("Windows\\WindowsUpdate" if k == "WUServer" else "Windows\\WindowsUpdate\\AU")
        ][k] = string(v) if isinstance(v, str) else dword(v)
    if patch.get("policy", {}).get("UseWUServer"):
        state["com"]["wua"]["services"] = [
            {
                "ServiceID": "3da21691-e39d-4da6-8a4b-b43877bcb1b7",
                "Name": "Windows Server Update Service",
                "IsDefaultAUService": True,
                "IsManaged": True,
                "IsRegisteredWithAU": True,
            }
        ]
    set_services(state, patch.get("svc", {}))
    add_records(state, patch.get("events", []), clock)
    if patch.get("reboot", {}).get("cbs"):
        r[SERVICING + "\\RebootPending"] = {}
        state["reboot"].update(
            last_boot_utc=clock.at(days=12),
            pending_lcu={"ubr": 4294, "package": update_package(20348, 4294)},
        )
    if patch.get("reboot", {}).get("wu"):
        r[WINDOWS_CURRENT_VERSION + "WindowsUpdate\\Auto Update\\RebootRequired"] = {}
    if "token" in patch:
        state["token"]["logon_type"] = patch["token"]
