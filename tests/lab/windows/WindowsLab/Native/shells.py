# SPDX-License-Identifier: GPL-3.0-or-later
"""powershell.exe and cmd.exe."""

import base64
import os
import subprocess
from pathlib import Path

from .command_line import split_windows
from .invocation import A, L, host_path, unsupported

HERE = Path(__file__).resolve().parent


def powershell() -> int:
    cmd = None
    i = 0
    while i < len(A):
        a = L[i]
        if a in ("-encodedcommand", "-enc", "-ec", "-e"):
            cmd = base64.b64decode(A[i + 1]).decode("utf-16-le")
            break
        if a in ("-command", "-c"):
            cmd = " ".join(A[i + 1 :])
            break
        if a in ("-file", "-f"):
            cmd = f"& '{host_path(A[i + 1])}' " + " ".join(A[i + 2 :])
            break
        i += (
            2
            if a
            in (
                "-executionpolicy",
                "-ep",
                "-version",
                "-windowstyle",
                "-outputformat",
                "-inputformat",
            )
            else 1
        )
    if cmd is None:
        unsupported()
    exe = os.environ.get("LAB_PWSH") or os.environ.get("PWSH") or "pwsh"
    pre = f"Import-Module '{HERE}/../WindowsLab.psd1'; Initialize-WindowsLab; "
    return subprocess.run(
        [
            exe,
            "-NoProfile",
            "-NonInteractive",
            "-EncodedCommand",
            base64.b64encode((pre + cmd).encode("utf-16-le")).decode(),
        ]
    ).returncode


def cmd() -> int:
    """Run one tool of the lab; 1 for what it does not have, as for an unknown command."""
    if L[:1] != ["/c"]:
        unsupported()
    name, *arguments = split_windows(" ".join(A[1:]))
    name = name.replace("\\", "/").rpartition("/")[2].lower()
    tool = HERE / (name if name.endswith((".exe", ".com")) else name + ".exe")
    return subprocess.run([tool, *arguments], check=False).returncode if tool.exists() else 1
