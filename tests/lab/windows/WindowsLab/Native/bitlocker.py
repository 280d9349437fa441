# SPDX-License-Identifier: GPL-3.0-or-later
"""manage-bde.exe."""

import re

from .invocation import A, L, S, elevated, out, tr, unsupported
from .winlab import edit, iso, now


def manage_bde() -> int:
    if not elevated():
        out(
            tr(
                "ERROR: An attempt to access a required resource was denied.",
                "FEHLER: Ein Zugriffsversuch auf eine benötigte Ressource wurde verweigert.",
            )
        )
        return -2147024891
    letter = next((a.rstrip("\\") for a in A if re.match(r"^[A-Za-z]:\\?$", a)), None)
    if L[:1] == ["-status"]:
        for v in S["volumes"]:
            b = v.get("bitlocker")
            if not b or (letter and v["DriveLetter"].lower() != letter.lower()):
                continue
            out(
                f"{tr('Volume', 'Volume')} {v['DriveLetter']} [{v.get('Label', '')}]\n"
                f"    {tr('Conversion Status', 'Konvertierungsstatus')}:    "
                f"{b['ConversionStatus']}\n"
                f"    {tr('Protection Status', 'Schutzstatus')}:    "
                + (
                    tr("Protection On", "Der Schutz ist aktiviert.")
                    if b["ProtectionStatus"] == 1
                    else tr("Protection Off", "Der Schutz ist deaktiviert.")
                )
            )
        return 0
    if L[:2] == ["-protectors", "-get"]:
        with edit() as s:
            s.setdefault("audit_trail", []).append(
                {
                    "utc": iso(now(s)),
                    "what": "recovery_password_read",
                    "detail": f"{letter} manage-bde -protectors -get",
                }
            )
        for v in S["volumes"]:
            if v["DriveLetter"] == letter:
                for p in v["bitlocker"].get("protectors") or []:
                    out(
                        f"    ID: {p['id']}"
                        + (
                            f"\n      {tr('Password', 'Kennwort')}:\n        {p['recovery_password']}"
                            if p.get("recovery_password")
                            else ""
                        )
                    )
        return 0
    return unsupported()
