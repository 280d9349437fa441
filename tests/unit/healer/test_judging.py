# SPDX-License-Identifier: GPL-3.0-or-later
"""What the healer makes of a check that was made again after a repair."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.acting import Acting
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    AttemptState,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    IncidentKey,
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import Phase
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    ResolutionLevel,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.attempt_plans import Plan
from unit.healer.site import HOST, SITE, check_of, opened
from unit.healing.planner.cases import NOW

LATER = NOW + timedelta(minutes=5)


def rechecking(healer, check, code, runbook_id):
    """Return the id of an attempt to mend *code* that has come to its re-check."""
    verdict = Verdict.of(SITE, HOST, check_of(check, f"{code}!"), Sight("heal-1", NOW))
    healer.incidents.record([verdict])
    [incident] = healer.incidents.to_heal(SITE)
    plan = Plan(
        incident_id=incident.incident_id,
        tier=ResolutionLevel.L1,
        requested_by="rule:L1-TEST-001",
        runbook_id=runbook_id,
        parameters={},
        claims=frozenset({code}),
        can_roll_back=True,
        run_id="heal-1",
    )
    attempt = healer.attempts.plan(plan, NOW)
    for state in (AttemptState.CLAIMED, AttemptState.CHECKED):
        attempt = healer.attempts.advance(attempt, state, NOW)
    attempt = healer.attempts.begin(attempt, Phase.STEP, NOW, 1)
    for state in (AttemptState.VALIDATING, AttemptState.RECHECKING):
        attempt = healer.attempts.advance(attempt, state, NOW)
    assert attempt.key == IncidentKey(SITE, HOST, check)
    return attempt.attempt_id


@pytest.mark.parametrize(
    ("check", "repair", "after", "outcome"),
    [
        pytest.param(CheckId.LOGGING, ("eventlog_service_down", "RB-WIN-LOG-003"),
                     "log_too_small! log_gap!", "partial", id="a-log-service-that-was-down"),
        pytest.param(CheckId.ENCRYPTION, ("no_recovery_password", "RB-WIN-ENC-002"),
                     "escrow_unverified~", "partial", id="a-password-that-is-there-now"),
        pytest.param(CheckId.PATCHING, ("search_failed", "RB-WIN-PATCH-002"),
                     "critical_update_overdue!", "partial", id="a-search-that-works-again"),
        pytest.param(CheckId.PATCHING, ("search_failed", "RB-WIN-PATCH-002"),
                     "search_failed? critical_update_overdue!", "failure", id="fails-still"),
        pytest.param(CheckId.PATCHING, ("search_failed", "RB-WIN-PATCH-002"),
                     "probe_denied?", "failure", id="not-read-so-not-proven"),
        pytest.param(CheckId.LOGGING, ("eventlog_service_down", "RB-WIN-LOG-003"),
                     "eventlog_service_down! log_gap!", "failure", id="not-mended"),
        pytest.param(CheckId.LOGGING, ("script_block_logging_off", "RB-WIN-LOG-005"),
                     "log_too_small!", "failure", id="a-repair-that-reveals-nothing"),
    ],
)  # fmt: skip
def test_findings_that_a_repair_revealed_are_no_harm(check, repair, after, outcome, tmp_path):
    with opened(tmp_path) as healer:
        attempt_id = rechecking(healer, check, *repair)

        judged = Acting(healer, lambda: LATER).judge(
            attempt_id, check_of(check, after), is_domain_member=False
        )

        assert judged == outcome
