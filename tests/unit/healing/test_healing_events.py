# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages are those of the contract, member by member."""

import json

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.events import (
    healing_completed,
    incident_created,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import Outcome
from unit.healing.remembered import at, attempt, incident


def test_incident_created_is_the_contracts_message():
    message = incident_created(incident(incident_id="0b6c"), at(0))

    assert json.dumps(message.to_dict()) == (
        '{"event_type": "incident.created", "timestamp": "2026-03-02T12:00:00Z", "payload": '
        '{"incident_id": "0b6c", "site_id": "clinic-001", "host_id": "dc01", '
        '"check_type": "firewall", "severity": "HIGH"}}'
    )


def test_healing_completed_is_the_contracts_message():
    message = healing_completed(attempt(), Outcome.PARTIAL, "EB-20260302-000001", at(4))

    assert json.dumps(message.to_dict()) == (
        '{"event_type": "healing.completed", "timestamp": "2026-03-02T12:04:00Z", "payload": '
        '{"incident_id": "incident-1", "resolution_level": 1, "runbook_id": "RB-WIN-FW-001", '
        '"outcome": "partial", "evidence_bundle_id": "EB-20260302-000001"}}'
    )
