# SPDX-License-Identifier: GPL-3.0-or-later
"""What the embedded planner, which has no model, does with incidents whose cause is known."""

import json

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.probe import (
    parse_document,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    Constraints,
    context_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import (
    judge_document,
    load_policies,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
)
from unit.healing.planner.cases import NOW, context, incident_of
from unit.healing.planner.catalogue import ROOT
from unit.healing.planner.labelled import LABELLED

ROWS = [pytest.param(*row, id=f"{row[0]}: {row[1]}") for row in LABELLED]


def test_there_are_enough_labelled_incidents():
    right = [answer for _, _, answer in LABELLED]

    assert sum(answer is not None for answer in right) >= 60
    assert sum(answer is None for answer in right) >= 20


@pytest.mark.parametrize(("check", "findings", "right"), ROWS)
def test_it_chooses_what_a_person_would_or_nothing(check, findings, right, planner, registry):
    record = planner().decide(context(check, findings, registry), NOW).record

    assert record.runbook_id in {right, None}


def test_it_chooses_often_enough_to_be_of_use(planner, registry):
    actionable = [row for row in LABELLED if row[2] is not None]

    chosen = [
        planner().decide(context(check, findings, registry), NOW).record.runbook_id
        for check, findings, _ in actionable
    ]

    assert sum(name is not None for name in chosen) >= 60


def recorded_verdicts():
    """Return every verdict of the lab's recordings that is not a PASS."""
    policies = load_policies(ROOT / "rules", list(CheckId))
    for file in sorted((ROOT / "tests" / "lab" / "recordings").glob("*.json")):
        for answer in json.loads(file.read_text())["answers"]:
            document = parse_document(answer["answer"]["facts"])
            wanted = {check: policies[check] for check in CheckId if check in document.checks}
            at = document.collected_at
            for verdict in judge_document(document, wanted, at, at):
                if verdict.status is not CheckStatus.PASS:
                    yield verdict


def test_every_verdict_of_the_recordings_is_understood(planner, registry):
    verdicts = list(recorded_verdicts())
    questions = [
        context_of(incident_of(verdict.check_id), [verdict], (), registry, Constraints())
        for verdict in verdicts
    ]

    records = [planner().decide(question, NOW).record for question in questions]

    assert len(records) > 20
    assert not {"l2_context_invalid", "suspicious_text"} & {item.reason_code for item in records}
