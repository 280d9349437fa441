# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of the site has a voice in the healer's plans; its calls are counted over all runs."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from unit.healer.site import host_with, opened
from unit.healing.planner.cases import NOW
from unit.healing.planner.fake_model import FakeModel, answering

LOG = CheckId.LOGGING


class Closing(FakeModel):
    """A model that knows whether its connections were closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def model():
    return Closing(lambda _prompt: answering("RB-WIN-LOG-004"))


def plan(folder, model, **more):
    with opened(folder, model=model, **more) as healer:
        [item] = Planning(healer, host_with(LOG, "forwarding_broken!"), NOW).plan()
        [decision] = [item.proposal.decision]
    return item, decision


def test_its_answer_is_part_of_the_decision(model, tmp_path):
    item, decision = plan(tmp_path, model)

    assert (item.to_dict()["runbook_id"], item.code) == ("RB-WIN-LOG-004", "approval_required")
    assert [vote.method for vote in decision.votes] == ["codes", "symptoms", "model"]
    assert decision.model.validation == "valid"
    assert model.closed


def test_the_next_runs_remember_what_it_said_and_do_not_ask_again(model, tmp_path):
    first, _ = plan(tmp_path, model)
    plan(tmp_path, model)

    item, decision = plan(tmp_path, model)

    assert len(model.prompts) == 1
    # The same repair, so that the approval of the first run is for this one, too.
    assert item.approval_id == first.approval_id
    assert (item.code, item.proposal.parameters) == ("approval_pending", first.proposal.parameters)
    assert decision.votes[-1].method == "model"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"runbook_id": "ESCALATE", "escalate": True, "escalation_reason": "Unsure."},
                     id="it-left-it-to-a-person"),
        pytest.param({"confidence_percent": 70}, id="it-was-not-sure"),
        pytest.param({"escalate": True}, id="it-broke-a-rule"),
    ],
)  # fmt: skip
def test_an_objection_is_not_got_round_by_asking_nobody_the_next_time(said, tmp_path):
    model = Closing(lambda _prompt: answering("RB-WIN-LOG-004") | said)
    item, _ = plan(tmp_path, model)

    with opened(tmp_path, model=model) as healer:
        again = Planning(healer, host_with(LOG, "forwarding_broken!"), NOW).plan()

    assert item.verdict == "escalate"
    assert (again, len(model.prompts)) == ([], 1)


def test_an_answer_is_not_remembered_for_what_may_not_be_chosen_any_more(model, tmp_path):
    plan(tmp_path, model)
    later = "forwarding_broken! security_log_cleared~"

    with opened(tmp_path, model=model) as healer:
        [item] = Planning(healer, host_with(LOG, later), NOW).plan()

    assert item.verdict == "escalate"
    assert len(model.prompts) == 1


def test_its_failures_are_remembered_too(tmp_path):
    broken = Closing(lambda _prompt: "no JSON")
    plan(tmp_path, broken)

    with opened(tmp_path, model=broken) as healer:
        breaker = healer.planner.consultant.budget.breaker("clinic-001")

    assert breaker.failures == 1


@pytest.mark.parametrize("more", [{"mode": "off"}, {"plans": False}], ids=["off", "only-acting"])
def test_where_nothing_is_planned_no_model_is_connected(more, model, tmp_path):
    with opened(tmp_path, model=model, **more) as healer:
        assert (healer.model, healer.planner.consultant) == (None, None)
