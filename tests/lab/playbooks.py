# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lab runs a playbook on its own inventory: as a user would, with folders of its own."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = "inventories/lab"
HEAL = "playbooks/heal.yml"
# ansible-playbook: 0 all well, 4 a host was unreachable.
EXPECTED_EXITS = frozenset({0, 4})


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run of the lab keeps what it makes, apart from all that is of a real site."""

    evidence: Path
    key: Path  # "….key"; what belongs to it lies beside it
    database: Path  # the healer's memory

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the environment of a playbook that uses these places."""
        return {
            **base,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            # Most tasks of a repair do not concern most hosts: show those that do.
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "HIPAA_EVIDENCE_DIR": str(self.evidence),
            "HIPAA_SIGNING_KEY_FILE": str(self.key),
            "HIPAA_PSEUDONYM_KEY_FILE": str(self.key.with_suffix(".pseudonyms")),
            "HIPAA_DATABASE_URL": f"sqlite:///{self.database}",
        }

    def forget(self) -> None:
        """Remove the healer's memory: the simulated hosts begin anew, too."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.database.with_name(self.database.name + suffix).unlink(missing_ok=True)


def command_line(playbook: str) -> list[str]:
    """Return what a user would type."""
    return ["ansible-playbook", "-i", INVENTORY, playbook]


def executable(command: list[str]) -> list[str]:
    """Return *command* with the program that lies beside this Python."""
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]
