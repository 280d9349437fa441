# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the lab.

python -m lab serve     start simulated hosts and leave them running until Ctrl-C
python -m lab record    record anew what checks and repairs answer (needs PowerShell)
python -m lab coverage  print which PowerShell statements ran
python -m lab states    list the states that an estate can start from
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.backend import Backend
from lab.coverage import format_coverage, read_coverage
from lab.engine import Engine
from lab.estate import ESTATES, Estate, EstateInvalid, EstatePlan, load_estate
from lab.hoststates import write_estate
from lab.powershell import EngineSettings, PowerShellMissingError
from lab.record import record_estate
from lab.recordings import RecordingFailed
from lab.replay import Replay
from lab.serve import serve
from lab.windows.states import Clock, build_states

DEMO = ESTATES / "demo.yml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what the user can mend is told in one line, with exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        with TemporaryDirectory(prefix="lab-states-") as folder:
            return int(options.run(options, Path(folder)))
    except (EstateInvalid, PowerShellMissingError, RecordingFailed, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("serve", help="start simulated hosts")
    _add_estate(command)
    command.add_argument("--backend", choices=["replay", "engine"], default="replay")
    command.add_argument("--https", action="store_true", help="listen on 5986 as well")
    command.add_argument("--ready-file", type=Path, help="written when all hosts listen")
    command.add_argument("--parent-pid", type=int, help="stop when this process is gone")
    command.set_defaults(run=_serve)
    command = commands.add_parser("record", help="record what checks and repairs answer")
    _add_estate(command)
    command.set_defaults(run=_record)
    command = commands.add_parser("coverage", help="print statement coverage")
    command.add_argument("folder", type=Path, help="what LAB_COVERAGE named")
    command.set_defaults(run=_coverage)
    command = commands.add_parser("states", help="list the states an estate can start from")
    command.set_defaults(run=_states)
    return parser


def _add_estate(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--estate",
        type=_estate_file,
        default=DEMO,
        help="a file, or the name of one in tests/lab/estates (default: demo)",
    )


def _estate_file(text: str) -> Path:
    return Path(text) if text.endswith((".yml", ".yaml")) else ESTATES / f"{text}.yml"


def _serve(options: argparse.Namespace, folder: Path) -> int:
    plan = load_estate(options.estate)
    estate, backend = _start(plan, options.backend, folder)
    asyncio.run(
        serve(
            estate,
            backend,
            is_https=options.https,
            ready_file=options.ready_file,
            parent_pid=options.parent_pid,
        )
    )
    return 0


def _start(plan: EstatePlan, backend: str, folder: Path) -> tuple[Estate, Backend]:
    if backend == "replay":
        estate = plan.recorded()
        return estate, Replay(estate)
    settings = EngineSettings.from_environment()
    estate = write_estate(plan, folder, Clock("running"))
    return estate, Engine(estate, settings)


def _record(options: argparse.Namespace, folder: Path) -> int:
    plan = load_estate(options.estate)
    asyncio.run(record_estate(plan, folder, heals=options.estate == DEMO))
    print(f"recorded {len(plan.hosts)} hosts")
    return 0


def _coverage(options: argparse.Namespace, _folder: Path) -> int:
    report = read_coverage(options.folder)
    if not report:
        print(f"lab: {options.folder} holds no coverage. Run with LAB_COVERAGE.", file=sys.stderr)
        return 2
    print(format_coverage(report))
    return 0


def _states(_options: argparse.Namespace, _folder: Path) -> int:
    print("\n".join(sorted(build_states(Clock("frozen")))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
