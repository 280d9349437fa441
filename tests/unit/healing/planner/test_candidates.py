# SPDX-License-Identifier: GPL-3.0-or-later
"""Which runbooks may be chosen, why the others may not, and that nothing leads past a bar."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.candidates import (  # noqa: E501 - its name
    candidates_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    read_case,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.consult import (  # noqa: E501 - its name
    Consultant,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.decide import (
    Planner,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.plans import (
    Mode,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    IncidentStatus,
)
from unit.healing.planner.cases import NOW, context, incident_of
from unit.healing.planner.catalogue import RUNBOOKS
from unit.healing.planner.fake_model import FakeModel, answering
from unit.healing.planner.labelled import LABELLED

PATCH, AV, BACKUP, LOG, FW, ENC = CheckId
FAILED_BEFORE = {"status": IncidentStatus.ESCALATED, "runbook_id": "RB-WIN-LOG-004"}


@pytest.fixture(scope="session")
def bars(registry):
    """Return a function: the bars of a case by runbook."""

    def bars(check, findings, **more):
        case = read_case(context(check, findings, registry, **more), NOW)
        return {name: bar.value for name, bar in candidates_of(case, registry).barred}

    return bars


@pytest.mark.parametrize(
    ("check", "findings", "more", "barred"),
    [
        pytest.param(LOG, "forwarding_broken!", {"forbidden_runbooks": ["RB-WIN-LOG-004"]},
                     ("RB-WIN-LOG-004", "forbidden"), id="forbidden"),
        pytest.param(FW, "firewall_service_down!", {"disruptive_allowed": False},
                     ("RB-WIN-FW-003", "disruptive"), id="disruptive"),
        pytest.param(PATCH, "lcu_too_old!", {"reboot_allowed": False},
                     ("RB-WIN-PATCH-001", "reboot"), id="reboot"),
        pytest.param(LOG, "forwarding_broken!", {"recent": [incident_of(LOG, **FAILED_BEFORE)]},
                     ("RB-WIN-LOG-004", "tried_before"), id="tried-before"),
        pytest.param(LOG, "forwarding_broken!^", {},
                     ("RB-WIN-LOG-004", "gpo_managed"), id="owned-by-a-policy"),
        pytest.param(AV, "signatures_old~ third_party_active.", {},
                     ("RB-WIN-AV-001", "escalate_when"), id="a-code-that-asks-for-nothing"),
        pytest.param(AV, "realtime_off! two_active_engines~", {},
                     ("RB-WIN-AV-002", "escalate_when"), id="words-of-a-phrase"),
        pytest.param(LOG, "forwarding_broken!", {},
                     ("RB-WIN-LOG-005", "repairs_nothing"), id="mends-something-else"),
        pytest.param(LOG, "log_disabled?", {},
                     ("RB-WIN-LOG-002", "repairs_nothing"), id="an-unread-source"),
    ],
)  # fmt: skip
def test_a_bar_has_a_reason(check, findings, more, barred, bars):
    runbook_id, bar = barred

    assert bars(check, findings, **more)[runbook_id] == bar


def test_a_runbook_that_helped_before_may_be_chosen_again(bars):
    helped = incident_of(LOG, status=IncidentStatus.RESOLVED, runbook_id="RB-WIN-LOG-004")

    assert "RB-WIN-LOG-004" not in bars(LOG, "forwarding_broken!", recent=[helped])


def test_a_runbook_that_failed_for_another_check_may_be_chosen(bars):
    other = incident_of(PATCH, **FAILED_BEFORE)

    assert "RB-WIN-LOG-004" not in bars(LOG, "forwarding_broken!", recent=[other])


def test_a_runbook_that_the_caller_did_not_offer_is_barred(registry, planner):
    question = context(LOG, "forwarding_broken!", registry)
    question = question.model_copy(update={"available_runbooks": ("RB-WIN-FW-001",)})

    plan = planner().decide(question, NOW)

    assert (plan.action, plan.record.reason_code) == (None, "no_candidate")


def test_a_bar_makes_the_next_best_no_better(registry, planner):
    question = context(
        LOG, "log_disabled! audit_subcategory_missing!", registry,
        forbidden_runbooks=["RB-WIN-LOG-002"],
    )  # fmt: skip

    plan = planner().decide(question, NOW)

    assert (plan.action, plan.record.reason_code) == (None, "choice_barred")
    assert plan.record.runbook_ids == ("RB-WIN-LOG-001",)


ROWS = st.sampled_from(LABELLED)
IDS = st.sampled_from(sorted(RUNBOOKS))


@settings(deadline=None)  # a busy machine is no finding
@given(row=ROWS, forbidden=st.sets(IDS, max_size=12), answer=st.none() | IDS)
def test_removing_candidates_never_yields_an_action_outside_the_rest(
    row, forbidden, answer, registry, scrubber
):
    check, findings, _ = row
    model = Consultant(FakeModel(lambda _: answering(answer)), scrubber) if answer else None
    planner = Planner(registry, scrubber, Mode.ACT, consultant=model)

    plan = planner.decide(
        context(check, findings, registry, forbidden_runbooks=sorted(forbidden)), NOW
    )

    if plan.action is not None:
        chosen = registry.find(plan.action.runbook_id)
        assert chosen.check_type is check
        assert chosen.runbook_id not in forbidden
        assert chosen.runbook_id in plan.record.runbook_ids


@settings(deadline=None)  # a busy machine is no finding
@given(row=ROWS, forbidden=st.sets(IDS, max_size=12))
def test_removing_candidates_never_changes_a_choice_for_another(row, forbidden, registry, scrubber):
    check, findings, _ = row
    planner = Planner(registry, scrubber, Mode.ACT)

    free = planner.decide(context(check, findings, registry), NOW).record.runbook_id
    bound = planner.decide(
        context(check, findings, registry, forbidden_runbooks=sorted(forbidden)), NOW
    ).record.runbook_id

    assert bound in {free, None}
