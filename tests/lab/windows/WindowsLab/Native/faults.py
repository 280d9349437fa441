# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on native tools, ``native:<tool.exe>`` of the state document (see STATE.md, "Faults")."""

import os
import sys
import time
from pathlib import Path
from typing import Any

Fault = dict[str, Any]

TYPES = ("denied", "error", "hang", "slow", "missing", "garbage", "empty")
HANG_SECONDS = 600
# Exit codes are Win32 errors, as most of the tools return them.
FILE_NOT_FOUND, ACCESS_DENIED, TIMEOUT = 2, 5, 1460
NOISE = "\ufffd\ufffd,garbage,{0CCE9215-GARBAGE},;;,NaN\r\n[?] \u00a4\u00a4\u00a4\r\n"


def find(state: dict[str, Any], tool: str) -> Fault | None:
    """Return the fault on *tool*, its name in any case; raise ValueError for an unknown type."""
    wanted = f"native:{tool}".lower()
    fault = next((f for n, f in (state.get("faults") or {}).items() if n.lower() == wanted), None)
    if fault is not None and fault.get("type") not in TYPES:
        raise ValueError(
            f"WindowsLab: fault type {fault.get('type')!r} on {wanted} is none of {TYPES}"
        )
    return fault


def meet(fault: Fault, files: list[Path]) -> int | None:
    """Do what the fault does, also to the *files* the tool was to write.

    Return the exit code, or None when the tool goes on as if nothing was.
    """
    kind = fault["type"]
    seconds = fault.get("seconds", HANG_SECONDS if kind == "hang" else 0)
    time.sleep(seconds * float(os.environ.get("LAB_DELAY_SCALE", "1")))
    if kind == "slow":
        return None
    if kind in ("garbage", "empty"):
        text = NOISE if kind == "garbage" else ""
        for file in files:
            file.write_text(text, encoding="utf-8", newline="")
        sys.stdout.write(text)
        return int(fault.get("exit_code", 0))
    usual, message = {
        "denied": (ACCESS_DENIED, "Access is denied."),
        "missing": (FILE_NOT_FOUND, "The system cannot find the file specified."),
        "hang": (TIMEOUT, "This operation returned because the timeout period expired."),
        "error": (1, "The operation failed."),
    }[kind]
    sys.stderr.write(fault.get("message", message) + "\r\n")
    return int(fault.get("exit_code", usual))
