# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the state documents of all hosts.

    python3 -m lab.windows.states build DIR [--clock frozen|running] [--scenarios FILE]
                                            [--locale NAME]

frozen:  the lab clock stands at 2025-11-04T09:00:00Z, the reference of scenarios.jsonl.
running: every time is shifted so that the reference instant is the moment of the build.
"""

import argparse
from pathlib import Path

from lab.windows.states.build import SCENARIOS, build_states, write_state
from lab.windows.states.clock import Clock


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line; argparse ends the program on wrong ones."""
    parser = argparse.ArgumentParser(
        prog="states", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["build"])
    parser.add_argument("dir", type=Path)
    parser.add_argument("--clock", choices=["frozen", "running"], default="frozen")
    parser.add_argument("--scenarios", type=Path, default=SCENARIOS)
    parser.add_argument("--locale", help="display language of the native tools, for example fr-FR")
    return parser.parse_args()


def main() -> None:
    """Build, set the locale where one is wanted, write."""
    arguments = parse_arguments()
    states = build_states(Clock(arguments.clock), arguments.scenarios)
    arguments.dir.mkdir(parents=True, exist_ok=True)
    for name, state in states.items():
        if arguments.locale:
            state["locale"] = arguments.locale
        write_state(state, arguments.dir / f"{name}.json")
    print(f"{len(states)} states in {arguments.dir}")


if __name__ == "__main__":
    main()
