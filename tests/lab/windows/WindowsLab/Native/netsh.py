# SPDX-License-Identifier: GPL-3.0-or-later
"""netsh.exe advfirewall."""

import json
import re

from .invocation import A, L, S, elevated, host_path, out, tr, unsupported
from .reachability import active_profile
from .registry_values import LOCAL, reg_set
from .winlab import edit


def netsh() -> int:
    if L[:1] != ["advfirewall"]:
        unsupported()
    if S["services"].get("MpsSvc", {}).get("State") != "Running":
        out(
            tr(
                "An error occurred while attempting to contact the  Windows Defender Firewall "
                "service. Make sure that the service is running and try your request again.",
                "Fehler beim Kontaktieren des Windows Defender Firewall-Diensts.",
            )
        )
        return 1
    if not elevated():
        out(
            tr(
                "The requested operation requires elevation (Run as administrator).",
                "Der angeforderte Vorgang erfordert erhöhte Rechte.",
            )
        )
        return 1
    ok = tr("Ok.", "OK.", "Ok.")
    if L[1:2] == ["export"] and len(A) > 2:
        f = host_path(A[2])
        if f.exists() or not f.parent.is_dir():
            out(
                tr(
                    "The system cannot find the path specified.",
                    "Das System kann den angegebenen Pfad nicht finden.",
                )
                if not f.exists()
                else tr(
                    "Cannot create a file when that file already exists.",
                    "Eine Datei kann nicht erstellt werden, wenn sie bereits vorhanden ist.",
                )
            )
            return 1
        f.write_text(
            json.dumps(
                {
                    "registry": {
                        k: v
                        for k, v in S["registry"].items()
                        if k.lower().startswith(LOCAL.lower().rstrip("\\"))
                    },
                    "rules": S["firewall"]["rules"].get("PersistentStore", []),
                }
            ),
            encoding="utf-8",
        )
        with edit("netsh", A):
            pass
        out(ok)
        return 0
    if L[1:2] == ["import"] and len(A) > 2:
        f = host_path(A[2])
        if not f.exists():
            out(
                tr(
                    "The system cannot find the file specified.",
                    "Das System kann die angegebene Datei nicht finden.",
                )
            )
            return 1
        d = json.loads(f.read_text(encoding="utf-8"))
        with edit("netsh", A) as s:
            for k in [k for k in s["registry"] if k.lower().startswith(LOCAL.lower().rstrip("\\"))]:
                del s["registry"][k]
            s["registry"].update(d["registry"])
            s["firewall"]["rules"]["PersistentStore"] = d["rules"]
        out(ok)
        return 0
    if L[1:3] == ["show", "allprofiles"]:
        for n, t in (
            (
                "Domain",
                tr(
                    "Domain Profile Settings",
                    "Domänenprofil-Einstellungen",
                    "Paramètres Profil de domaine",
                ),
            ),
            (
                "Private",
                tr(
                    "Private Profile Settings",
                    "Privates Profil-Einstellungen",
                    "Paramètres Profil privé",
                ),
            ),
            (
                "Public",
                tr(
                    "Public Profile Settings",
                    "Öffentliches Profil-Einstellungen",
                    "Paramètres Profil public",
                ),
            ),
        ):
            p = active_profile(S, n)
            out(f"\n{t}: \n" + "-" * 70)
            out(
                f"{tr('State', 'Status', 'État'):<38}"
                f"{tr('ON', 'EIN', 'Actif') if p['Enabled'] else tr('OFF', 'AUS', 'Inactif')}"
            )
            out(
                f"{tr('Firewall Policy', 'Firewallrichtlinie', 'Stratégie de pare-feu'):<38}"
                f"{'BlockInbound' if p['DefaultInboundAction'] == 4 else 'AllowInbound'},"
                f"AllowOutbound"
            )
        out(ok)
        return 0
    m = re.match(
        r"advfirewall set (allprofiles|domainprofile|privateprofile|publicprofile|currentprofile) state (on|off)$",
        " ".join(L),
    )
    if m:
        with edit("netsh", A) as s:
            for k, name in (
                ("domainprofile", "DomainProfile"),
                ("privateprofile", "StandardProfile"),
                ("publicprofile", "PublicProfile"),
            ):
                if m[1] in (k, "allprofiles"):
                    reg_set(s, LOCAL + name, "EnableFirewall", "REG_DWORD", int(m[2] == "on"))
        out(ok)
        return 0
    return unsupported()
