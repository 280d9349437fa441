# SPDX-License-Identifier: GPL-3.0-or-later
"""Seal the runs that were killed: journals without a living writer, and seals that a crash cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .heard import read_heard
from .journal import is_running, set_aside
from .seal import SealedRun, seal, sealing, settle
from .sealer import Sealer
from .site import SiteDirectory
from .statements import is_statement_unfinished


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found.

    *sealed* are killed runs that have their evidence now, *finished* the ids of runs whose seal
    was cut; *running* are in use; *set_aside* held nothing that could be sealed, and are kept as
    ``journal/<run_id>.damaged``.
    """

    sealed: tuple[SealedRun, ...]
    finished: tuple[str, ...]
    running: tuple[str, ...]
    set_aside: tuple[str, ...]

    def sentences(self) -> list[str]:
        """Return what a person should know, one sentence each; none where nothing was found."""
        return [
            *(_describe(run) for run in self.sealed),
            *(
                f"Run {run_id}: its seal was cut off, and is finished now."
                for run_id in self.finished
            ),
            *(f"Run {run_id} is still running; left alone." for run_id in self.running),
            *(
                f"Run {run_id} left a journal that cannot be sealed; kept as {run_id}.damaged."
                for run_id in self.set_aside
            ),
        ]


def recover(sealer: Sealer) -> Recovery:
    """Seal every dead journal of the site; raises SealFailed and what is wrong with the site."""
    site = sealer.site
    sealed: list[SealedRun] = []
    running: list[str] = []
    left: list[str] = []
    with sealing(site, "recovering interrupted runs"):
        finished = settle(site, sealer.key)
        for journal in _journals(site):
            if is_running(journal):
                running.append(journal.stem)
            elif read_heard(journal, sealer.carrier(journal)).due():
                sealed.append(seal(journal, sealer))
            else:
                set_aside(journal)
                left.append(journal.stem)
    return Recovery(tuple(sealed), tuple(finished), tuple(running), tuple(left))


def needs_recovery(site: SiteDirectory) -> bool:
    """Return whether there is something to look at; cheap, and needs no lock."""
    cut_off = (site.path / ".sealing").glob("*")
    return any(_journals(site)) or any(cut_off) or is_statement_unfinished(site)


def _journals(site: SiteDirectory) -> Iterator[Path]:
    return iter(sorted(site.journals.glob("*.jsonl")))


def _describe(run: SealedRun) -> str:
    statement = run.statement
    lost = statement.journal.lost_bytes
    torn = f" A torn line of {lost} bytes was lost." if lost else ""
    damaged = statement.journal.damaged_at_line
    broken = f" Its journal is damaged from line {damaged} on." if damaged else ""
    return (
        f"Run {statement.run_id} was {statement.status.value}; sealed now: {statement.obtained} of "
        f"{statement.bundles.count} checks have a verdict.{torn}{broken}"
    )
