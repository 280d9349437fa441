# SPDX-License-Identifier: GPL-3.0-or-later
"""reg.exe."""

import json

from .invocation import A, L, S, elevated, err, host_path, out, tr, unsupported
from .registry_values import key, reg_set
from .winlab import edit


def reg() -> int:
    c = L[0] if L else ""
    k = A[1].replace("HKEY_LOCAL_MACHINE", "HKLM") if len(A) > 1 else ""
    rk = key(S, k)
    if c == "query":
        v = S["registry"].get(rk)
        if v is None:
            err(
                tr(
                    "ERROR: The system was unable to find the specified registry key or value.",
                    "FEHLER: Der angegebene Registrierungsschlüssel bzw. Wert wurde nicht gefunden.",
                )
            )
            return 1
        name = A[L.index("/v") + 1] if "/v" in L else None
        rows = [(n, t) for n, t in v.items() if name is None or n.lower() == name.lower()]
        if name and not rows:
            err("ERROR: The system was unable to find the specified registry key or value.")
            return 1
        out("\n" + k.replace("HKLM", "HKEY_LOCAL_MACHINE", 1))
        for n, t in rows:
            out(f"    {n}    {t[0]}    {('0x%x' % t[1]) if isinstance(t[1], int) else t[1]}")
        out()
        return 0
    if c == "export":
        host_path(A[2]).write_text(
            json.dumps(
                {
                    x: y
                    for x, y in S["registry"].items()
                    if x.lower() == rk.lower() or x.lower().startswith(rk.lower() + "\\")
                }
            ),
            encoding="utf-8",
        )
        out(tr("The operation completed successfully.", "Der Vorgang wurde erfolgreich beendet."))
        return 0
    if c == "import":
        d = json.loads(host_path(A[1]).read_text(encoding="utf-8"))
        with edit("reg", A) as s:
            s["registry"].update(d)
        return 0
    if c == "add" and elevated():
        with edit("reg", A) as s:
            s["registry"].setdefault(rk, {})
            if "/v" in L:
                t = A[L.index("/t") + 1].upper() if "/t" in L else "REG_SZ"
                d = A[L.index("/d") + 1] if "/d" in L else ""
                reg_set(s, rk, A[L.index("/v") + 1], t, int(d, 0) if "DWORD" in t else d)
        return 0
    if c == "delete" and elevated():
        with edit("reg", A) as s:
            if "/v" in L:
                n = A[L.index("/v") + 1].lower()
                s["registry"][rk] = {
                    x: y for x, y in s["registry"].get(rk, {}).items() if x.lower() != n
                }
            else:
                for x in list(s["registry"]):
                    if x.lower() == rk.lower() or x.lower().startswith(rk.lower() + "\\"):
                        s["registry"].pop(x)
        return 0
    return unsupported()
