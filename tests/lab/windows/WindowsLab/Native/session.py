# SPDX-License-Identifier: GPL-3.0-or-later
"""whoami.exe, chcp.com, gpupdate.exe and shutdown.exe."""

from datetime import timedelta

from .invocation import LANG, A, L, S, elevated, out, token, tr, unsupported
from .policy import gpo_refresh
from .winlab import edit, iso, now

# learn.microsoft.com/windows-server/administration/windows-commands/shutdown, /t: 30 by default.
DEFAULT_SECONDS = 30


def whoami() -> int:
    sysu = token() == "system"
    if "/groups" in L:
        sysl = sysu or S["token"].get("integrity") == "system"
        il = "S-1-16-16384" if sysl else "S-1-16-12288" if elevated() else "S-1-16-8192"
        gs = [
            "S-1-1-0",
            "S-1-5-32-544",
            "S-1-5-11",
            {"network": "S-1-5-2", "batch": "S-1-5-3"}.get(token(), "S-1-5-4"),
            il,
        ]
        for g in gs:
            out(
                f'"{g}","{"Label" if g.startswith("S-1-16") else "Well-known group"}","{g}",""'
                if "csv" in L
                else g
            )
        return 0
    name = "nt authority\\system" if sysu else S["token"]["user"].lower()
    sid = "S-1-5-18" if sysu else S["token"]["sid"]
    out(f'"{name}","{sid}"' if "/user" in L else name)
    return 0


def chcp() -> int:
    out(
        tr("Active code page", "Aktive Codepage", "Page de codes active")
        + ": "
        + {"de": "850", "fr": "850", "ja": "932", "tr": "857", "th": "874"}.get(LANG, "437")
    )
    return 0


def gpupdate() -> int:
    if S["cim"]["root/cimv2"]["Win32_ComputerSystem"][0].get("PartOfDomain") and not S[
        "network"
    ].get("dc_reachable", True):
        out(
            tr(
                "Computer policy could not be updated successfully.",
                "Die Computerrichtlinie konnte nicht erfolgreich aktualisiert werden.",
            )
        )
        return 1
    with edit("gpupdate", A) as s:
        gpo_refresh(s)
    out(
        tr(
            "Updating policy...\n\nComputer Policy update has completed successfully.",
            "Die Richtlinie wird aktualisiert...\n"
            "\n"
            "Die Aktualisierung der Computerrichtlinie wurde erfolgreich abgeschlossen.",
            "Mise à jour de la stratégie...\n\nLa mise à jour de la stratégie d’ordinateur s’est terminée sans erreur.",
        )
    )
    return 0


def shutdown() -> int:
    if "/r" in L:
        with edit("shutdown", A) as s:
            t = now(s)
            s["reboot"].update(
                phase="down",
                down_since=iso(t),
                up_at=iso(t + timedelta(minutes=s["reboot"].get("down_minutes", 4))),
                leaves_in_seconds=int(A[L.index("/t") + 1]) if "/t" in L else DEFAULT_SECONDS,
            )
        return 0
    return unsupported()
