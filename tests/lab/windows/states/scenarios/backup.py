# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup: Windows Server Backup and other products."""

from lab.windows.states.clock import Clock
from lab.windows.states.registry import State
from lab.windows.states.scenarios.edits import add_records, set_services


def backup(state: State, patch: State, clock: Clock) -> None:
    """Apply the patch of one scenario line."""
    b = state["backup"]
    s = b["summary"]
    for k in list(s):
        if k in patch:
            s[k] = clock.move(patch[k]) if k.endswith("Time") and patch[k] else patch[k]
    if "policy" in patch and patch["policy"] is None:
        b["policy"] = None
        b["jobs"] = []
        state["eventlogs"]["Microsoft-Windows-Backup"]["records"] = []
    if "LastSuccessfulBackupTime" in patch and patch["LastSuccessfulBackupTime"][0] != "0":
        if (
            "LastBackupTime" not in patch
            and patch.get("LastBackupResultHR") is None
            and "wbengine" in patch
        ):
            s["LastBackupTime"] = s["LastSuccessfulBackupTime"]
        b["jobs"] = [
            {
                "JobType": "Backup",
                "StartTime": s["LastBackupTime"],
                "EndTime": s["LastBackupTime"],
                "JobState": "Completed",
                "HResult": s["LastBackupResultHR"],
                "DetailedHResult": s["LastBackupResultDetailedHR"],
                "ErrorDescription": s["DetailedMessage"] or "",
            }
        ]
        ch = state["eventlogs"]["Microsoft-Windows-Backup"]["records"]
        ch.clear()
        t = clock.move(patch["LastSuccessfulBackupTime"]) + "Z"
        ch.append(
            {
                "TimeCreated": t,
                "ProviderName": "Microsoft-Windows-Backup",
                "Id": 4,
                "Level": 4,
                "Data": {},
            }
        )
        if s["LastBackupResultHR"]:
            ch.append(
                {
                    "TimeCreated": s["LastBackupTime"] + "Z",
                    "ProviderName": "Microsoft-Windows-Backup",
                    "Id": 5,
                    "Level": 2,
                    "Data": {
                        "HRESULT": "0x{:08x}".format(s["LastBackupResultHR"]),
                        "DetailedHRESULT": "0x{:08x}".format(s["LastBackupResultDetailedHR"]),
                        "BackupState": "12",
                    },
                }
            )
            b["next_result"] = {
                "hr": s["LastBackupResultHR"],
                "detailed": s["LastBackupResultDetailedHR"],
                "message": s["DetailedMessage"],
            }
    if patch.get("DetailedMessage"):
        state["locale"] = "fr-FR"
    if "feature" in patch or (patch.get("error") or {}).get("FQID") == "CommandNotFoundException":
        state["features"]["WindowsServerBackup"]["InstallState"] = 2
        state["services"].pop("wbengine", None)
        state["eventlogs"].pop("Microsoft-Windows-Backup", None)
        state["backup"] = None
    if "wbengine" in patch:
        set_services(state, {"wbengine": patch["wbengine"]})
    if "job" in patch:
        b["current"] = dict(
            patch["job"],
            StartTime=clock.move(patch["job"]["StartTime"]),
            CurrentOperation="Transferring",
            DetailedHResult=0,
        )
    for x in patch.get("products", []):
        set_services(
            state,
            {
                x["service"]: {
                    "State": x["State"],
                    "StartMode": x["StartMode"],
                    "DisplayName": "Veeam Agent for Microsoft Windows",
                }
            },
        )
    for x in patch.get("writers", []):
        state["vss_writers"].append(x | {"service": "SQLWriter"})
        set_services(
            state,
            {
                "SQLWriter": {
                    "State": "Running",
                    "StartMode": "Auto",
                    "DisplayName": "SQL Server VSS Writer",
                }
            },
        )
    if state["backup"] is not None:
        add_records(
            state, [e for e in patch.get("events", []) if "HRESULT" not in e.get("Data", {})], clock
        )
    else:
        add_records(state, patch.get("events", []), clock)
