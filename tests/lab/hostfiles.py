# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper scripts of Ansible's connection plugins: directories and files on drive C: of a host.

Ansible's own scripts open files through .NET, which sees the machine and not the simulated drive.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path, PureWindowsPath

from lab.backend import Completed
from lab.payload import Job

_TEMP = r"C:\Windows\Temp"
_PROFILE = r"C:\Users\Default"
_SYSTEM_PROFILE = r"C:\Windows\System32\config\systemprofile"


def run_helper(state: Path | None, job: Job) -> Completed:
    """Do what the helper script in *job* would do on the host of *state*."""
    helper = _HELPERS.get(job.name)
    if helper is None:
        return Completed(b"", f"lab: {job.name} is not simulated\n".encode(), 1)
    if state is None:
        return Completed(b"", b"lab: this host has no drive C:\n", 1)
    return helper(state, job)


def local_path(state: Path, windows_path: str) -> Path:
    """Return where *windows_path* lies on this machine; raise ValueError outside drive C:.

    As the simulated Windows does: drive C: of a host is the folder <state>.c beside its document.
    """
    path = PureWindowsPath(windows_path.replace("%TEMP%", _TEMP).replace("%USERPROFILE%", _PROFILE))
    if path.drive.upper() != "C:" or ".." in path.parts:
        raise ValueError(f"not a full path on drive C: {windows_path}")
    return Path(f"{state}.c", *path.parts[1:])


def expand_profile(windows_path: str, user: str | None) -> str:
    """Return *windows_path* with the profile of *user* in it; None is the user of the login."""
    is_system = user is not None and user.upper().split("\\")[-1] == "SYSTEM"
    return windows_path.replace("%USERPROFILE%", _SYSTEM_PROFILE if is_system else _PROFILE)


def _make_directory(state: Path, job: Job) -> Completed:
    name = str(
        PureWindowsPath(job.params["Directory"].replace("%TEMP%", _TEMP), job.params["Name"])
    )
    local_path(state, name).mkdir(parents=True)
    return Completed(name.encode() + b"\r\n", b"", 0)


def _put_file(state: Path, job: Job) -> Completed:
    content = b"".join(b64decode(line) for line in job.extra.split())
    local_path(state, job.params["Path"]).write_bytes(content)
    # SHA-1 is what the connection plugin compares a transfer with; nothing is secured by it.
    answer = {"sha1": sha1(content, usedforsecurity=False).hexdigest()}
    return Completed(json.dumps(answer).encode() + b"\r\n", b"", 0)


def _fetch_file(state: Path, job: Job) -> Completed:
    path = local_path(state, job.params["Path"])
    if path.is_dir():
        return Completed(b"[DIR]\r\n", b"", 0)
    if not path.is_file():
        return Completed(b"", f"{job.params['Path']} does not exist\n".encode(), 1)
    start = int(job.params["Offset"])
    content = path.read_bytes()[start : start + int(job.params["BufferSize"])]
    return Completed(b64encode(content) + b"\r\n", b"", 0)


def _expand_user(_state: Path, job: Job) -> Completed:
    path = job.params["Path"]
    if path == "~" or path.startswith("~\\"):
        path = _PROFILE + path[1:]
    return Completed(path.encode() + b"\r\n", b"", 0)


_HELPERS: dict[str, Callable[[Path, Job], Completed]] = {
    "powershell_mkdtemp.ps1": _make_directory,
    "powershell_expand_user.ps1": _expand_user,
    "winrm_put_file.ps1": _put_file,
    "psrp_put_file.ps1": _put_file,
    "winrm_fetch_file.ps1": _fetch_file,
}
