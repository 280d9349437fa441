# SPDX-License-Identifier: GPL-3.0-or-later
"""When the gate asks a person, which approval it takes, and who may give it."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.approvals import (
    ApprovalState,
    ApproverRefused,
    refuse_approver,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.gate import Situation
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from unit.healing.gate_situations import (
    ASKS,
    DISRUPTIVE,
    MINUTE,
    NIGHT_TIME,
    WINDOW_ONLY,
    answer,
    approval,
    approved,
    found,
)
from unit.healing.repairs import LOGGING, NIGHT, NOON, policy, request


@pytest.mark.parametrize("does", [ASKS, DISRUPTIVE], ids=["asked-for", "disruptive"])
def test_a_person_is_asked_before_what_needs_one(does):
    assert found(request(does=does)) == ("ask", "approval_required", None)


def test_a_reboot_needs_a_person_whatever_else_is_said():
    assert found(request(requires_reboot=True))[1] == "approval_required"


def test_a_site_can_say_that_a_harmless_runbook_needs_no_person():
    site = policy(auto_approve=[LOGGING])

    assert found(request(does=ASKS), site=site) == ("allow", "allowed", None)
    assert found(request(does=ASKS | DISRUPTIVE), site=site)[1] == "approval_required"


def test_an_approval_allows_and_is_named():
    decision = answer(request(does=ASKS), approved())

    assert (decision.verdict, decision.approval_id) == ("allow", "AP-1")


def test_an_approval_that_was_not_needed_is_not_used_up():
    assert answer(request(), approved(request())).approval_id is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"site_id": "clinic-002"}, id="site"),
        pytest.param({"host_id": "fs02"}, id="host"),
        pytest.param({"check_type": CheckId.BACKUP}, id="check"),
        pytest.param({"does": {"runbook_id": "RB-WIN-LOG-001"}}, id="runbook"),
        pytest.param({"runbook_sha256": "0" * 64}, id="text of the runbook"),
        pytest.param({"does": {"parameters": {"drive": "D:"}}}, id="parameter"),
        pytest.param({"does": {"parameters": {"drive": 1}}}, id="number"),
        pytest.param({"does": {"parameters": {"drive": True}}}, id="boolean"),
        pytest.param({"does": {"parameters": {"drive": "1"}}}, id="text"),
        pytest.param({"does": {"parameters": {"drive": ["1"]}}}, id="list"),
    ],
)
def test_an_approval_is_for_exactly_what_was_shown(other):
    does = ASKS | {"parameters": {"drive": "C:"}} | other.pop("does", {})

    asked = request(does=does, **other)

    known = approved(request(does=ASKS | {"parameters": {"drive": "C:"}}))
    assert found(asked, known)[1] == "approval_required"


def test_parameters_of_all_types_have_digests_of_their_own():
    values = [1, True, "1", ["1"], [1], None, "True", {"1": 1}]

    digests = {request(does={"parameters": {"x": value}}).parameters_sha256 for value in values}

    assert len(digests) == 8


def test_the_order_of_parameters_does_not_matter():
    one = request(does={"parameters": {"a": 1, "b": 2}})
    other = request(does={"parameters": {"b": 2, "a": 1}})

    assert one.parameters_sha256 == other.parameters_sha256


@pytest.mark.parametrize("requester", ["user:carol", "Carol", " user: CAROL ", "\uff43arol"])
def test_nobody_uses_an_approval_of_their_own(requester):
    asked = request(does=ASKS, requested_by=requester)

    assert found(asked, approved())[1] == "approval_required"


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        pytest.param("pending", {}, ("ask", "approval_pending", None), id="not-answered-yet"),
        pytest.param(
            "pending",
            {"expires_at": NOON},
            ("refuse", "approval_expired", None),
            id="not-answered-in-time",
        ),
        pytest.param("refused", {}, ("refuse", "approval_refused", None), id="refused"),
        pytest.param("used", {}, ("ask", "approval_required", None), id="used-up"),
        pytest.param(
            "approved",
            {"expires_at": NOON},
            ("ask", "approval_required", None),
            id="approved-and-not-used-in-time",
        ),
        pytest.param("expired", {}, ("refuse", "approval_expired", None), id="known-to-be-late"),
    ],
)
def test_what_became_of_a_request_for_approval_decides(state, more, expected):
    known = Situation(approvals=(approval(ApprovalState(state), **more),))

    assert found(request(does=ASKS), known) == expected


@pytest.mark.parametrize("state", [ApprovalState.REFUSED, ApprovalState.EXPIRED])
def test_a_refusal_holds_for_its_incident_only(state):
    known = Situation(approvals=(approval(state),))

    assert found(request(does=ASKS, incident_id="a later one"), known)[1] == "approval_required"


def test_of_two_answers_the_later_one_counts():
    first = approval(ApprovalState.REFUSED)
    second = approval(ApprovalState.APPROVED, approval_id="AP-2", requested_at=NOON - MINUTE)

    assert answer(request(does=ASKS), Situation(approvals=(first, second))).approval_id == "AP-2"


def test_an_approval_does_not_open_a_window():
    asked = request(does=ASKS | WINDOW_ONLY)

    assert found(asked, approved(asked), policy(maintenance_windows=[NIGHT])) == (
        "queue", "window_required", "E005",
    )  # fmt: skip


def test_a_window_does_not_replace_an_approval():
    asked = request(does=ASKS | WINDOW_ONLY)

    site = policy(maintenance_windows=[NIGHT])

    assert found(asked, site=site, now=NIGHT_TIME) == ("ask", "approval_required", None)


@pytest.mark.parametrize(
    "by",
    [
        "",
        "  ",
        "planner",
        "rule:L1-LOGGING-005",
        "order:8c1f",
        "user:",
        " RULE:x",
        "CLINIC\\",
        "@x",
    ],
)
def test_only_a_person_approves(by):
    with pytest.raises(ApproverRefused, match="only a person"):
        refuse_approver(by, "user:alice")


@pytest.mark.parametrize("asks", ["user:alice", "user:CLINIC\\Alice", "user:alice@clinic.example"])
@pytest.mark.parametrize(
    "by",
    ["alice", "Alice", "user:alice", " ALICE ", "USER:Alice", "clinic\\alice", "user:OTHER\\ALICE",
     "Alice@Clinic.Example", "ali\u200bce", "\uff41lice"],
)  # fmt: skip
def test_who_asks_is_never_who_approves(by, asks):
    with pytest.raises(ApproverRefused, match="cannot approve it"):
        refuse_approver(by, asks)


@pytest.mark.parametrize(
    "requester", ["user:alice", "user:bobby", "rule:L1-LOGGING-005", "planner"]
)
def test_somebody_else_approves(requester):
    asked = request(does=ASKS, requested_by=requester)

    refuse_approver("bob", requester)  # raises if he may not
    decision = answer(asked, approved(asked, decided_by="bob"))

    assert (decision.code, decision.approval_id) == ("allowed", "AP-1")
