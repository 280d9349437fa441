# SPDX-License-Identifier: GPL-3.0-or-later
"""Which thresholds a site may set for the logging check, and what the collector learns of them."""

from datetime import UTC, datetime

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.logging import (
    ChangeTicket,
)
from unit.checks.logging_documents import POLICY, TICKET, policy

REFUSED = [
    pytest.param({"max_quiet_minutes_server": 119}, id="shorter-than-the-facts-resolve"),
    pytest.param({"retention_modes": ["retain"]}, id="a-log-that-stops"),
    pytest.param({"security_log_fail_below_kb": 196609}, id="fails-above-the-required-size"),
    pytest.param({"required_logs": ["Unknown"]}, id="a-log-without-a-size"),
    pytest.param(
        {"log_clear_tickets": [TICKET | {"closes_at": "2025-11-04T05:00:00Z"}]}, id="back"
    ),
    pytest.param({"min_span_days": 0}, id="no-span"),
    pytest.param({"min_spam_days": 7}, id="unknown-key"),
]


@pytest.mark.parametrize("override", REFUSED)
def test_a_policy_that_makes_no_sense_is_refused(override):
    with pytest.raises(PolicyInvalid):
        policy(**override)


def test_the_policy_tells_the_collector_names_and_no_limits():
    options = POLICY.collector_options()

    assert sorted(options) == ["logs", "services"]
    assert options["logs"][0] == "Security"
    assert "WazuhSvc" in options["services"]


def test_a_ticket_is_text_in_the_evidence():
    ticket = ChangeTicket(
        reference="CHG-1",
        opens_at=datetime(2025, 11, 4, 6, tzinfo=UTC),
        closes_at=datetime(2025, 11, 4, 7, tzinfo=UTC),
    )

    assert ticket.model_dump(mode="json")["opens_at"] == "2025-11-04T06:00:00Z"
