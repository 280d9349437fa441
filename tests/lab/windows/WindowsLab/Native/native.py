#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The native tools of Windows: one program behind many names (auditpol.exe, netsh.exe ...).

Exit codes, numeric and CSV outputs follow Windows; text follows the locale of the state for the
languages that the tool's module names, else English.
"""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

# Imported from wherever a link to this file lies; nothing is written beside it.
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Native import faults  # noqa: E402  as the path is set above
from Native.invocation import TOOL, S, host_path, opt  # noqa: E402

# Tool -> module and function. Only the module of the tool that was called is imported.
TOOLS = {
    "auditpol.exe": ("auditpol", "auditpol"),
    "chcp.com": ("session", "chcp"),
    "cmd.exe": ("shells", "cmd"),
    "dism.exe": ("servicing", "dism"),
    "gpupdate.exe": ("session", "gpupdate"),
    "icacls.exe": ("servicing", "logged"),
    "manage-bde.exe": ("bitlocker", "manage_bde"),
    "mpcmdrun.exe": ("defender", "mpcmdrun"),
    "netsh.exe": ("netsh", "netsh"),
    "powershell.exe": ("shells", "powershell"),
    "reg.exe": ("reg", "reg"),
    "sc.exe": ("service_control", "sc"),
    "sfc.exe": ("servicing", "logged"),
    "shutdown.exe": ("session", "shutdown"),
    "vssadmin.exe": ("backup", "vssadmin"),
    "wbadmin.exe": ("backup", "wbadmin"),
    "wecutil.exe": ("eventlogs", "wecutil"),
    "wevtutil.exe": ("eventlogs", "wevtutil"),
    "whoami.exe": ("session", "whoami"),
}


def main() -> int:
    """Meet the fault on the tool, if there is one, else be the tool; return its exit code."""
    if fault := faults.find(S, TOOL):
        file = opt("file")
        code = faults.meet(fault, [host_path(file)] if file else [])
        if code is not None:
            return code
    module, function = TOOLS[TOOL]
    tool: Callable[[], int] = getattr(importlib.import_module(f"Native.{module}"), function)
    return tool()


if __name__ == "__main__":
    try:
        exit_code = main()
    except SystemExit as stop:  # unsupported() ends a tool like this
        exit_code = int(stop.code or 0)
    sys.stdout.flush()
    # Linux keeps 8 bits of an exit status: the full value goes to LAB_RC_FILE (see Surfaces/Core.ps1),
    # the rest is never 0.
    if rc_file := os.environ.get("LAB_RC_FILE"):
        Path(rc_file).write_text(str(exit_code), encoding="ascii")
    sys.exit(exit_code if 0 <= exit_code <= 255 else (exit_code & 0xFF) or 1)
