# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep which runs are dead on the word of a person, where their process cannot be seen from here.

Who calls these holds the site (`gate_lock`).
"""

from datetime import datetime

from sqlalchemy.orm import Session

from ..errors import ComplianceError
from .gate_claims import identity_of, rows_of_run
from .gate_tables import DeadRunRow
from .run_identity import RunIdentity, is_alive


class RunAlive(ComplianceError):
    """The run still lives, or nobody here can know; its hosts are its own."""

    code = "run_alive"


class RunUnknown(ComplianceError):
    """No run of this name holds a host of the site."""

    code = "run_unknown"


def refuse_living(session: Session, site_id: str, run: RunIdentity) -> None:
    """Return if *run* is dead: seen to be, or by the word of a person; raises RunAlive."""
    state = is_alive(run)
    if state is False:
        return
    if state is None and session.get(DeadRunRow, (site_id, run.run_id)) is not None:
        return
    what = "lives" if state else "cannot be seen from here"
    raise RunAlive(
        f"the process of the run {run.run_id} {what}",
        value=f"process {run.pid} on {run.machine}",
        remedy="Let it finish. If it cannot be seen, make sure that it is dead, and declare that: "
        "flask --app webui healing dead.",
    )


def note_death(session: Session, site_id: str, run_id: str, by: str, now: datetime) -> int:
    """Keep that *by* knows *run_id* to be dead; return how many hosts it holds.

    Saying so again changes nothing. Raises RunUnknown, and RunAlive for one that is seen to live.
    """
    rows = rows_of_run(session, site_id, run_id)
    if not rows:
        raise RunUnknown(
            f"no run of this name holds a host of {site_id}",
            value=run_id,
            remedy="flask --app webui healing waiting names the runs that hold hosts.",
        )
    for row in rows:
        if is_alive(identity_of(row)):
            refuse_living(session, site_id, identity_of(row))
    if session.get(DeadRunRow, (site_id, run_id)) is None:
        session.add(DeadRunRow(site_id=site_id, run_id=run_id, declared_by=by, declared_at=now))
        session.flush()
    return len(rows)
