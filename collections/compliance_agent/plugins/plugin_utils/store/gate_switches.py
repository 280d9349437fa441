# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill switches: one in the database for each site and for all, and one that is a file."""

import os
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..healing.gate import KillSwitch
from .gate_tables import ALL_SITES, KillSwitchRow


def file_switch(path: str | None) -> KillSwitch | None:
    """Return the switch that the file *path* is, or None while it is off.

    It is off only where the directory says that there is no such file. What cannot be looked at,
    such as a directory on a share that is gone, counts as on.
    """
    if path is None:
        return None
    file = Path(path)
    try:
        os.lstat(file)
    except FileNotFoundError:
        if file.parent.is_dir():
            return None
        return KillSwitch(f"the directory of the file {path} is not there", None)
    except OSError as error:
        return KillSwitch(f"the file {path} cannot be looked at ({error.strerror})", None)
    return KillSwitch(f"the file {path} is there", None)


def read_switches(session: Session, site_id: str) -> list[KillSwitch]:
    """Return the switches that are on for *site_id*, the one for all sites first."""
    wanted = (
        select(KillSwitchRow)
        .where(KillSwitchRow.scope.in_([ALL_SITES, site_id]), KillSwitchRow.off_at.is_(None))
        .order_by(KillSwitchRow.scope)
    )
    return [_switch(row) for row in session.scalars(wanted)]


def switch_on(session: Session, scope: str, by: str, reason: str, now: datetime) -> KillSwitch:
    """Turn the switch of *scope* on, and return it; one that is on stays as it is."""
    wanted = select(KillSwitchRow).where(
        KillSwitchRow.scope == scope, KillSwitchRow.off_at.is_(None)
    )
    row = session.scalars(wanted).one_or_none()
    if row is None:
        row = KillSwitchRow(
            switch_id=uuid4().hex, scope=scope, on_by=by, on_at=now, reason=reason, off_by=None
        )
        session.add(row)
        session.flush()
    return _switch(row)


def switch_off(session: Session, scope: str, by: str, now: datetime) -> bool:
    """Turn the switch of *scope* off; return whether it was on."""
    done = session.scalars(
        update(KillSwitchRow)
        .where(KillSwitchRow.scope == scope, KillSwitchRow.off_at.is_(None))
        .values(off_by=by, off_at=now)
        .returning(KillSwitchRow.switch_id)
    )
    return bool(done.all())


def _switch(row: KillSwitchRow) -> KillSwitch:
    name = "all sites" if row.scope == ALL_SITES else f"site {row.scope}"
    return KillSwitch(name, row.on_at)
