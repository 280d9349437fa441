# SPDX-License-Identifier: GPL-3.0-or-later
"""A repair is evidence: what was seen before, what was done, what the check saw afterwards."""

import pytest
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.bundles import (
    final_state,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recorder import (
    HEALERS,
    Hook,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.repairs import (
    KEY,
    AttemptRecord,
    StepRecord,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    EvidenceBundle,
    Outcome,
    ResolutionLevel,
)
from unit.evidence.runs import (
    CHECK_ALL,
    a_check,
    a_result,
    hear_scope,
    read_bundles,
    verify_site,
)

HOST = "dc01"
BEFORE, AFTER = "2026-03-02T11:59:00Z", "2026-03-02T12:03:00Z"
INCIDENT, ATTEMPT = "5f0c0c62-2a54-4a0e-8b5b-07b1f5a7d0aa", "0d4dc5f9-8b6f-4f5c-9a57-2f4b1f6d2b11"


def a_repair(**changed):
    """Return the record of a repair that worked."""
    record = {
        "incident_id": INCIDENT,
        "attempt_id": ATTEMPT,
        "tier": ResolutionLevel.L1,
        "rule_id": "L1-FIREWALL-002",
        "runbook_id": "RB-WIN-FW-002",
        "outcome": Outcome.SUCCESS,
        "reason": "check_passes",
        "rechecked_at": AFTER,
        "steps": (
            StepRecord(phase="step", step_id=1, note="logging_on", is_ok=True, changed=True),
            StepRecord(phase="recheck", step_id=0, note="pass", is_ok=True, changed=False),
        ),
    }
    return AttemptRecord(**record | changed)


def heal(clinic, *said, before="FAIL"):
    """Seal a run; *said* are records of repairs, and (status, time) of the checks made again."""
    recorder = clinic.recorder()
    hear_scope(recorder, HOST)
    seen = [(before, BEFORE), *(item for item in said if isinstance(item, tuple))]
    for status, time in seen:
        check = a_check(status=status) | {"timestamp": time}
        recorder.hear(Hook.OK, HOST, CHECK_ALL, a_result(check))
    for item in said:
        if isinstance(item, AttemptRecord):
            packed = clinic.carrier.pack_document({"attempt": item.to_dict()})
            said_so = {KEY: [{"check": "firewall", "record": packed}]}
            recorder.hear(Hook.OK, HOST, max(HEALERS), said_so)
    sealed = recorder.finish()
    [bundle] = read_bundles(sealed.file)
    return bundle


def test_a_repair_that_the_check_confirms_is_a_success(clinic):
    bundle = heal(clinic, ("PASS", AFTER), a_repair())

    assert bundle["outcome"] == "success"
    assert bundle["pre_state"]["status"] == "FAIL"
    assert bundle["post_state"]["status"] == "PASS"
    assert bundle["post_state"]["checked_at"] == AFTER
    assert bundle["actions"] == [
        "RB-WIN-FW-002 step 1: logging_on, changed",
        "RB-WIN-FW-002 recheck: pass",
        "RB-WIN-FW-002 success: check_passes",
    ]


def test_the_check_decides_and_not_the_healer(clinic):
    bundle = heal(clinic, ("FAIL", AFTER), a_repair())

    assert bundle["outcome"] == "partial"


def test_a_repair_that_nobody_saw_again_has_failed(clinic):
    bundle = heal(clinic, a_repair())

    assert bundle["outcome"] == "failure"
    assert bundle["post_state"]["status"] == "ERROR"
    assert bundle["post_state"]["reason_code"] == "not_rechecked"


def test_an_older_verdict_is_not_taken_for_the_one_after_the_repair(clinic):
    second = a_repair(attempt_id=INCIDENT, rechecked_at="2026-03-02T12:09:00Z")

    bundle = heal(clinic, ("PASS", AFTER), a_repair(), second)

    assert (bundle["outcome"], bundle["post_state"]["status"]) == ("failure", "ERROR")


def test_the_healer_may_doubt_a_pass(clinic):
    doubt = a_repair(outcome=Outcome.PARTIAL, reason="gpo_overrides")

    assert heal(clinic, ("PASS", AFTER), doubt)["outcome"] == "partial"


def test_what_was_only_decided_leaves_the_verdict_as_it_was(clinic):
    queued = a_repair(
        outcome=None, reason="window_required", error_code="E005", rechecked_at=None, steps=()
    )

    bundle = heal(clinic, queued)

    assert bundle["outcome"] == "failure"
    assert bundle["post_state"]["status"] == "FAIL"
    assert bundle["actions"] == ["RB-WIN-FW-002 decision: window_required (E005)"]


def test_the_state_after_the_repair_is_the_one_that_is_true(clinic):
    bundle = EvidenceBundle.from_dict(heal(clinic, ("PASS", AFTER), a_repair()))

    assert final_state(bundle)["status"] == "PASS"


def test_a_record_that_cannot_be_read_keeps_the_run_unsealed(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, HOST)
    recorder.hear(Hook.OK, HOST, CHECK_ALL, a_result(a_check()))
    packed = clinic.carrier.pack_document({"attempt": {"reason": "Jane Roe said so"}})
    said = {KEY: [{"check": "firewall", "record": packed}]}
    recorder.hear(Hook.OK, HOST, max(HEALERS), said)

    with pytest.raises(Exception, match="evidence could not be written"):
        recorder.finish()


def test_a_record_has_no_place_for_what_windows_said():
    with pytest.raises(ValidationError):
        StepRecord(phase="step", step_id=1, note="Zugriff verweigert", is_ok=False, changed=False)


def test_what_was_healed_verifies(clinic):
    heal(clinic, ("PASS", AFTER), a_repair())

    assert verify_site(clinic) == []


@pytest.mark.parametrize("status", ["WARNING", "FAIL", "ERROR"])
def test_the_verifier_refuses_a_success_without_a_pass(clinic, status):
    bundle = heal(clinic, ("PASS", AFTER), a_repair())
    bundle["post_state"]["status"] = status

    with pytest.raises(verify.Rejected, match=r"post_state\.status"):
        verify.check_bundle_content(bundle)


def test_the_verifier_refuses_a_success_that_was_seen_before_the_repair(clinic):
    bundle = heal(clinic, ("PASS", AFTER), a_repair())
    bundle["post_state"]["checked_at"] = "2026-03-02T11:58:00Z"

    with pytest.raises(verify.Rejected, match="checked_at"):
        verify.check_bundle_content(bundle)
