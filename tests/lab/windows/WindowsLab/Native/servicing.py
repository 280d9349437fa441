# SPDX-License-Identifier: GPL-3.0-or-later
"""dism.exe, and the tools that only leave a line in the log."""

from .invocation import TOOL, A, L, S, elevated, out, tr, unsupported
from .registry_values import CBS, key
from .winlab import edit


def dism() -> int:
    if not elevated():
        out("\nError: 740\n\nElevated permissions are required to run DISM.")
        return 740
    if "/cleanup-image" in L and (
        "/restorehealth" in L or "/scanhealth" in L or "/checkhealth" in L
    ):
        with edit("dism", A):
            pass
        out(
            tr(
                "The restore operation completed successfully.",
                "Der Wiederherstellungsvorgang wurde erfolgreich abgeschlossen.",
            )
        )
        return 0
    n = next((a.split(":", 1)[1] for a in A if a.lower().startswith("/featurename:")), None)
    f = S["features"].get(n) or {}
    if n and not f:
        out(f"\nError: 0x800f080c\n\nFeature name {n} is unknown.")
        return -2146498548
    if "/get-featureinfo" in L:
        out(
            f"Feature Name : {n}\n"
            f"State : {('', 'Enabled', 'Disabled', 'Disabled with Payload Removed')[f['InstallState']]}"
        )
        return 0
    if "/enable-feature" in L or "/disable-feature" in L:
        with edit("dism", A) as s:
            s["features"][n]["pending"] = 1 if "/enable-feature" in L else 2
            s["registry"].setdefault(key(s, CBS + "\\RebootPending"), {})
        return 3010
    return unsupported()


def logged() -> int:
    with edit(TOOL.rsplit(".", 1)[0], A):
        pass
    return 0
