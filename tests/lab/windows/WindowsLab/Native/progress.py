# SPDX-License-Identifier: GPL-3.0-or-later
"""What time moves on: conversions, backup jobs, scans."""

from .registry_values import State
from .winlab import event, local, now, parse


def progress(s: State, minutes: float) -> None:
    t = now(s)
    for v in s["volumes"]:
        b = v.get("bitlocker") or {}
        rate = b.get("percent_per_minute", 1)
        if b.get("ConversionStatus") == 2:
            b["EncryptionPercentage"] = min(100, b.get("EncryptionPercentage", 0) + rate * minutes)
            if b["EncryptionPercentage"] >= 100:
                b.update(
                    EncryptionPercentage=100,
                    ConversionStatus=1,
                    ProtectionStatus=1 if b.get("protectors") and not b.get("SuspendCount") else 0,
                )
        elif b.get("ConversionStatus") == 3:
            b["EncryptionPercentage"] = max(0, b.get("EncryptionPercentage", 100) - rate * minutes)
            if b["EncryptionPercentage"] <= 0:
                b.update(
                    EncryptionPercentage=0,
                    ConversionStatus=0,
                    ProtectionStatus=0,
                    EncryptionMethod=0,
                    protectors=[],
                )
    bk = s.get("backup") or {}
    j = bk.get("current")
    if j and j.get("end_at") and parse(j["end_at"]) <= t:
        res = bk.get("next_result") or {"hr": 0, "detailed": 0}
        end = parse(j.pop("end_at"))
        sm = bk["summary"]
        j.update(
            JobState="Completed",
            EndTime=local(end),
            HResult=res["hr"],
            DetailedHResult=res.get("detailed", 0),
            ErrorDescription=res.get("message") or "",
        )
        sm.update(
            LastBackupTime=j["StartTime"],
            LastBackupResultHR=res["hr"],
            LastBackupResultDetailedHR=res.get("detailed", 0),
            CurrentOperationStatus="NoOperationInProgress",
            DetailedMessage=res.get("message"),
        )
        if res["hr"] == 0:
            sm.update(
                LastSuccessfulBackupTime=j["StartTime"],
                NumberOfVersions=sm.get("NumberOfVersions", 0) + 1,
            )
        bk.setdefault("jobs", []).insert(0, j)
        bk["current"] = None
        s["services"]["wbengine"]["State"] = "Stopped"
        if res["hr"] == 0:
            event(
                s,
                "Microsoft-Windows-Backup",
                "Microsoft-Windows-Backup",
                4,
                4,
                {"BackupState": "14"},
            )
        else:
            event(
                s,
                "Microsoft-Windows-Backup",
                "Microsoft-Windows-Backup",
                5,
                2,
                {
                    "HRESULT": f"0x{res['hr']:08x}",
                    "DetailedHRESULT": f"0x{res.get('detailed', 0):08x}",
                    "BackupState": "12",
                },
            )
        event(
            s,
            "Microsoft-Windows-Backup",
            "Microsoft-Windows-Backup",
            14,
            4,
            {"BackupState": "14" if res["hr"] == 0 else "12"},
        )
    d = s.get("defender") or {}
    if d.get("scan") and parse(d["scan"]["end_at"]) <= t:
        k = "FullScan" if d["scan"]["type"] == "FullScan" else "QuickScan"
        d["status"][k + "StartTime"] = d["scan"]["start"]
        d["status"][k + "EndTime"] = d["scan"]["end_at"]
        d["scan"] = None
