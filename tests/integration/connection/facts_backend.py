# SPDX-License-Identifier: GPL-3.0-or-later
"""A back end that answers as one healthy host, so that connections are tested without PowerShell.

The facts are a real document of the collectors, see record.py, and as old as it: a site that wants
them judged as they are must tolerate the clock of its hosts. They are not bound to the modules that
gave them, unlike a recording of `make record`: these tests are about what happens around them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from lab.backend import Completed, Execution
from lab.payload import Job, JobKind, PayloadInvalidError, decode

DOCUMENT = Path(__file__).parent / "data" / "healthy-2022-member.json"
CHECK_PREFIX = "hipaa.compliance_agent.check_"
WIN_PING = "ansible.windows.win_ping"


@dataclass(slots=True)
class Session:
    """How the session of one host looks to the preflight; the defaults are a host in order."""

    language_mode: str = "FullLanguage"
    seconds_ahead: int = 0
    powershell: str = "5.1.20348.2849"
    native_architecture: str = ""
    is_high: bool = True

    def text(self, now: datetime) -> str:
        """Return what the preflight's probe prints on this host."""
        moment = datetime.fromtimestamp(now.timestamp() + self.seconds_ahead, UTC)
        lines = {
            "language_mode": self.language_mode,
            "utc": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "powershell": self.powershell,
            "architecture": "x86" if self.native_architecture else "AMD64",
            "native_architecture": self.native_architecture,
            "high": self.is_high,
            "label": True,
        }
        return "".join(f"{key}={value}\r\n" for key, value in lines.items())


@dataclass
class FactsBackend:
    """Answers every host alike; *sessions* says which hosts look otherwise to the preflight.

    *asked* are the modules that ran, by host, in the order of their arrival.
    """

    sessions: Mapping[str, Session] = field(default_factory=dict)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def run(self, host: str, execution: Execution) -> Completed:
        """Answer a check, a ping or the preflight's probe; anything else is a failure."""
        try:
            job = decode(execution)
        except PayloadInvalidError as error:
            return Completed(b"", f"lab: {error}\n".encode(), 1)
        self.asked.append((host, job.name))
        if job.kind is JobKind.RAW:
            session = self.sessions.get(host, Session())
            return Completed(session.text(self.clock()).encode(), b"", 0)
        if job.name == WIN_PING:
            return _json({"changed": False, "ping": "pong"})
        if job.name.startswith(CHECK_PREFIX):
            return _json({"changed": False, "facts": self._facts(job)})
        return Completed(b"", f"lab: nobody expected {job.name}\n".encode(), 1)

    async def close(self) -> None:
        """Hold nothing open."""

    def _facts(self, job: Job) -> dict[str, Any]:
        name = job.name.removeprefix(CHECK_PREFIX)
        checks = job.args["checks"] if name == "all" else [name]
        known = self._document["checks"]
        return self._document | {"checks": {check: known[check] for check in checks}}

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
        return document


def _json(answer: Mapping[str, Any]) -> Completed:
    return Completed(json.dumps(answer).encode() + b"\r\n", b"", 0)
