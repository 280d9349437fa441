# SPDX-License-Identifier: GPL-3.0-or-later
"""Renew the fact document of these tests; needs PowerShell (LAB_PWSH or pwsh on PATH).

PYTHONPATH=collections:tests python -m integration.connection.record

It is that of a healthy Server 2022 at the instant of the lab's reference, all six checks.
"""

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from integration.connection.facts_backend import DOCUMENT
from lab.collecting import collector_options
from lab.engine import Engine
from lab.estate import Estate, LabHost
from lab.powershell import EngineSettings
from lab.recordings import Recorder, check_tasks
from lab.windows.states import REFERENCE, Clock, build_states, write_state

WINDOWS = "healthy-2022-member"


def main() -> int:
    """Run check_all once on the simulated host and keep what it answered."""
    settings = EngineSettings.from_environment()
    with TemporaryDirectory(prefix="lab-record-") as folder:
        state = Path(folder) / f"{WINDOWS}.json"
        write_state(build_states(Clock("frozen"))[WINDOWS], state)
        host = LabHost(WINDOWS, "127.0.0.1", state=state)
        engine = Engine(Estate((host,), {}), settings)
        everything = check_tasks(collector_options())[:1]
        instant = REFERENCE.strftime("%Y-%m-%dT%H:%M:%SZ")
        facts = asyncio.run(_facts(Recorder(engine, everything, ("login",), instant), host))
    text = json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False)
    DOCUMENT.write_text(text + "\n", encoding="utf-8")
    return 0


async def _facts(recorder: Recorder, host: LabHost) -> dict[str, Any]:
    try:
        (answer,) = await recorder.answers(host)
    finally:
        await recorder.engine.close()
    facts: dict[str, Any] = answer.answer["facts"]
    return facts


if __name__ == "__main__":
    sys.exit(main())
