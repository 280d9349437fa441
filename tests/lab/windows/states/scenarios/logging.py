# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging: audit policy, event logs, forwarding."""

from lab.windows.states.audit import SUBCATEGORIES, SUBCATEGORY_GUID
from lab.windows.states.clock import Clock, second_after
from lab.windows.states.registry import POLICIES, SYSTEM, State, dword, string
from lab.windows.states.scenarios.edits import add_records, set_services


def logging(state: State, patch: State, clock: Clock) -> None:
    """Apply the patch of one scenario line."""
    pol = state["audit"]["policy"]
    ch = state["eventlogs"]
    if "audit" in patch:
        pol.update(
            {SUBCATEGORY_GUID % k: v[0] for k, v in SUBCATEGORIES.items()}
            if patch.get("logs")
            else {SUBCATEGORY_GUID % k: 0 for k in SUBCATEGORIES}
        )
        pol.update(patch["audit"])
    for k, v in patch.get("lsa", {}).items():
        if v is None:
            state["registry"][SYSTEM + "Control\\Lsa"].pop(k, None)
        else:
            state["registry"][SYSTEM + "Control\\Lsa"][k] = dword(v)
    if "svc" in patch:
        set_services(state, patch["svc"])
    for log in patch.get("logs") or []:
        ch[log["LogName"]].update({k: v for k, v in log.items() if k != "LogName"})
        reg = state["registry"][SYSTEM + "Services\\EventLog\\" + log["LogName"]]
        reg["MaxSize"] = dword(log["MaximumSizeInBytes"])
        reg["Retention"] = dword(0 if log["LogMode"] == 0 else 0xFFFFFFFF)
        if "FileSize" not in log:
            ch[log["LogName"]]["FileSize"] = log["MaximumSizeInBytes"]
    y = ch["Security"]["synthetic"][0]
    if "newest" in patch:
        y["to"] = clock.move(patch["newest"])
    if "oldest" in patch:
        y["from"] = clock.move(patch["oldest"])
    if "gap" in patch:
        y["gaps"] = [
            {"from": clock.move(patch["gap"]["from"]), "to": clock.move(patch["gap"]["to"])}
        ]
    for t in patch.get("tamper", []):
        ch[t["LogName"]]["records"].append(
            {
                "TimeCreated": clock.move(t["TimeCreated"])
                if "TimeCreated" in t
                else second_after(y["to"]),
                "ProviderName": t.get("ProviderName", "Microsoft-Windows-Eventlog"),
                "Id": t["Id"],
                "Level": 4 if t["Id"] == 1102 else 2,
                "UserData": "LogFileCleared" if t["Id"] == 1102 else False,
                "Data": {
                    "SubjectUserSid": t.get("SubjectUserSid", ""),
                    "SubjectUserName": "temp-admin",
                }
                if t["Id"] == 1102
                else {},
            }
        )
    w = patch.get("wef")
    if w:
        state["registry"][POLICIES + "Windows\\EventLog\\EventForwarding\\SubscriptionManager"] = {
            str(i + 1): string(x) for i, x in enumerate(w["SubscriptionManager"])
        }
        add_records(
            state,
            [
                {
                    "LogName": "Microsoft-Windows-Forwarding/Operational",
                    "ProviderName": "Microsoft-Windows-Forwarding",
                    "Id": 104,
                    "TimeCreated": w["last104"],
                    "Data": {},
                },
                {
                    "LogName": "Microsoft-Windows-Forwarding/Operational",
                    "ProviderName": "Microsoft-Windows-Forwarding",
                    "Id": 105,
                    "Level": 3,
                    "TimeCreated": w["last105"]["TimeCreated"],
                    "Data": {
                        "SubscriptionManagerAddress": w["SubscriptionManager"][0],
                        "ErrorCode": w["last105"]["ErrorCode"],
                        "ErrorMessage": "...",
                    },
                },
            ],
            clock,
        )
