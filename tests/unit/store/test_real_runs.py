# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run really sealed is what the index holds; the other tests write their evidence alone."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.evidence_index import (
    latest_checks,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.indexing import Counts
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ingest import ingest
from unit.evidence.runs import Clinic


@pytest.fixture
def clinic(tmp_path) -> Clinic:
    return Clinic(tmp_path)


def test_the_runs_of_a_site_are_indexed_as_they_are_sealed(database, clinic):
    trusted, found = clinic.key().trusted, []
    for verdicts in ({"dc01": "FAIL", "fs01": "PASS"}, {"dc01": "PASS"}):
        clinic.run(**verdicts)
        clinic.now += timedelta(hours=1)
        found.append(ingest(database, clinic.directory, trusted, lambda: clinic.now).added)

    assert found == [Counts(runs=1, bundles=2), Counts(runs=1, bundles=1)]
    with database.reading() as session:
        assert [
            (item.host_id, item.check_id, item.status)
            for item in latest_checks(session, "clinic-001")
        ] == [("dc01", "firewall", "PASS"), ("fs01", "firewall", "PASS")]
