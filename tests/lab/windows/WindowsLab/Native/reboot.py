# SPDX-License-Identifier: GPL-3.0-or-later
"""What a completed reboot changes."""

from datetime import timedelta

from .registry_values import CBS, CV, WU, State, key, reg_get, reg_set
from .winlab import event, filetime, iso, now, parse

# Services that start late do so 2 minutes after the others (AutoStartDelay of the service control
# manager): learn.microsoft.com/windows/win32/api/winsvc/ns-winsvc-service_delayed_auto_start_info.
DELAY = timedelta(seconds=120)
# LogonUI makes this volatile key when it is about to ask who is there; win_reboot waits for it.
LOGON_UI = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\AutoLogonChecked"
ATP = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows Advanced Threat Protection"


def reboot_complete(s: State) -> None:
    r = s["reboot"]
    t = now(s)
    r["phase"] = "up"
    r["last_boot_utc"] = min(iso(t), r["up_at"])
    r["boots"] = r.get("boots", 0) + 1
    r.pop("leaves_in_seconds", None)
    s["registry"].setdefault(LOGON_UI, {})
    for k in (
        CBS + "\\RebootPending",
        CBS + "\\RebootInProgress",
        CBS + "\\PackagesPending",
        WU + "\\RebootRequired",
    ):
        for x in [
            x
            for x in s["registry"]
            if x.lower() == k.lower() or x.lower().startswith(k.lower() + "\\")
        ]:
            del s["registry"][x]
    lcu = r.pop("pending_lcu", None)
    ft = filetime(t)
    for x in list(s["registry"]):
        if x.startswith(CBS + "\\Packages\\Package_for_RollupFix") and lcu:
            v = s["registry"][x]
            st = v.get("CurrentState", [0, 0])[1]
            if st == 96:
                v.update(
                    CurrentState=["REG_DWORD", 112],
                    InstallTimeHigh=["REG_DWORD", ft >> 32],
                    InstallTimeLow=["REG_DWORD", ft & 0xFFFFFFFF],
                )
            elif st == 112:
                v["CurrentState"] = ["REG_DWORD", 80]
    if lcu:
        reg_set(s, CV, "UBR", "REG_DWORD", lcu["ubr"])
        s["os"]["ubr"] = lcu["ubr"]
    comp = reg_get(
        s, "HKLM\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName", "ComputerName"
    )
    if comp:
        reg_set(
            s,
            "HKLM\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ActiveComputerName",
            "ComputerName",
            "REG_SZ",
            comp,
        )
    sm = s["registry"].get(key(s, "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager"))
    if sm:
        sm.pop("PendingFileRenameOperations", None)
    for f in s["features"].values():
        if f.get("pending") is not None:
            f["InstallState"] = f.pop("pending")
    _install_defender(s)
    for v in filter(None, s["services"].values()):
        v["State"] = "Running" if _starts(v) and not v.get("DelayedAutoStart") else "Stopped"
    r["settles_at"] = iso(parse(r["last_boot_utc"]) + DELAY)
    settle(s)
    network, engine = s["services"].get("WdNisSvc"), s["services"].get("WinDefend")
    if network and engine and network["StartMode"] != "Disabled":
        network["State"] = engine["State"]  # which starts it
    for v in s["volumes"]:
        b = v.get("bitlocker")
        if not b:
            continue
        if b.get("pending_hardware_test"):
            b.pop("pending_hardware_test")
            b["ConversionStatus"] = 2
            b["EncryptionPercentage"] = 0
        if b.get("SuspendCount", 0) > 0:
            b["SuspendCount"] -= 1
            if b["SuspendCount"] == 0 and b["ConversionStatus"] == 1 and b.get("protectors"):
                b["ProtectionStatus"] = 1
    event(s, "System", "EventLog", 6005, 4, [])
    event(s, "System", "Microsoft-Windows-Kernel-General", 12, 4, [])


def settle(s: State) -> None:
    """Start the services that start late, once their time has come."""
    r = s["reboot"]
    if "settles_at" not in r or parse(r["settles_at"]) > now(s):
        return
    del r["settles_at"]
    for v in filter(None, s["services"].values()):
        if _starts(v) and v.get("DelayedAutoStart"):
            v["State"] = "Running"


def _starts(service: State) -> bool:
    is_automatic = service.get("StartMode") in ("Auto", "Boot", "System")
    return is_automatic and not service.get("start_error")


def _install_defender(s: State) -> None:
    """Register what the feature brings, and let Defender protect where nothing keeps it passive.

    learn.microsoft.com/defender-endpoint/microsoft-defender-antivirus-compatibility, 2025-10.
    """
    if s["features"].get("Windows-Defender", {}).get("InstallState") == 1:
        for name, mode in (("WinDefend", "Auto"), ("WdNisSvc", "Manual"), ("WdFilter", "Boot")):
            new = {"DisplayName": name, "State": "Stopped", "StartMode": mode, "Protected": True}
            s["services"].setdefault(name, new | ({"Driver": True} if mode == "Boot" else {}))
    status = s["defender"]["status"]
    if status.get("AMRunningMode") == "Passive Mode" and reg_get(s, ATP, "ForceDefenderPassiveMode") != 1:
        status["AMRunningMode"] = "Normal"
