# SPDX-License-Identifier: GPL-3.0-or-later
"""The state document: load, lock, save, clock, event records."""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .reachability import update_reachability
from .registry_values import State


def path() -> Path:
    """Return the state document of this process; KeyError without LAB_STATE."""
    return Path(os.environ["LAB_STATE"])


def load() -> State:
    state: State = json.loads(path().read_text(encoding="utf-8"))
    return state


def save(s: State) -> None:
    """Write the document in one step; the caller holds the lock."""
    update_reachability(s)
    fd, draft = tempfile.mkstemp(prefix=path().name + ".tmp", dir=path().parent)
    with os.fdopen(fd, "w", encoding="utf-8") as f:
        json.dump(s, f, indent=1, ensure_ascii=False)
    Path(draft).replace(path())


@contextlib.contextmanager
def edit(tool: str | None = None, args: object = None) -> Iterator[State]:
    """Lock, load, yield the state, save; with a tool name the call is logged."""
    with Path(f"{path()}.lock").open("a+") as lk:
        fcntl.flock(lk, fcntl.LOCK_EX)
        s = load()
        yield s
        if tool:
            s.setdefault("log", []).append({"utc": iso(now(s)), "cmdlet": tool, "arguments": args})
        save(s)


def parse(t: str) -> datetime:
    """Read an instant; without Z or offset it is local time."""
    instant = datetime.fromisoformat(t)
    return instant if instant.tzinfo else instant.astimezone()


def iso(d: datetime) -> str:
    return d.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(d: datetime) -> str:
    return d.astimezone().strftime("%Y-%m-%dT%H:%M:%S")


def now(s: State) -> datetime:
    c = s.get("clock") or {}
    if c.get("mode") == "frozen":
        return parse(c["utc"])
    return datetime.now(UTC) + timedelta(seconds=c.get("offset_seconds", 0))


def filetime(d: datetime) -> int:
    return int((d.timestamp() + 11644473600) * 10_000_000)


def event(s: State, log: str, provider: str, eid: int, level: int, data: object) -> None:  # noqa: PLR0913, PLR0917  an event has as many
    ch = s["eventlogs"].get(log)
    if ch is not None:
        ch.setdefault("records", []).append(
            {
                "TimeCreated": iso(now(s)),
                "ProviderName": provider,
                "Id": eid,
                "Level": level,
                "Data": data,
            }
        )
