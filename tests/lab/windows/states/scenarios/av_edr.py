# SPDX-License-Identifier: GPL-3.0-or-later
"""Antivirus: Defender off, old, replaced or tampered with."""

from lab.windows.states.clock import Clock
from lab.windows.states.registry import POLICIES, State, dword
from lab.windows.states.scenarios.edits import add_records, set_services

STATUS_KEYS = (
    "AMRunningMode",
    "AMServiceEnabled",
    "AntivirusEnabled",
    "ProductStatus",
    "ComputerState",
    "DefenderSignaturesOutOfDate",
)


def av_edr(state: State, patch: State, clock: Clock) -> None:
    """Apply the patch of one scenario line."""
    d = state["defender"]
    s = d["status"]
    for k in STATUS_KEYS:
        if k in patch:
            s[k] = patch[k]
    if "AntivirusSignatureLastUpdated" in patch:
        s["AntivirusSignatureLastUpdated"] = clock.move(patch["AntivirusSignatureLastUpdated"])
    if patch.get("RealTimeProtectionEnabled") is False and "AMRunningMode" not in patch:
        s.update(IsTamperProtected=False, TamperProtectionSource="N/A")
        d["preference"]["DisableRealtimeMonitoring"] = True
    for k, v in patch.get("policy", {}).items():
        sub, n = k.rsplit("\\", 1)
        state["registry"].setdefault(POLICIES + "Windows Defender\\" + sub, {})[n] = dword(v)
        state["gpo"]["registry"].setdefault(POLICIES + "Windows Defender\\" + sub, {})[n] = dword(v)
    if "feature" in patch:
        for n, v in patch["feature"].items():
            state["features"][n]["InstallState"] = v
        for n in ("WdNisSvc", "WdFilter", "Sense"):
            state["services"].pop(n, None)
    set_services(state, patch.get("svc", {}))
    if "wsc" in patch and state["os"]["product_type"] == 1:
        state["security_center"]["antivirus"] = [
            {
                "displayName": x["displayName"],
                "productState": x["productState"],
                "instanceGuid": f"{{{i:08X}-0000-4000-8000-000000000000}}",
                "pathToSignedProductExe": "C:\\Program Files\\{}\\x.exe".format(x["displayName"]),
                "pathToSignedReportingExe": "C:\\Program Files\\{}\\r.exe".format(x["displayName"]),
                "timestamp": "Tue, 04 Nov 2025 00:12:00 GMT",
            }
            for i, x in enumerate(patch["wsc"])
        ]
    if patch.get("AMRunningMode") == "Not running":
        s.update(
            RealTimeProtectionEnabled=False,
            OnAccessProtectionEnabled=False,
            IsTamperProtected=False,
        )
    for x in patch.get("detections", []):
        d["detections"].append(
            dict(
                x,
                DetectionID="{5A5B1C52-0000-4000-8000-000000000001}",
                InitialDetectionTime=clock.at(hours=7),
                LastThreatStatusChangeTime=clock.at(hours=7),
                Resources=["file:_C:\\Users\\reception\\Downloads\\invoice.exe"],
                ThreatStatusID=102,
                ThreatStatusErrorCode=2147942405,
            )
        )
        d["threats"].append(
            {
                "ThreatID": x["ThreatID"],
                "ThreatName": "Trojan:Win32/Wacatac.B!ml",
                "SeverityID": 5,
                "CategoryID": 8,
                "IsActive": True,
                "DidThreatExecute": True,
            }
        )
        add_records(
            state,
            [
                {
                    "LogName": "Microsoft-Windows-Windows Defender/Operational",
                    "ProviderName": "Microsoft-Windows-Windows Defender",
                    "Id": 1119,
                    "Level": 2,
                    "TimeCreated": "2025-11-04T02:00:00Z",
                    "Data": {"Threat ID": x["ThreatID"]},
                }
            ],
            clock,
        )
