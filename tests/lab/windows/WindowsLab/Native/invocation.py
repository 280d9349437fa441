# SPDX-License-Identifier: GPL-3.0-or-later
"""What a native tool was called with, and what it answers through."""

import os
import re
import sys
from pathlib import Path, PureWindowsPath
from typing import NoReturn

from .winlab import load, path

NAME = Path(sys.argv[0]).name.lower()
TOOL = NAME if NAME.endswith((".exe", ".com")) else NAME + ".exe"
A = sys.argv[1:]
L = [a.lower() for a in A]
S = load()
LANG = str(S.get("locale", "en-US"))[:2]


def out(text: str = "") -> None:
    """Print *text*, its lines ended as on Windows."""
    sys.stdout.write(text.replace("\n", "\r\n") + "\r\n")


def err(text: str) -> None:
    sys.stderr.write(text + "\r\n")


def tr(
    en: str, de: str | None = None, fr: str | None = None, ja: str | None = None, **others: str
) -> str:
    """Return the text in the language of the host, else in English."""
    texts: dict[str, str | None] = {"de": de, "fr": fr, "ja": ja, **others}
    return texts.get(LANG) or en


def token() -> str:
    return str(os.environ.get("LAB_TOKEN") or S["token"]["logon_type"])


def elevated() -> bool:
    return token() == "system" or S["token"].get("integrity", "high") in ("high", "system")


def unsupported() -> NoReturn:
    """End the tool: the lab does not answer with a guess."""
    err(f"NotImplemented: WindowsLab does not simulate {TOOL} {' '.join(A)}")
    sys.exit(50)


def opt(name: str) -> str | None:
    """Return the value of the option /name:value."""
    for a in A:
        if a.lower().startswith("/" + name.lower() + ":"):
            return a[len(name) + 2 :].strip('"')
    return None


def host_path(p: str) -> Path:
    """Return the file of this machine that a path on the command line stands for."""
    p = p.strip('"')
    root = os.environ.get("LAB_ROOT") or f"{path()}.c"
    if re.match(r"^[A-Za-z]:[\\/]", p):
        return Path(root, *PureWindowsPath(p).parts[1:])
    return Path(p.replace("\\", "/"))
