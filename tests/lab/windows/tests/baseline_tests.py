#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What "healthy" means in a baseline, fact by fact, and the interface of the states package."""

import sys
from datetime import UTC, datetime

from lab.windows.states import Clock, State, build_states, set_fault

POLICIES = "HKLM\\SOFTWARE\\Policies\\Microsoft\\"
CONTROL = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\"
FIREWALL = (
    "HKLM\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\"
)
# CIS benchmark for Windows Server 2022, chapter 17: subcategory -> bits that must be set.
CORE_AUDIT = {
    "15": 3, "16": 1, "17": 2, "1B": 1, "3F": 3, "35": 3, "37": 1, "2F": 1, "10": 1, "12": 3,
    "42": 3, "40": 3, "3B": 2, "3C": 1, "48": 1, "2B": 1, "49": 1, "1C": 3, "44": 2, "24": 3,
    "27": 3, "45": 3, "30": 1, "31": 1, "32": 3, "34": 2, "28": 3, "13": 3, "14": 3, "11": 1,
    "39": 3, "36": 1, "38": 1, "3A": 1,
}  # fmt: skip
bad = count = 0


def check(name: str, actual: object, expected: object) -> None:
    global bad, count  # noqa: PLW0603  as in native_tests.py
    count += 1
    if actual != expected:
        bad += 1
        print(f"not ok baseline {name}: got {actual!r}, expected {expected!r}")


def value(state: State, key: str, name: str) -> object:
    return state["registry"][key][name][1]


def check_healthy(name: str, state: State) -> None:
    """Hold one baseline to the six checks."""
    logs, is_client = state["eventlogs"], state["os"]["product_type"] == 1
    policy = state["audit"]["policy"]
    weak = [
        key
        for key, bits in CORE_AUDIT.items()
        if policy[f"{{0CCE92{key}-69AE-11D9-BED3-505054503030}}"] & bits != bits
    ]
    check(f"{name} audit policy", weak, [])
    check(f"{name} Security log", logs["Security"]["MaximumSizeInBytes"], 196608 * 1024)
    for log in ("System", "Application", "Setup"):
        check(f"{name} {log} log", logs[log]["MaximumSizeInBytes"], 32768 * 1024)
    block = "Windows\\PowerShell\\ScriptBlockLogging"
    check(f"{name} script blocks", value(state, POLICIES + block, "EnableScriptBlockLogging"), 1)
    for protocol in ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1"):
        key = f"{CONTROL}SecurityProviders\\SCHANNEL\\Protocols\\{protocol}\\Server"
        check(f"{name} {protocol}", value(state, key, "Enabled"), 0)
    check(f"{name} SMB signing", state["smb"]["server"]["RequireSecuritySignature"], True)
    check(f"{name} SMB 1", state["smb"]["server"]["EnableSMB1Protocol"], False)
    letters = [volume["DriveLetter"] for volume in state["volumes"]]
    check(f"{name} volumes", letters, ["C:"] if is_client else ["C:", "D:"])
    escrow = logs["Microsoft-Windows-BitLocker/BitLocker Management"]["records"]
    backed_up = [record["Data"]["VolumeMountPoint"] for record in escrow if record["Id"] in {784, 845}]
    check(f"{name} escrow", backed_up, letters)
    for drives in ("OS", "FDV"):
        required = value(state, POLICIES + "FVE", f"{drives}RequireActiveDirectoryBackup")
        check(f"{name} {drives} policy", required, 1)
    for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
        check(f"{name} {profile}", value(state, FIREWALL + profile, "EnableFirewall"), 1)
        log = FIREWALL + profile + "\\Logging"
        check(f"{name} {profile} log size", value(state, log, "LogFileSize"), 16384)
        check(f"{name} {profile} dropped", value(state, log, "LogDroppedPackets"), 1)
    status = state["defender"]["status"]
    check(f"{name} tamper protection", status["IsTamperProtected"], True)
    check(f"{name} engine", status["AMRunningMode"], "Normal")
    if is_client:
        agent = state["services"]["VeeamEndpointBackupSvc"]
        check(f"{name} agent", (agent["State"], agent["StartMode"]), ("Running", "Auto"))
        last = max(logs["Veeam Agent"]["records"], key=lambda record: record["TimeCreated"])
        job = (last["Id"], last["Level"], last["TimeCreated"])
        check(f"{name} last backup", job, (190, 4, "2025-11-04T03:00:00Z"))
    else:
        check(f"{name} backup", state["backup"]["summary"]["LastBackupResultHR"], 0)
    starts = {"Boot": 0, "Auto": 2, "Manual": 3, "Disabled": 4}
    wrong = [
        service
        for service, entry in state["services"].items()
        if value(state, f"HKLM\\SYSTEM\\CurrentControlSet\\Services\\{service}", "Start")
        != starts[entry["StartMode"]]
    ]
    check(f"{name} start values", wrong, [])


def check_interface() -> None:
    """Hold the package to what its docstring promises."""
    states = build_states(Clock("frozen"))
    check("count", len(states), 72)
    states["healthy-2022-member"]["os"]["build"] = 1
    check("nothing shared", build_states(Clock("frozen"))["healthy-2022-member"]["os"]["build"], 20348)
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    running = build_states(Clock("running", now))["healthy-2022-member"]
    check("running clock", running["reboot"]["last_boot_utc"], "2026-02-14T06:00:00Z")
    set_fault(running, "service:MpsSvc", "hang", seconds=5)
    check("fault", running["faults"], {"service:MpsSvc": {"type": "hang", "seconds": 5}})
    for surface, kind, options in (
        ("service:MpsSvc", "empty", {}),
        ("MpsSvc", "hang", {}),
        ("cim:", "hang", {}),
        ("cim:root/cimv2", "hang", {"minutes": 5}),
    ):
        try:
            set_fault(running, surface, kind, **options)
        except ValueError:
            check("refused", True, True)  # noqa: FBT003
        else:
            check(f"refused {surface} {kind} {options}", False, True)  # noqa: FBT003


check_interface()
for title, document in build_states(Clock("frozen")).items():
    if title.startswith("healthy"):
        check_healthy(title, document)
print(f"baselines: {count - bad} ok, {bad} failed")
sys.exit(1 if bad else 0)
