#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Native tools and the parity of reachability.py with the C# core on reachability."""
import json, os, shutil, subprocess, sys

W = sys.argv[1]
LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "WindowsLab")
N = os.path.join(LAB, "Native")
bad = n = 0
sys.path.insert(0, LAB)
sys.dont_write_bytecode = True
from Native import winlab


def use(state):
    shutil.copy(f"{W}/states/{state}.json", f"{W}/n.json")
    os.environ["LAB_STATE"] = f"{W}/n.json"
    os.makedirs(f"{W}/n.json.c/ProgramData", exist_ok=True)


def run(tool, *a):
    r = subprocess.run([os.path.join(N, tool), *a], capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def check(name, a, b):
    global bad, n
    n += 1
    if a != b:
        bad += 1
        print(f"not ok native {name}: got {a!r}, expected {b!r}")


use("logging-U1")
rc, o, _ = run("auditpol.exe", "/get", "/category:*", "/r")
check("rc", rc, 0)
check("empty first line", o.splitlines()[0], "")
check("rows", len([l for l in o.splitlines() if "69AE-11D9" in l]), 59)
check(
    "default",
    "Credential Validation,{0CCE923F-69AE-11D9-BED3-505054503030},No Auditing," in o,
    True,
)
check(
    "set",
    run(
        "auditpol",
        "/set",
        "/subcategory:{0cce923f-69ae-11d9-bed3-505054503030}",
        "/success:enable",
        "/failure:enable",
    )[0],
    0,
)
check("bits", winlab.load()["audit"]["policy"]["{0CCE923F-69AE-11D9-BED3-505054503030}"], 3)
check("bad guid", run("auditpol", "/set", "/subcategory:{deadbeef}", "/success:enable")[0], 87)
run("auditpol", "/backup", "/file:C:\\ProgramData\\a.csv")
rows = open(f"{W}/n.json.c/ProgramData/a.csv", encoding="utf-8").read().splitlines()
check("columns", rows[0].count(","), 6)
check("numeric", [r.split(",")[6] for r in rows if "923F" in r], ["3"])
check("option row", any(r.startswith(",,Option:CrashOnAuditFail,,Disabled,,0") for r in rows), True)
use("backup-U7")
rc, o, _ = run("vssadmin.exe", "list", "writers")
check("writer state", "[8]" in o and "{a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}" in o, True)
use("backup-U1")
check("french", "Nom du rédacteur" in run("vssadmin.exe", "list", "writers")[1], True)
use("healthy-2022-member")
check(
    "dism 3010",
    run("dism.exe", "/online", "/enable-feature", "/featurename:SMB1Protocol")[0],
    3010 & 255,
)
check("sc denied", run("sc.exe", "stop", "WinDefend")[0], 5)
check("sc unknown", run("sc.exe", "query", "nope")[0], 1060 & 255)
check("sc config", run("sc.exe", "config", "BITS", "start=", "disabled")[0], 0)
check("sc written", winlab.load()["services"]["BITS"]["StartMode"], "Disabled")
check(
    "manage-bde audited",
    (run("manage-bde.exe", "-protectors", "-get", "C:")[0], len(winlab.load()["audit_trail"])),
    (0, 1),
)
check("whoami", "S-1-5-2" in run("whoami.exe", "/groups")[1], True)
check("chcp", "437" in run("chcp.com")[1], True)
check("mpcmdrun", run("MpCmdRun.exe", "-SignatureUpdate")[0], 0)
check("unsupported", run("netsh.exe", "wlan", "show")[0], 50)
check(
    "reg query",
    run("reg.exe", "query", "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", "/v", "UBR")[
        0
    ],
    0,
)
check("log", [e["cmdlet"] for e in winlab.load()["log"]], ["dism", "sc", "MpCmdRun"])
use("logging-U1")
with winlab.edit() as s:
    s["audit"]["policy"]["{0CCE9215-69AE-11D9-BED3-505054503030}"] = 4
check("none", "Logon,{0CCE9215-69AE-11D9-BED3-505054503030},No Auditing," in run("auditpol", "/get", "/category:*", "/r")[1], True)
run("auditpol", "/backup", "/file:C:\\ProgramData\\a.csv")
rows = open(f"{W}/n.json.c/ProgramData/a.csv", encoding="utf-8").read().splitlines()
check("none in the backup", [r.split(",")[6] for r in rows if "CCE9215" in r], ["4"])
run("auditpol", "/set", "/subcategory:{0CCE9215-69AE-11D9-BED3-505054503030}", "/success:enable")
check("bits after none", winlab.load()["audit"]["policy"]["{0CCE9215-69AE-11D9-BED3-505054503030}"], 1)
for locale, word in (("tr-TR", "Denetim Yok"), ("th-TH", "ไม่มีการตรวจสอบ"), ("ar-SA", "بدون تدقيق")):
    with winlab.edit() as s:
        s["locale"] = locale
    check(locale, word in run("auditpol", "/get", "/category:*", "/r")[1], True)
with winlab.edit() as s:
    s["audit"]["policy"] = {}
check("empty policy", "69AE-11D9" in run("auditpol", "/get", "/category:*", "/r")[1], False)
run("auditpol", "/backup", "/file:C:\\ProgramData\\a.csv")
rows = open(f"{W}/n.json.c/ProgramData/a.csv", encoding="utf-8").read()
check("empty backup", "69AE-11D9" in rows, False)
use("backup-U7")
check("sc start keeps a running one", run("sc.exe", "start", "SQLWriter")[0], 0)
os.environ["LAB_DELAY_SCALE"] = "0.01"
for fault, expected in (
    ({"type": "denied"}, (5, "", "Access is denied.")),
    ({"type": "error", "exit_code": 87}, (87, "", "The operation failed.")),
    ({"type": "error", "message": "x"}, (1, "", "x")),
    ({"type": "hang", "seconds": 1}, (1460 & 255, "", "This operation returned because the timeout period expired.")),
    ({"type": "empty"}, (0, "", "")),
):
    with winlab.edit() as s:
        s["faults"]["native:VSSADMIN.exe"] = fault
    rc, o, e = run("vssadmin.exe", "list", "writers")
    check(f"fault {fault}", (rc, o, e.strip()), expected)
with winlab.edit() as s:
    s["faults"] = {"native:vssadmin.exe": {"type": "garbage"}}
rc, o, _ = run("vssadmin.exe", "list", "writers")
check("garbage", (rc, "garbage" in o, "{a65faa63" in o), (0, True, False))
with winlab.edit() as s:
    s["faults"] = {"native:vssadmin.exe": {"type": "slow", "seconds": 1}}
check("slow", "{a65faa63" in run("vssadmin.exe", "list", "writers")[1], True)
for f in sorted(x for x in os.listdir(f"{W}/states") if x.endswith(".json")):
    s = json.load(open(f"{W}/states/{f}"))
    check("reachable " + f, s["network"]["winrm_reachable"], True)
print(f"native: {n - bad} ok, {bad} failed")
sys.exit(1 if bad else 0)
