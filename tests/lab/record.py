# SPDX-License-Identifier: GPL-3.0-or-later
"""Record an estate: what every check answers, and what the hosts of the demo answer in repair.

1. Each host is asked everything that a check can ask, as it stands, and what the preflight asks.
2. Real Ansible runs playbooks/heal.yml on the inventory of the lab; the engine answers, and what
   was asked is kept: exactly what a replay will be asked.
3. Each host that was repaired is asked both once more.
"""

import asyncio
from pathlib import Path

from lab.addresses import WINRM_PORTS
from lab.engine import Engine
from lab.estate import Estate, EstatePlan
from lab.hoststates import write_estate
from lab.payload import raw_job
from lab.playbooks import EXPECTED_EXITS, HEAL, ROOT, Places, command_line, executable
from lab.powershell import EngineSettings
from lab.recording_backend import RecordingBackend
from lab.recordings import (
    RECORDINGS,
    Recorder,
    RecordingFailed,
    check_tasks,
    save_recording,
)
from lab.server import LabServer
from lab.windows.states import REFERENCE, Clock

_LAST_LINES = 30


async def record_estate(
    plan: EstatePlan, folder: Path, *, heals: bool, into: Path = RECORDINGS
) -> None:
    """Record the hosts of *plan* into *into*; *folder* is for what is needed on the way only.

    Raises RecordingFailed. With *heals* the estate must be the one of inventories/lab.
    """
    # Only recording needs the collection's policy, and with it the collection on sys.path.
    from lab.collecting import PREFLIGHT_PROBE, collector_options  # noqa: PLC0415

    engine = Engine(
        estate := write_estate(plan, folder, Clock("frozen")), EngineSettings.from_environment()
    )
    instant = REFERENCE.strftime("%Y-%m-%dT%H:%M:%SZ")
    tasks = check_tasks(collector_options())
    recorder = Recorder(engine, tasks, plan.run_as, instant, raw=(PREFLIGHT_PROBE,))
    try:
        answers = await recorder.record_all(estate)
        if heals:
            backend = RecordingBackend(engine, estate, answers)
            await _heal(
                estate,
                backend,
                Places(folder / "evidence", folder / "lab.key", folder / "healer.sqlite"),
            )
            await backend.check_again(raw_job(PREFLIGHT_PROBE))
            answers = backend.answers
    finally:
        await engine.close()
    for name, kept in answers.items():
        save_recording(into / f"{name}.json", kept)


async def _heal(estate: Estate, backend: RecordingBackend, places: Places) -> None:
    server = LabServer(estate, backend, http_port=WINRM_PORTS[0], https_port=None)
    await server.start()
    try:
        process = await asyncio.create_subprocess_exec(
            *executable(command_line(HEAL)),
            cwd=ROOT,
            env=places.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        screen, _ = await process.communicate()
    finally:
        await server.stop()
    if process.returncode not in EXPECTED_EXITS:
        said = "\n".join(screen.decode(errors="replace").splitlines()[-_LAST_LINES:])
        raise RecordingFailed(f"{HEAL} ended with {process.returncode}:\n{said}")
