# SPDX-License-Identifier: GPL-3.0-or-later
"""What the callback of this run tells the action plugins of this run.

Ansible forks its workers after it has loaded the callbacks, so a worker inherits this module with
what the controller wrote here; nothing travels back. Standard library only: the guard reads it to
report that something else could not be imported.
"""

import os
from dataclasses import dataclass, field
from typing import Any

COLLECTION = "hipaa.compliance_agent."

NOT_LOADED = (
    "The evidence callback does not listen to this run. Set callbacks_enabled = "
    "hipaa.compliance_agent.evidence under [defaults] in ansible.cfg; Ansible ignores that file in "
    "a directory that everybody may write, and the environment overrides it."
)
NOT_IMPORTED = (
    "Evidence cannot be signed: {}. Install what requirements.txt of the collection names."
)


@dataclass(slots=True)
class HookCost:
    """What the callback cost the controller, in seconds of its CPU."""

    results: int = 0
    spent_seconds: float = 0.0
    max_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one result that took *seconds*."""
        self.results += 1
        self.spent_seconds += seconds
        self.max_seconds = max(self.max_seconds, seconds)


@dataclass(slots=True)
class Shared:
    """What the controller makes before it forks, so that no worker has to.

    *scrubber* is the ``phi.scrubber.Scrubber`` of the site, None before the guard was heard.
    """

    scrubber: Any = None


@dataclass(frozen=True, slots=True)
class RunState:
    """The settings of the callback that listens to this run, and what it shares with workers.

    *carrier_key* are 32 bytes that only the processes of this run know; see ``carrier``.
    """

    run_id: str
    site_id: str
    evidence_dir: str
    signing_key: str
    pseudonym_key: str = ""
    import_error: str = ""
    cost: HookCost = field(default_factory=HookCost)
    shared: Shared = field(default_factory=Shared)
    carrier_key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)


_announced: list[RunState] = []


def announce(state: RunState) -> None:
    """Say that a callback listens. The last one that says so is the one that counts."""
    _announced[:] = [state]


def current() -> RunState | None:
    """Return what the callback announced, or None when no callback listens to this run."""
    return _announced[0] if _announced else None
