# SPDX-License-Identifier: GPL-3.0-or-later
"""Advance the lab clock and run what became due: reboots, group policy, jobs, scheduled tasks."""

import os
import subprocess
from datetime import timedelta
from pathlib import Path, PureWindowsPath

from .command_line import split_windows
from .policy import gpo_refresh
from .progress import progress
from .reboot import reboot_complete, settle
from .registry_values import State
from .winlab import edit, iso, load, now, parse

HERE = Path(__file__).resolve().parent


def due_tasks(s: State) -> list[str]:
    t = now(s)
    out = []
    for p, k in s["tasks"].items():
        if k.get("State") == "Disabled":
            continue
        if k.pop("run_now", False):
            out.append(p)
            continue
        for g in k.get("Triggers") or []:
            b = g.get("StartBoundary")
            if g.get("Type") in ("Once", "Time") and b and not g.get("fired") and parse(b) <= t:
                g["fired"] = True
                out.append(p)
                break
    return out


def run_task(p: str) -> None:
    s = load()
    k = s["tasks"].get(p)
    if not k:
        return
    uid = (k.get("Principal") or {}).get("UserId", "").upper()
    env = dict(
        os.environ,
        LAB_TOKEN="system"
        if uid in ("SYSTEM", "S-1-5-18", "NT AUTHORITY\\SYSTEM", "LOCALSYSTEM")
        else "batch",
        PATH=str(HERE) + os.pathsep + os.environ.get("PATH", ""),
    )
    rc = 0
    for a in k.get("Actions") or []:
        exe = PureWindowsPath((a.get("Execute") or "").strip('"')).name
        low = exe.lower() if exe.lower().endswith((".exe", ".com")) else exe.lower() + ".exe"
        tool = HERE / low
        if not tool.exists():
            rc = 2147942402
            continue
        args = split_windows(a.get("Arguments") or "")
        try:
            rc = subprocess.run(
                [tool, *args],
                check=False,
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=300,
            ).returncode
        except (OSError, subprocess.TimeoutExpired):
            rc = 267014
    with edit() as s:
        k = s["tasks"].get(p)
        if k:
            k.update(LastRunTime=iso(now(s)), LastTaskResult=rc, State="Ready")
        s.setdefault("log", []).append(
            {
                "utc": iso(now(s)),
                "cmdlet": "TaskScheduler.Run",
                "arguments": {"task": p, "result": rc},
            }
        )


def tick(minutes: float) -> list[str]:
    """Advance the clock by *minutes*; return the paths of the tasks that ran."""
    with edit() as s:
        c = s.setdefault("clock", {"mode": "running", "offset_seconds": 0})
        if c.get("mode") == "frozen":
            c["utc"] = iso(parse(c["utc"]) + timedelta(minutes=minutes))
        else:
            c["offset_seconds"] = c.get("offset_seconds", 0) + minutes * 60
        if s["reboot"].get("phase") == "down" and parse(s["reboot"]["up_at"]) <= now(s):
            reboot_complete(s)
        settle(s)
        g = s.get("gpo") or {}
        if g.get("registry") or g.get("audit") or g.get("services"):
            last = g.get("last_refresh")
            if not last:
                g["last_refresh"] = iso(now(s) - timedelta(minutes=minutes))
                last = g["last_refresh"]
            if now(s) - parse(last) >= timedelta(minutes=g.get("refresh_minutes", 120)):
                gpo_refresh(s)
        progress(s, minutes)
        todo = due_tasks(s)
    for p in todo:
        run_task(p)
    return todo
