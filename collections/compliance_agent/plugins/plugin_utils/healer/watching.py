# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the healer leaves open, as the controller hears it, and what comes of that.

No task can tell it: Ansible ends a run as soon as every host of a play is lost, and under --limit
no play reaches the controller itself. Only a run that healed needs a database, and not before its
workers are gone: what opens it is imported then.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..evidence.carrier import CHECKS_KEY
from ..evidence.repairs import KEY, AttemptRecord
from ..evidence.runstate import RunState

# In the result of the task that opens the memory: for which site, and with which rules.
OPENED = "healer_opened"


@dataclass(slots=True)
class Watch:
    """Hears the results of one run; *opened* is None in a run that heals nothing."""

    opened: Mapping[str, str] | None = None
    _answered: set[str] = field(default_factory=set)
    _lost: set[str] = field(default_factory=set)

    def hear(self, host: str, result: Mapping[str, Any], *, is_unreachable: bool) -> None:
        """Take up one result of *host*."""
        if is_unreachable:
            self._lost.add(host)
        elif CHECKS_KEY in result:
            self._answered.add(host)
        if isinstance(opened := result.get(OPENED), Mapping):
            self.opened = opened

    def left_undone(self, state: RunState, clock: Clock) -> dict[str, list[dict[str, str]]]:
        """Close the run; return what it left undone as the result of a task says it.

        Raises ComplianceError for a memory or rules that cannot be used any more.
        """
        if self.opened is None:
            return {}
        from .closing import left_by_run  # noqa: PLC0415 - as the docstring of this module says

        return {KEY: left_by_run(state, self.opened, (self.unreachable, self.cut_off), clock)}

    @property
    def unreachable(self) -> set[str]:
        """The hosts that have answered nothing."""
        return self._lost - self._answered

    @property
    def cut_off(self) -> set[str]:
        """The hosts that answered first, and then no more; some are back since."""
        return self._lost & self._answered


def note_run(state: RunState, healed: Collection[tuple[AttemptRecord, str]], now: datetime) -> None:
    """Tell the memory of the healer which bundles prove what it did; raises ComplianceError."""
    if not healed:
        return
    from .healer import default_database_url  # noqa: PLC0415 - as the docstring of this module says
    from .sealed import note_sealed  # noqa: PLC0415 - as the docstring of this module says

    note_sealed(default_database_url(Path(state.evidence_dir)), healed, now)
