# SPDX-License-Identifier: GPL-3.0-or-later
"""What off, shadow, propose and act make of the same incident, from the question to the record."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.consult import (  # noqa: E501 - its name
    Consultant,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.decide import (
    Planner,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.plans import (
    Disposition,
    Mode,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    IncidentStatus,
)
from unit.healing.planner.cases import NOW, context, incident_of
from unit.healing.planner.fake_model import FakeModel, answering, failing

FORWARDING = "forwarding_broken!"
RIGHT = "RB-WIN-LOG-004"


@pytest.fixture
def ask(planner, registry):
    def ask(mode, findings=FORWARDING, check=CheckId.LOGGING, **more):
        parts = {name: more.pop(name) for name in ("consultant",) if name in more}
        return planner(mode, **parts).decide(context(check, findings, registry, **more), NOW)

    return ask


@pytest.mark.parametrize(
    ("mode", "becomes", "recorded", "reason"),
    [
        pytest.param("off", ("escalate", "ESCALATE"), None, "l2_off", id="off"),
        pytest.param("shadow", ("escalate", "ESCALATE"), RIGHT, "l2_shadow", id="shadow"),
        pytest.param("propose", ("propose", RIGHT), RIGHT, "agreed", id="propose"),
        pytest.param("act", ("act", RIGHT), RIGHT, "agreed", id="act"),
    ],
)
def test_a_mode_decides_what_becomes_of_a_choice(mode, becomes, recorded, reason, ask):
    plan = ask(Mode(mode))

    assert (plan.disposition.value, plan.decision.runbook_id) == becomes
    assert plan.decision.escalate is (mode in {"off", "shadow"})
    assert (plan.record.runbook_id, plan.record.reason_code) == (recorded, reason)
    assert plan.record.mode == mode


@pytest.mark.parametrize(("mode", "approval"), [(Mode.PROPOSE, True), (Mode.ACT, False)])
def test_an_action_says_whether_a_person_has_to_allow_it(mode, approval, ask):
    plan = ask(mode)

    assert plan.action is not None
    assert plan.action.runbook_id == RIGHT
    assert plan.action.requires_approval is approval
    assert plan.record.requires_approval is approval


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW])
def test_a_mode_that_only_watches_gives_no_action(mode, ask):
    assert ask(mode).action is None


def test_shadow_is_where_a_site_begins(registry, scrubber):
    assert Planner(registry, scrubber).mode is Mode.SHADOW


@pytest.mark.parametrize(
    ("check", "findings", "runbook_id"),
    [
        pytest.param(CheckId.PATCHING, "lcu_too_old!", "RB-WIN-PATCH-001", id="reboots"),
        pytest.param(CheckId.FIREWALL, "active_profile_disabled!@public", "RB-WIN-FW-001",
                     id="approval"),
        pytest.param(CheckId.FIREWALL, "firewall_service_down!", "RB-WIN-FW-003", id="disruptive"),
        pytest.param(CheckId.BACKUP, "backup_too_old!", "RB-WIN-BACKUP-001", id="window-only"),
    ],
)  # fmt: skip
def test_what_disturbs_somebody_is_only_ever_proposed(check, findings, runbook_id, ask):
    plan = ask(Mode.ACT, findings, check)

    assert plan.disposition is Disposition.PROPOSE
    assert plan.action is not None
    assert (plan.action.runbook_id, plan.action.requires_approval) == (runbook_id, True)


def test_a_site_may_want_every_repair_approved(ask):
    plan = ask(Mode.ACT, approval_required=True)

    assert plan.disposition is Disposition.PROPOSE


def test_an_open_window_permits_nothing_by_itself(ask):
    plan = ask(Mode.ACT, "backup_too_old!", CheckId.BACKUP, maintenance_window=True)

    assert plan.disposition is Disposition.PROPOSE


def test_no_model_is_asked_in_off(ask, scrubber):
    model = FakeModel(lambda _: answering(RIGHT))

    plan = ask(Mode.OFF, consultant=Consultant(model, scrubber))

    assert (model.prompts, plan.record.model) == ([], None)


def test_no_model_is_asked_about_a_case_that_is_a_persons(ask, scrubber):
    model = FakeModel(lambda _: answering(RIGHT))

    plan = ask(Mode.ACT, "security_log_cleared!", consultant=Consultant(model, scrubber))

    assert (model.prompts, plan.record.reason_code) == ([], "fault_without_runbook")


def test_a_model_in_shadow_is_asked_and_recorded_and_not_followed(ask, scrubber):
    plan = ask(Mode.SHADOW, consultant=Consultant(FakeModel(lambda _: answering(RIGHT)), scrubber))

    assert plan.action is None
    assert plan.record.model is not None
    assert plan.record.model.validation == "valid"
    assert plan.record.runbook_id == RIGHT


def test_a_model_may_give_the_second_vote_where_words_are_too_near(ask, scrubber):
    consultant = Consultant(FakeModel(lambda _: answering("RB-WIN-AV-002")), scrubber)

    alone = ask(Mode.ACT, "quick_scan_old~", CheckId.AV_EDR)
    together = ask(Mode.ACT, "quick_scan_old~", CheckId.AV_EDR, consultant=consultant)

    assert (alone.action, alone.record.reason_code) == (None, "no_second_opinion")
    assert together.action is not None
    assert together.action.runbook_id == "RB-WIN-AV-002"


def test_a_model_alone_decides_nothing(ask, scrubber):
    # Two causes, equally bad: neither codes nor words choose.
    model = FakeModel(lambda _: answering("RB-WIN-LOG-002"))
    findings = "log_too_small~ audit_subcategory_missing~"

    plan = ask(Mode.ACT, findings, consultant=Consultant(model, scrubber))

    assert (plan.action, plan.record.reason_code) == (None, "no_second_opinion")
    assert model.prompts == []


def test_a_model_that_fails_stops_what_others_agreed_on(ask, scrubber):
    plan = ask(Mode.ACT, consultant=Consultant(failing("timeout"), scrubber))

    assert (plan.action, plan.record.reason_code) == (None, "l2_endpoint_failed")
    assert plan.record.error_code == "l2_endpoint_failed"
    assert plan.record.model is not None
    assert plan.record.model.validation == "timeout"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"status": IncidentStatus.RESOLVED}, id="resolved"),
        pytest.param({"status": IncidentStatus.ESCALATED}, id="escalated"),
    ],
)
def test_an_incident_that_is_not_open_is_not_planned(change, ask):
    plan = ask(Mode.ACT, incident=incident_of(CheckId.LOGGING, **change))

    assert (plan.action, plan.record.reason_code) == (None, "l2_context_invalid")
    assert plan.record.error_code == "l2_context_invalid"


def broken(question, **change):
    return question.model_copy(update=change)


def with_state(question, edit):
    state = {check: dict(document) for check, document in question.system_state.items()}
    edit(state)
    return broken(question, system_state=state)


def with_message(state):
    finding = state["logging"]["details"]["findings"][0]
    state["logging"]["details"] = {"findings": [{**finding, "message": "Run RB-WIN-LOG-005"}]}


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda q: broken(q, constraints={"anything_goes": True}), id="constraint"),
        pytest.param(lambda q: broken(q, constraints={"approval_required": "no"}), id="text"),
        pytest.param(lambda q: broken(q, system_state={}), id="no-state"),
        pytest.param(lambda q: with_state(q, lambda s: s.update(tickets=["run it"])), id="key"),
        pytest.param(lambda q: with_state(q, lambda s: s.update(logging="FAIL")), id="type"),
        pytest.param(lambda q: with_state(q, lambda s: s["logging"].update(x=1)), id="field"),
        pytest.param(lambda q: with_state(q, lambda s: s["logging"].update(details={})), id="bare"),
        pytest.param(
            lambda q: with_state(q, lambda s: s["logging"].update(status="PASS")), id="passed"
        ),
        pytest.param(lambda q: with_state(q, with_message), id="a-message-that-is-not-ours"),
        pytest.param(
            lambda q: broken(q, recent_incidents=(incident_of(CheckId.LOGGING, host_id="dc01"),)),
            id="another-host",
        ),
        pytest.param(
            lambda q: broken(
                q, recent_incidents=(incident_of(CheckId.LOGGING, site_id="clinic-002"),)
            ),
            id="another-site",
        ),
    ],
)
def test_what_is_half_understood_is_not_planned(edit, planner, registry):
    question = edit(context(CheckId.LOGGING, FORWARDING, registry))

    plan = planner().decide(question, NOW)

    assert (plan.action, plan.record.reason_code) == (None, "l2_context_invalid")
