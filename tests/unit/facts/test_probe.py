# SPDX-License-Identifier: GPL-3.0-or-later
"""How facts pass the border: what cannot be used is unread, and never stops the other probes."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import FactsMalformed
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.firewall import (
    FirewallFacts,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.probe import (
    ProbeState,
    parse_document,
)
from unit.checks.documents import document, list_of, probe

SERVICE = {"name": "BFE", "exists": True, "state": "Running", "start_mode": "Auto", "exit_code": 0}
PROBES = [
    pytest.param(probe(list_of(SERVICE)), ProbeState.OK, id="as-collected"),
    pytest.param(probe({"count": 2, "items": [SERVICE]}), ProbeState.MALFORMED, id="item-lost"),
    pytest.param(probe({"count": 1, "items": SERVICE}), ProbeState.MALFORMED, id="list-unrolled"),
    pytest.param(
        probe(list_of(SERVICE | {"exists": "yes"})), ProbeState.MALFORMED, id="text-for-boolean"
    ),
    pytest.param(probe(list_of({"name": "BFE"})), ProbeState.MALFORMED, id="field-missing"),
    pytest.param(probe(None), ProbeState.MALFORMED, id="ok-without-value"),
    pytest.param(
        probe(list_of(SERVICE), state="denied"), ProbeState.MALFORMED, id="denied-with-value"
    ),
    pytest.param(probe(state="denied"), ProbeState.DENIED, id="denied"),
    pytest.param(probe(state="wonderful"), ProbeState.MALFORMED, id="unknown-state"),
    pytest.param("garbage", ProbeState.MALFORMED, id="no-probe-at-all"),
    pytest.param([], ProbeState.MALFORMED, id="list-instead"),
    pytest.param(None, ProbeState.MALFORMED, id="null-instead"),
    pytest.param({}, ProbeState.MISSING, id="nothing-in-it"),
    pytest.param({"value": list_of(SERVICE)}, ProbeState.MALFORMED, id="value-without-state"),
    pytest.param(
        probe(list_of(SERVICE)) | {"elapsed_ms": "3"}, ProbeState.MALFORMED, id="text-for-number"
    ),
    pytest.param(probe(list_of(SERVICE)) | {"hresult": 5}, ProbeState.MALFORMED, id="bad-hresult"),
]


@pytest.mark.parametrize(("services", "state"), PROBES)
def test_a_probe_is_what_it_proves_to_be(services, state):
    state_of_others = {"products": probe(list_of()), "services": services}

    facts = FirewallFacts.parse(document("firewall", state_of_others))

    assert (facts.services.state, facts.products.state) == (state, ProbeState.OK)


def test_a_probe_that_was_not_sent_is_missing():
    assert FirewallFacts.parse(document("firewall", {})).services.state is ProbeState.MISSING


def test_fields_of_a_newer_collector_are_ignored():
    newer = probe(list_of(SERVICE | {"colour": "blue"}))

    assert FirewallFacts.parse(document("firewall", {"services": newer})).services.is_ok


DOCUMENTS = [
    pytest.param(None, id="nothing"),
    pytest.param({}, id="empty"),
    pytest.param("facts", id="text"),
    pytest.param({"schema_version": 2, "host": {}, "checks": {}}, id="another-release"),
    pytest.param(
        {"schema_version": 1, "collected_at": "yesterday", "host": {}, "checks": {}}, id="no-time"
    ),
    pytest.param(
        {"schema_version": 1, "collected_at": "2025-11-04T09:00:00", "host": {}, "checks": {}},
        id="time-without-zone",
    ),
    pytest.param({"schema_version": 1, "host": {1}, "checks": {}}, id="not-json"),
]


@pytest.mark.parametrize("raw", DOCUMENTS)
def test_what_is_no_fact_document_is_refused(raw):
    with pytest.raises(FactsMalformed, match="same collection release"):
        parse_document(raw)
