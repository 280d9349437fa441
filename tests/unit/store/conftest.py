# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test that asks for a database runs on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import Database
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gates import Gate
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    prepare_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from unit.evidence.site_writer import SiteWriter
from unit.healing.repairs import policy, runbook
from unit.store.postgres_server import PostgresServer, running_server

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def new_url(request, tmp_path) -> Iterator[Callable[[str], str]]:
    """Return a function that gives the URL of an empty database on the named engine."""
    made = []

    def make(engine: str) -> str:
        if engine == "sqlite":
            return f"sqlite:///{tmp_path}/index{len(list(tmp_path.glob('index*')))}.sqlite3"
        server = request.getfixturevalue("postgres_server")
        made.append((server, server.new_database()))
        return made[-1][1]

    yield make
    for server, url in made:
        server.drop(url)


@pytest.fixture(params=ENGINES)
def url(request, new_url) -> str:
    return new_url(request.param)


@pytest.fixture
def database(url) -> Iterator[Database]:
    opened = prepare_database(url)
    yield opened
    opened.close()


@pytest.fixture
def site(tmp_path) -> SiteWriter:
    return SiteWriter(tmp_path / "evidence")


@pytest.fixture
def gate(database):
    """Return a function that makes a gate: its run, runbook flags and site policy are options."""

    def make(run=None, *, book=None, **site) -> Gate:
        known = runbook(**(book or {}))
        return Gate(
            database, policy(**site), {known.runbook_id: known}, run or identify_run("run-1")
        )

    return make
