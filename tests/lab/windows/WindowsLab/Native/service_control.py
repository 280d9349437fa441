# SPDX-License-Identifier: GPL-3.0-or-later
"""sc.exe."""

import re

from .invocation import A, L, S, elevated, out, tr, unsupported
from .winlab import edit

# What "sc qc" prints for a start mode.
START_TYPES = {"Auto": "2   AUTO_START", "Manual": "3   DEMAND_START", "Disabled": "4   DISABLED"}


def service(n: str) -> str:
    """Return the name under which the state has a service; empty when it has none."""
    return next((k for k in S["services"] if k.lower() == n.lower() and S["services"][k]), "")


def sc() -> int:
    c = L[0] if L else ""
    n = service(A[1]) if len(A) > 1 else ""
    if len(A) > 1 and not n:
        out(
            f"[SC] {'EnumQueryServicesStatus' if c.startswith('q') else 'OpenService'}:OpenService "
            f"FAILED 1060:\n"
            f"\n"
            + tr(
                "The specified service does not exist as an installed service.",
                "Der angegebene Dienst ist kein installierter Dienst.",
            )
            + "\n"
        )
        return 1060
    v = S["services"].get(n) or {}
    if c in ("query", "queryex") and n:
        out(
            f"\n"
            f"SERVICE_NAME: {n} \n"
            f"        TYPE               : 20  WIN32_SHARE_PROCESS  \n"
            f"        STATE              : {'4  RUNNING ' if v['State'] == 'Running' else '1  STOPPED '}\n"
            f"        WIN32_EXIT_CODE    : {v.get('ExitCode', 0)}  (0x0)"
        )
        return 0
    if c == "qc" and n:
        out(
            f"[SC] QueryServiceConfig SUCCESS\n"
            f"\n"
            f"SERVICE_NAME: {n}\n"
            f"        START_TYPE         : {START_TYPES.get(v['StartMode'], '')}"
        )
        return 0
    if c in ("config", "start", "stop"):
        if (
            not elevated()
            or (v.get("Protected") and c in ("stop", "config"))
            or (v.get("ConfigProtected") and c == "config")
        ):
            out(
                f"[SC] {'ControlService' if c == 'stop' else 'ChangeServiceConfig'} FAILED "
                f"5:\n"
                f"\n"
                f"{tr('Access is denied.', 'Zugriff verweigert', 'Accès refusé.')}\n"
            )
            return 5
        if c == "start" and v["StartMode"] == "Disabled":
            out("[SC] StartService FAILED 1058:")
            return 1058
        with edit("sc", A) as s:
            x = s["services"][n]
            if c == "config":
                j = " ".join(L)
                m = re.search(r"start= *(\S+)", j)
                if m:
                    x["StartMode"] = {
                        "auto": "Auto",
                        "delayed-auto": "Auto",
                        "demand": "Manual",
                        "disabled": "Disabled",
                    }[m[1]]
                    x["DelayedAutoStart"] = m[1] == "delayed-auto"
            else:
                x["State"] = "Running" if c == "start" else "Stopped"
                if c == "start":
                    for writer in s.get("vss_writers", []):
                        if writer.get("service", "").lower() == n.lower():
                            writer["state"] = 1
        return 0
    return unsupported()
