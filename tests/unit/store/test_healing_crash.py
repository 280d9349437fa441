# SPDX-License-Identifier: GPL-3.0-or-later
"""A healer that is killed anywhere: the next run looks afresh, and no step is ever done twice."""

import multiprocessing
import os
import signal
from collections import Counter
from itertools import count

import pytest
from sqlalchemy import event

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import IncidentStatus
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.schema import Base
from unit.healing.remembered import KEY, at
from unit.store.memory import Healer, Host, Memory
from unit.store.test_crash import Crash

FORWARD = (
    "plan", "claim", "check", "before 1", "begun 1", "done 1", "before 2", "begun 2", "done 2",
    "validate", "recheck", "looked",
)  # fmt: skip
BACK = (
    "roll back", "undo 2", "undoing 2", "undone 2", "undo 1", "undoing 1", "undone 1",
    "rolled back",
)  # fmt: skip
# Where the host was as good as mended when the run was killed: the next one finds it so.
MENDED = {"done 2", "validate", "recheck", "looked"}


class Stubborn(Host):
    """A host on which the steps do what they say, and the check fails all the same."""

    @property
    def is_mended(self) -> bool:
        return False


def healer(database, host, number: int, **parts) -> Healer:
    minutes = number * 10
    memory = Memory(database, start=number * 100)
    return Healer(memory, host, f"heal-{number}", at(minutes), minutes, **parts)


def run_and_die(url: str, host: Host, number: int, where: str) -> None:
    """Heal as run *number* in a process of its own, killed by the kernel at the point *where*."""

    def die(here: str) -> None:
        if here == where:
            os.kill(os.getpid(), signal.SIGKILL)

    database = open_database(url)
    healer(database, host, number, between=die).run()
    database.close()


def killed(url: str, host: Host, number: int, where: str) -> bool:
    """Return whether run *number* came to the point *where*, and was killed there."""
    process = multiprocessing.get_context("fork").Process(
        target=run_and_die, args=(url, host, number, where)
    )
    process.start()
    process.join(timeout=60)
    return process.exitcode == -signal.SIGKILL


def heal(url: str, host: Host, number: int) -> None:
    database = open_database(url)
    healer(database, host, number).run()
    database.close()


def done_twice(host: Host) -> list[tuple[str, str, int]]:
    """Return the steps of an attempt that were done to the host more than once."""
    counted = Counter(tuple(item) for item in host.state()["log"])
    return [item for item, times in counted.items() if times > 1 and item[1] == "step"]


@pytest.fixture
def opened(new_url) -> str:
    url = new_url("sqlite")
    database = prepare_database(url)
    Memory(database).opened()
    database.close()
    return url


@pytest.mark.parametrize("where", FORWARD)
def test_a_repair_that_was_killed_is_finished_or_undone_and_never_repeated(opened, tmp_path, where):
    host = Host(tmp_path / "host.json")

    assert killed(opened, host, 1, where)
    heal(opened, host, 2)

    database = open_database(opened)
    memory = Memory(database)
    kept = memory.incidents.newest()[0]
    assert memory.attempts.unfinished("clinic-001") == []
    if where in MENDED or where == "plan":
        assert (kept.status, host.is_mended) == (IncidentStatus.RESOLVED, True)
    else:
        assert (kept.status, host.is_untouched) == (IncidentStatus.OPEN, True)
    database.close()

    heal(opened, host, 3)

    database = open_database(opened)
    assert Memory(database).incidents.newest()[0].status is IncidentStatus.RESOLVED
    assert host.is_mended
    assert done_twice(host) == []
    database.close()


@pytest.mark.parametrize("where", BACK)
def test_a_rollback_that_was_killed_is_gone_on_with(opened, tmp_path, where):
    host = Stubborn(tmp_path / "host.json")

    assert killed(opened, host, 1, where)
    heal(opened, host, 2)

    database = open_database(opened)
    memory = Memory(database)
    (past,) = memory.attempts.history(KEY)
    assert host.is_untouched
    assert done_twice(host) == []
    assert (past.outcome, past.reason) == ("failure", "not_mended")
    assert memory.incidents.newest()[0].status is IncidentStatus.OPEN
    assert memory.attempts.unfinished("clinic-001") == []
    database.close()


@pytest.mark.parametrize("first", ["done 1", "begun 2", "undo 1"])
@pytest.mark.parametrize("second", ["recheck", "roll back", "undoing 1", "rolled back"])
def test_a_run_that_goes_on_may_be_killed_as_well(opened, tmp_path, first, second):
    host = Stubborn(tmp_path / "host.json")

    assert killed(opened, host, 1, first)
    killed(opened, host, 2, second)
    heal(opened, host, 3)

    database = open_database(opened)
    assert host.is_untouched
    assert done_twice(host) == []
    assert Memory(database).attempts.unfinished("clinic-001") == []
    assert Memory(database).incidents.newest()[0].status is IncidentStatus.OPEN
    database.close()


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_commit_that_never_came_counts_as_not_done(engine, new_url, tmp_path):
    """Each run dies at one commit later, until one gets through: then everything is in order."""
    url = new_url(engine)
    prepare_database(url).close()
    for number in count(1):
        fresh = open_database(url)
        host = Host(tmp_path / f"host{number}.json")
        memory = Memory(fresh, start=number * 1000)
        _forget_all(fresh)
        memory.opened()
        fresh.close()

        dying = open_database(url)
        commits = count(1)

        def die(_connection, commits=commits, number=number) -> None:
            if next(commits) == number:
                raise Crash("commit")

        event.listen(dying.engine, "commit", die)
        try:
            healer(dying, host, number * 10 + 1).run()
            is_through = True
        except Crash:
            is_through = False
        dying.close()

        for later in (2, 3):
            heal(url, host, number * 10 + later)
        after = open_database(url)
        assert host.is_mended
        assert done_twice(host) == []
        assert Memory(after).incidents.newest()[0].status is IncidentStatus.RESOLVED
        after.close()
        if is_through:
            break
    assert number > 10


def _forget_all(database) -> None:
    with database.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
