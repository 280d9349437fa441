# SPDX-License-Identifier: GPL-3.0-or-later
"""What the embedded planner, which has no model, does with incidents whose cause is known."""

import pytest

from unit.healing.planner.cases import NOW, context
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
