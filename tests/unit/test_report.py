# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads after a run."""

from datetime import UTC, datetime

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.controls import load_controls
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    EvidenceBundle,
    Outcome,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.report import (
    count_statuses,
    describe,
    render_table,
    status_of,
    worst_findings,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir


def finding(code, status="FAIL", severity="HIGH", **change):
    return {
        "code": code,
        "status": status,
        "severity": severity,
        "message": "the last backup is too old",
        "scope": "",
        "observed": 71,
        "expected": 48,
        "gpo_managed": False,
    } | change


def bundle(host, check, status, *findings):
    return EvidenceBundle(
        bundle_id="EB-20260302-000001",
        site_id="clinic-001",
        host_id=host,
        timestamp=datetime(2026, 3, 2, 12, tzinfo=UTC),
        check=CheckId(check),
        outcome=Outcome.FAILURE,
        hipaa_controls=("164.308(a)(7)(ii)(A)",),
        pre_state={"status": status, "findings": list(findings)},
        post_state={},
        actions=(),
        phi_scrubbed=False,
    )


def test_the_table_has_a_row_a_host_and_a_dash_for_what_was_not_checked():
    bundles = [
        bundle("fs01", "firewall", "WARNING"),
        bundle("dc01", "firewall", "PASS"),
        bundle("dc01", "backup", "FAIL"),
    ]

    statuses = [(item.host_id, item.check.value, status_of(item)) for item in bundles]

    assert render_table(statuses) == (
        "host  backup  firewall\n"
        "dc01  FAIL    PASS\n"
        "fs01  -       WARNING"
    )  # fmt: skip


def test_every_status_is_counted_even_when_there_is_none():
    counts = count_statuses([bundle("a", "backup", "PASS"), bundle("a", "firewall", "PASS")])

    assert counts == {"PASS": 2, "WARNING": 0, "FAIL": 0, "ERROR": 0}


def test_the_worst_findings_are_proven_faults_by_severity_and_no_code_twice():
    bundles = [
        bundle("ws1", "backup", "FAIL", finding("old", severity="MEDIUM")),
        bundle("fs01", "backup", "FAIL", finding("worse", severity="CRITICAL"), finding("high")),
        bundle("fs02", "backup", "FAIL", finding("worse", severity="CRITICAL")),
        bundle("ws2", "backup", "ERROR", finding("unread", status="ERROR", severity="CRITICAL")),
    ]

    worst = worst_findings(bundles, most=3)

    assert [(row.host, row.finding["code"]) for row in worst] == [
        ("fs01", "worse"),
        ("fs01", "high"),
        ("ws1", "old"),
    ]


def test_a_finding_reads_as_a_sentence_with_its_specification():
    row = worst_findings([bundle("fs01", "backup", "FAIL", finding("old", scope="D:"))])[0]

    assert describe(row, load_controls(default_rules_dir())) == (
        "fs01, backup: the last backup is too old (D:); found 71, wanted 48.\n"
        "    45 CFR 164.308(a)(7)(ii)(A) Data backup plan (required)"
    )
