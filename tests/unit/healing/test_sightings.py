# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a verdict has no place for what a host says in its own words."""

from dataclasses import fields

import pytest
from pydantic import ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    StepRecord,
    finish_step,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.incident import (
    IncidentRecord,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    IncidentKey,
    SeenFinding,
    Sight,
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import Phase
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
    ComplianceCheck,
    Finding,
    Severity,
)
from unit.healing.remembered import NOON, broke, ran


def find(scope: str, status: str = "FAIL") -> Finding:
    return Finding(
        code="exclusion_forbidden",
        status=CheckStatus(status),
        severity=Severity.HIGH,
        message="an exclusion is too broad",
        scope=scope,
        observed=r"C:\Users\jane.roe\patients",
        expected="none",
        gpo_managed=True,
    )


def check(status: str, *findings: Finding) -> ComplianceCheck:
    return ComplianceCheck(
        check_id=CheckId.AV_EDR,
        status=CheckStatus(status),
        message="FAIL: an exclusion is too broad",
        timestamp=NOON,
        hipaa_controls=("164.308(a)(5)(ii)(B)",),
        details={"findings": [item.to_dict() for item in findings], "reason_code": "x"},
        remediation_available=False,
    )


@pytest.mark.parametrize(
    "scope",
    ["", "domain", "C:", "KB5034439", "event 1102", "computer state", "<HOST:0123abcd>",
     "{0CCE9215-69AE-11D9-BED3-505054503030}"],
)  # fmt: skip
def test_a_scope_of_our_making_is_kept(scope):
    assert SeenFinding.of(find(scope)).scope == scope


@pytest.mark.parametrize(
    "scope",
    [r"C:\Users\jane.roe", "Jane Roe", "jane roe", "JDOE", "Das System", "x" * 33, "a\nb"],
)
def test_any_other_scope_stays_in_the_evidence(scope):
    assert SeenFinding.of(find(scope)).scope == "*"


def test_there_is_no_field_for_values_messages_or_variables_of_a_host():
    assert [item.name for item in fields(SeenFinding)] == [
        "code", "status", "severity", "scope", "gpo_managed",
    ]  # fmt: skip
    assert [item.name for item in fields(Verdict)] == [
        "key", "status", "sight", "findings", "is_read", "error_code",
    ]  # fmt: skip
    assert [item.name for item in fields(IncidentRecord)] == [
        "incident_id", "key", "severity", "status", "created_at", "last_status", "resolved_at",
        "resolution_level", "runbook_id", "evidence_bundle_id", "resolved_attempt_id",
        "recurrence_count", "reason", "findings",
    ]  # fmt: skip
    assert "jane" not in repr(SeenFinding.of(find(r"C:\Users\jane.roe")))


def test_a_verdict_is_taken_from_a_check():
    seen = Verdict.of("clinic-001", "ws01", check("FAIL", find("")), Sight("run-1", NOON, "EB-1"))

    assert seen == Verdict(
        IncidentKey("clinic-001", "ws01", CheckId.AV_EDR),
        CheckStatus.FAIL,
        Sight("run-1", NOON, "EB-1"),
        (SeenFinding("exclusion_forbidden", CheckStatus.FAIL, Severity.HIGH, "", True),),
    )


@pytest.mark.parametrize(
    ("status", "of_finding", "is_read"),
    [("FAIL", "ERROR", True), ("PASS", "PASS", True), ("PASS", "ERROR", False),
     ("ERROR", "ERROR", False), ("WARNING", "WARNING", True)],
)  # fmt: skip
def test_only_what_was_read_is_read(status, of_finding, is_read):
    seen = Verdict.of("clinic-001", "ws01", check(status, find("", of_finding)), Sight("r", NOON))

    assert seen.is_read is is_read


def test_a_check_without_findings_is_no_verdict():
    bare = check("PASS").model_copy(update={"details": {}})

    with pytest.raises(ValidationError):
        Verdict.of("clinic-001", "ws01", bare, Sight("run-1", NOON))


def test_of_a_step_words_and_numbers_are_kept_and_no_text_of_windows():
    begun = StepRecord(Phase.STEP, 1, NOON)

    assert finish_step(begun, ran(saved={"value": 0}), NOON) == StepRecord(
        Phase.STEP,
        1,
        NOON,
        NOON,
        True,
        "done",
        None,
        None,
        5,
        {"value": 0},
    )
    assert finish_step(begun, broke(), NOON) == StepRecord(
        Phase.STEP, 1, NOON, NOON, None, None, "script_error", "0x80070005", 5, None
    )
    assert finish_step(begun, broke(hresult="Zugriff verweigert"), NOON).hresult is None
