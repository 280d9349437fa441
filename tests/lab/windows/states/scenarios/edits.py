# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a state document that several checks share."""

from lab.windows.states.baseline.services import service
from lab.windows.states.clock import Clock
from lab.windows.states.registry import SERVICING, SYSTEM, State, dword


def set_packages(state: State, items: list[State], clock: Clock) -> None:
    """Replace the servicing packages."""
    for k in [k for k in state["registry"] if k.startswith(SERVICING + "\\Packages\\")]:
        del state["registry"][k]
    for item in items:
        v = {"CurrentState": dword(item["CurrentState"])}
        if "InstallTimeHigh" in item:
            hi, lo = clock.move_filetime(item["InstallTimeHigh"], item["InstallTimeLow"])
            v.update(InstallTimeHigh=dword(hi), InstallTimeLow=dword(lo))
        state["registry"][SERVICING + "\\Packages\\" + item["Name"]] = v


def set_services(state: State, changes: State) -> None:
    """Change or remove services; the registry follows."""
    for n, v in changes.items():
        if v is None:
            state["services"].pop(n, None)
            continue
        s = state["services"].setdefault(n, service(n))
        s.update(v)
        if n == "CSFalconService":
            s.update(DisplayName="CrowdStrike Falcon Sensor Service", Protected=True)
        if n == "MBAMService":
            s.update(DisplayName="Malwarebytes Service", Protected=True)
        s["ProcessId"] = 5000 if v.get("State") == "Running" else 0
        state["registry"].setdefault(SYSTEM + "Services\\" + n, {})["Start"] = dword(
            {"Auto": 2, "Manual": 3, "Disabled": 4}[s["StartMode"]]
        )


def add_records(state: State, events: list[State], clock: Clock) -> None:
    """Append event records, making the channel where needed."""
    for e in events:
        ch = state["eventlogs"].setdefault(
            e["LogName"],
            {
                "IsEnabled": True,
                "LogMode": 0,
                "MaximumSizeInBytes": 1052672,
                "FileSize": 69632,
                "IsLogFull": False,
                "records": [],
            },
        )
        for i in range(e.get("count", 1)):
            ch["records"].append(
                {
                    "TimeCreated": clock.move(e["TimeCreated"])
                    if "TimeCreated" in e
                    else clock.at(days=i, hours=5),
                    "ProviderName": e["ProviderName"],
                    "Id": e["Id"],
                    "Level": e.get("Level", 4),
                    "Data": e.get("Data", e.get("Properties", [])),
                }
            )
