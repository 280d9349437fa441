# SPDX-License-Identifier: GPL-3.0-or-later
"""wevtutil.exe and wecutil.exe."""

from .invocation import A, L, S, elevated, err, host_path, opt, out, tr, unsupported
from .registry_values import key
from .winlab import edit, event


def wevtutil() -> int:
    if S["services"].get("EventLog", {}).get("State") != "Running":
        err("The RPC server is unavailable.")
        return 1722
    c = L[0] if L else ""
    logs = S["eventlogs"]
    if c in ("el", "enum-logs"):
        for n in logs:
            out(n)
        return 0
    if len(A) < 2:
        return 87
    name = next((n for n in logs if n.lower() == A[1].lower()), None)
    if name is None:
        err(
            tr(
                "The specified channel could not be found. Check channel configuration.",
                "Der angegebene Kanal wurde nicht gefunden.",
                "Le canal spécifié est introuvable.",
            )
        )
        return 15007
    g = logs[name]
    if c in ("gl", "get-log"):
        mode = g.get("LogMode", 0)
        rt, ab = str(mode != 0).lower(), str(mode == 1).lower()
        if opt("f") == "xml" or opt("format") == "xml":
            out(
                f'<?xml version="1.0" encoding="UTF-8"?>\n'
                f'<channel name="{name}" isolation="Application" enabled="'
                f'{str(g["IsEnabled"]).lower()}" type="Admin" owningPublisher="" classic="'
                f'{str(g.get("IsClassicLog", False)).lower()}" '
                'xmlns="http://schemas.microsoft.com/win/2004/08/events">\n'
                f"  <logging>\n"
                f"    <logFileName>{g.get('LogFilePath', '')}</logFileName>\n"
                f"    <retention>{rt}</retention>\n"
                f"    <autoBackup>{ab}</autoBackup>\n"
                f"    <maxSize>{g['MaximumSizeInBytes']}</maxSize>\n"
                f"  </logging>\n"
                f"  <publishing>\n"
                f"  </publishing>\n"
                f"</channel>"
            )
        else:
            out(
                f"name: {name}\n"
                f"enabled: {str(g['IsEnabled']).lower()}\n"
                f"type: Admin\n"
                f"owningPublisher: \n"
                f"isolation: Application\n"
                f"logging:\n"
                f"  logFileName: {g.get('LogFilePath', '')}\n"
                f"  retention: {rt}\n"
                f"  autoBackup: {ab}\n"
                f"  maxSize: {g['MaximumSizeInBytes']}\n"
                f"publishing:\n"
                f"  fileMax: 1"
            )
        return 0
    if c in ("gli", "get-log-info"):
        out(
            f"creationTime: \n"
            f"lastAccessTime: \n"
            f"lastWriteTime: {g.get('LastWriteTime', '')}\n"
            f"fileSize: {g.get('FileSize', 0)}\n"
            f"attributes: 32\n"
            f"numberOfLogRecords: {g.get('RecordCount', len(g.get('records', [])))}\n"
            f"oldestRecordNumber: {g.get('OldestRecordNumber', 1)}"
        )
        return 0
    if not elevated():
        err(tr("Access is denied.", "Zugriff verweigert.", "Accès refusé."))
        return 5
    if c in ("sl", "set-log"):

        def b(n: str) -> bool | None:
            v = opt(n)
            return None if v is None else v.lower() == "true"

        ms = opt("ms") or opt("maxsize")
        if ms is not None and int(ms) < 1028 * 1024:
            err("The parameter is incorrect.")
            return 87
        with edit("wevtutil", A) as s:
            g = s["eventlogs"][name]
            rk = key(s, "HKLM\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\" + name)
            if ms is not None:
                g["MaximumSizeInBytes"] = (int(ms) + 65535) // 65536 * 65536
            for n, k in (("e", "IsEnabled"), ("enabled", "IsEnabled")):
                if b(n) is not None:
                    g[k] = b(n)
            retain = b("rt") if b("rt") is not None else b("retention")
            back_up = b("ab") if b("ab") is not None else b("autobackup")
            m = g.get("LogMode", 0)
            if retain is not None or back_up is not None:
                retain = m != 0 if retain is None else retain
                back_up = m == 1 if back_up is None else back_up
                g["LogMode"] = 1 if back_up else 2 if retain else 0
            if g.get("LogMode") == 0 or g["MaximumSizeInBytes"] > g.get("FileSize", 0):
                g["IsLogFull"] = False
            if rk in s["registry"]:
                s["registry"][rk]["MaxSize"] = ["REG_DWORD", g["MaximumSizeInBytes"]]
                s["registry"][rk]["Retention"] = [
                    "REG_DWORD",
                    0 if g.get("LogMode", 0) == 0 else 0xFFFFFFFF,
                ]
                s["registry"][rk]["AutoBackupLogFiles"] = ["REG_DWORD", int(g.get("LogMode") == 1)]
        return 0
    if c in ("epl", "export-log"):
        f = host_path(A[2])
        if f.exists() and opt("ow") != "true":
            err("The file exists.")
            return 80
        f.write_bytes(b"ElfFile\0" + name.encode())
        with edit("wevtutil", A):
            pass
        return 0
    if c in ("cl", "clear-log"):
        with edit("wevtutil", A) as s:
            g = s["eventlogs"][name]
            g.update(records=[], synthetic=[], FileSize=69632, IsLogFull=False)
            event(
                s,
                "Security" if name == "Security" else "System",
                "Microsoft-Windows-Eventlog",
                1102 if name == "Security" else 104,
                4,
                {"SubjectUserSid": s["token"]["sid"], "Channel": name},
            )
        return 0
    return unsupported()


def wecutil() -> int:
    if S["services"].get("Wecsvc", {}).get("State") != "Running":
        err("The RPC server is unavailable.")
        return 1722
    return 0
