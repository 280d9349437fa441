# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference back end: Ansible's own wrappers, unmodified, in a new PowerShell for every command.

Slow (1.5 s a task) and for tests only: it proves that the warm engine answers as Ansible's wrappers
do. Two things are added, since this is no Windows: a program called `powershell`, and one more
entry in the manifest's list of module utils that loads the simulated host in the module's runspace.
"""

import asyncio
import json
from asyncio.subprocess import PIPE
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.backend import Completed, Execution
from lab.estate import Estate
from lab.payload import command_text
from lab.powershell import EngineSettings

_MARK = b"\n\0\0\0\0\n"
_LAB_UTIL = "_WindowsLab.psm1"
_LAB_UTIL_TEXT = "Import-Module WindowsLab -Global; Initialize-WindowsLab"
# Windows only in the official PowerShell; ansible-core 2.19 asks without looking.
_SYSTEM_POLICY = """\
if (-not ('System.Management.Automation.Security.SystemPolicy' -as [type])) {
    Add-Type -TypeDefinition 'namespace System.Management.Automation.Security {
        public static class SystemPolicy {
            public static string GetSystemLockdownPolicy() { return "None"; }
        }
    }'
}
"""


class ColdEngine:
    """Runs command line and standard input as they were sent."""

    def __init__(self, estate: Estate, settings: EngineSettings) -> None:
        self._states = {host.name: host.state for host in estate.hosts}
        self._settings = settings
        # The wrapper of 2.21 looks `powershell` up on PATH and compares its folder with its own.
        self._programs = TemporaryDirectory(prefix="lab-powershell-")
        (Path(self._programs.name) / "powershell").symlink_to(settings.pwsh.resolve())

    async def run(self, host: str, execution: Execution) -> Completed:
        state = self._states[host]
        text = command_text(execution.command_line)
        if not text.startswith("param"):  # nothing may stand before it; that is 2.21
            text = _SYSTEM_POLICY + text
        environment = self._settings.environment()
        environment["PATH"] = f"{self._programs.name}:{environment.get('PATH', '')}"
        environment |= {"TEMP": self._programs.name, "TMP": self._programs.name}
        stdin = execution.stdin
        if state is not None:
            environment["LAB_STATE"] = str(state)
            stdin = with_lab_util(stdin)
        process = await asyncio.create_subprocess_exec(
            *(f"{self._programs.name}/powershell", "-NoProfile", "-NonInteractive"),
            *("-EncodedCommand", b64encode(text.encode("utf-16-le")).decode()),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=environment,
        )
        try:
            out, err = await asyncio.wait_for(
                process.communicate(stdin), self._settings.task_seconds
            )
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return Completed(out, err, process.returncode)

    async def close(self) -> None:
        self._programs.cleanup()


def with_lab_util(stdin: bytes) -> bytes:
    """Return *stdin* with the util that loads the simulated host first in the module's runspace."""
    sections = stdin.split(_MARK)
    if len(sections) < 2:
        return stdin
    manifest = json.loads(sections[1])
    params = manifest["actions"][-1]["params"]
    if "PowerShellModules" in params:
        params["PowerShellModules"].insert(0, _LAB_UTIL)
        manifest["scripts"][_LAB_UTIL] = {
            "path": _LAB_UTIL,
            "script": b64encode(_LAB_UTIL_TEXT.encode()).decode(),
        }
    sections[1] = json.dumps(manifest).encode()
    return _MARK.join(sections)
