# SPDX-License-Identifier: GPL-3.0-or-later
"""When a host's clock makes its evidence doubtful."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.clock_skew import (
    judge_clock,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
    ComplianceCheck,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import Policy
from unit.checks.documents import NOW

POLICY = Policy(
    hipaa_controls=("164.312(b)",), clock_skew_warn_seconds=300, clock_skew_error_seconds=86400
)
# Seconds from the host's stamp to our question and to its answer.
CLOCKS = [
    pytest.param(0, 2, "PASS", id="same-clock"),
    pytest.param(-900, 5, "PASS", id="a-long-search-is-no-skew"),
    pytest.param(300, 310, "PASS", id="five-minutes-slow"),
    pytest.param(301, 310, "WARNING", id="slower"),
    pytest.param(-900, -301, "WARNING", id="fast"),
    pytest.param(86400, 86410, "WARNING", id="a-day"),
    pytest.param(86401, 86410, "ERROR", id="more-than-a-day"),
]


def check(status):
    return ComplianceCheck(
        check_id=CheckId.LOGGING,
        status=CheckStatus(status),
        message=status,
        timestamp=NOW,
        hipaa_controls=("164.312(b)",),
        details={"findings": [], "reason_code": "ok"},
        remediation_available=False,
    )


@pytest.mark.parametrize(("asked", "answered", "status"), CLOCKS)
def test_the_stamp_must_lie_between_question_and_answer(asked, answered, status):
    asked_at, answered_at = NOW + timedelta(seconds=asked), NOW + timedelta(seconds=answered)

    assert judge_clock(check("PASS"), POLICY, asked_at, answered_at).status == status


def test_a_wrong_clock_is_the_reason_that_a_person_reads():
    later = NOW + timedelta(days=9)

    judged = judge_clock(check("PASS"), POLICY, later, later)

    assert judged.details["reason_code"] == "clock_skew"
    assert judged.message == "ERROR: the clock of the host differs from the controller's"
