# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate answers, one line a rule, and which answer comes first."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import RunbookNotFound
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.approvals import (
    Approval,
    ApprovalState,
    ApproverRefused,
    refuse_approver,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.gate import (
    QUESTIONS,
    CanaryState,
    GateCode,
    GateDecision,
    GateVerdict,
    KillSwitch,
    RunningRepair,
    Situation,
    Tries,
    decide,
    is_canary,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.repair_request import (
    RequestUnreadable,
    as_strict_as,
    parse_request,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    ResolutionLevel,
)
from unit.healing.repairs import LOGGING, NIGHT, NOON, ROOT, policy, request, runbook

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1),
)  # fmt: skip
# A quarter past two at night, in the window of these tests.
NIGHT_TIME = NOON.replace(hour=2, minute=15)
L2 = ResolutionLevel.L2
DISRUPTIVE = {"is_disruptive": True}
WINDOW_ONLY = {"maintenance_window_only": True}
ASKS = {"requires_approval": True}
KILLED = Situation(kill_switches=(KillSwitch("all sites", NOON - HOUR),))


def answer(asked=None, known=None, site=None, now=NOON) -> GateDecision:
    return decide(asked or request(), known or Situation(), site or policy(), now)


def found(*args, **more) -> tuple[str, str, str | None]:
    """Return verdict, code and error code of the answer."""
    decision = answer(*args, **more)
    return (decision.verdict, decision.code, decision.error_code)


def approval(state, asked=None, **more) -> Approval:
    decided = state in {ApprovalState.APPROVED, ApprovalState.REFUSED, ApprovalState.USED}
    return Approval(
        **{
            "approval_id": "AP-1",
            "request": asked or request(does=ASKS),
            "requested_at": NOON - HOUR,
            "expires_at": NOON + HOUR,
            "state": state,
            "decided_by": "carol" if decided else None,
            "decided_at": NOON if decided else None,
            **more,
        }
    )


def approved(asked=None, **more) -> Situation:
    return Situation(approvals=(approval(ApprovalState.APPROVED, asked, **more),))


def running(host_id="dc02", serialized_as="none", *, is_lost=False) -> Situation:
    repair = RunningRepair(host_id, LOGGING, serialized_as, NOON - MINUTE, is_lost=is_lost)
    return Situation(running=(repair,))


def canary(host_id="fs01", *, worked=None, ended_at=None) -> Situation:
    return Situation(canary=CanaryState(host_id, worked, ended_at))


def test_what_disturbs_nobody_is_allowed():
    assert answer() == GateDecision(
        GateVerdict.ALLOW, GateCode.ALLOWED, None, "Nothing stands in its way."
    )


# The kill switch


def test_the_kill_switch_stops_everything_that_was_approved_too():
    asked = request(does=ASKS)

    known = replace(approved(asked), kill_switches=KILLED.kill_switches)

    assert found(asked, known) == ("wait", "kill_switch", None)


def test_the_kill_switch_says_which_one_it_is():
    assert (
        answer(known=KILLED).reason
        == "The kill switch is on: all sites since 2026-03-02T11:00:00Z."
    )


# The planner's mode


@pytest.mark.parametrize(
    ("mode", "does", "expected"),
    [
        ("off", {}, ("refuse", "planner_mode", None)),
        ("shadow", {}, ("refuse", "planner_mode", None)),
        ("propose", {}, ("ask", "approval_required", None)),
        ("act", {}, ("allow", "allowed", None)),
        ("act", DISRUPTIVE, ("ask", "approval_required", None)),
    ],
)
def test_the_planner_acts_as_far_as_its_mode_goes(mode, does, expected):
    asked = request(tier=L2, requested_by="planner", does=does)

    assert found(asked, site=policy(l2_mode=mode)) == expected


def test_what_the_planner_proposes_is_asked_for_though_the_runbook_needs_no_approval_here():
    asked = request(tier=L2, requested_by="planner", does=ASKS)

    site = policy(l2_mode="propose", auto_approve=[LOGGING])

    assert found(asked, site=site) == ("ask", "approval_required", None)


def test_a_choice_of_the_planner_that_disturbs_waits_for_a_window_too():
    asked = request(tier=L2, requested_by="planner", does=DISRUPTIVE)

    site = policy(l2_mode="act", maintenance_windows=[NIGHT])

    assert found(asked, approved(asked), site) == ("queue", "window_required", "E005")


# The host


def test_what_a_group_policy_owns_is_left_to_it():
    assert found(request(host={"gpo_managed": True})) == ("refuse", "gpo_managed", None)


def test_a_host_that_is_being_repaired_is_left_alone():
    decision = answer(known=running("fs01"))

    assert (decision.verdict, decision.code, decision.error_code) == ("wait", "host_busy", "E006")
    assert decision.reason == (
        "RB-WIN-LOG-005 has been running on this host since 2026-03-02T11:59:00Z."
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, "allowed", id="a-value-can-be-mended"),
        pytest.param({"does": DISRUPTIVE}, "pending_reboot", id="no-more-disturbance"),
        pytest.param({"requires_reboot": True}, "pending_reboot", id="no-second-reboot"),
        pytest.param(
            {"requires_reboot": True, "mends_pending_reboot": True},
            "approval_required",
            id="the-reboot-itself",
        ),
    ],
)
def test_a_pending_reboot_keeps_back_what_would_disturb(more, expected):
    assert answer(request(host={"pending_reboot": True}, **more)).code == expected


# Tries and cooldown


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (0, ("allow", "allowed", None)),
        (2, ("allow", "allowed", None)),
        (3, ("refuse", "retries_exhausted", None)),
    ],
)
def test_the_first_try_and_two_retries_are_three(failed, expected):
    assert found(request(max_retries=2), Situation(tries=Tries(failed=failed))) == expected


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        pytest.param(timedelta(0), ("wait", "cooldown", "E006"), id="at-once"),
        pytest.param(timedelta(seconds=299), ("wait", "cooldown", "E006"), id="a-second-early"),
        pytest.param(timedelta(seconds=300), ("allow", "allowed", None), id="as-it-ends"),
        pytest.param(-DAY, ("wait", "cooldown", "E006"), id="the-clock-went-back-a-day"),
    ],
)
def test_after_a_try_the_cooldown_is_waited_for(later, expected):
    known = Situation(tries=Tries(1, NOON, NOON + timedelta(seconds=300)))

    assert found(request(cooldown_seconds=300), known, now=NOON + later) == expected


@pytest.mark.parametrize("start", ["2026-03-02T23:59:00+00:00", "2026-03-31T23:59:00+00:00",
                                   "2026-03-08T06:59:00+00:00", "2026-12-31T23:59:00+00:00"],
                         ids=["midnight", "month-end", "dst", "new-year"])  # fmt: skip
def test_a_cooldown_counts_real_time_whatever_the_calendar_does(start):
    began = NOON.fromisoformat(start)
    known = Situation(tries=Tries(1, began, began + timedelta(seconds=300)))

    assert answer(known=known, now=began + timedelta(seconds=299)).until == began + 5 * MINUTE
    assert answer(known=known, now=began + timedelta(seconds=300)).code == "allowed"


def test_a_cooldown_that_was_lengthened_since_counts_from_the_last_try():
    known = Situation(tries=Tries(1, NOON, NOON + MINUTE))

    assert answer(request(cooldown_seconds=3600), known, now=NOON + 2 * MINUTE).until == NOON + HOUR


def test_a_cooldown_that_was_shortened_since_is_kept_as_promised():
    known = Situation(tries=Tries(1, NOON, NOON + HOUR))

    assert answer(request(cooldown_seconds=1), known, now=NOON + MINUTE).until == NOON + HOUR


# Approvals


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


# Windows


@pytest.mark.parametrize(
    "more", [{"does": WINDOW_ONLY}, {"requires_reboot": True}], ids=["said-so", "reboots"]
)
def test_what_belongs_in_a_window_is_queued_until_it_opens(more):
    asked = request(**more)

    decision = answer(asked, approved(asked), policy(maintenance_windows=[NIGHT]))

    assert (decision.verdict, decision.code, decision.error_code) == (
        "queue", "window_required", "E005",
    )  # fmt: skip
    assert decision.until == NOON.replace(day=3, hour=2)
    assert decision.reason == (
        "It belongs in a maintenance window; night has room for it from 2026-03-03T02:00:00Z."
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(105 * 60, "allowed", id="until-it-closes"),
        pytest.param(105 * 60 + 1, "window_required", id="a-second-longer"),
    ],
)
def test_an_open_window_must_be_long_enough(seconds, expected):
    asked = request(does=WINDOW_ONLY, longest_seconds=seconds)

    assert answer(asked, site=policy(maintenance_windows=[NIGHT]), now=NIGHT_TIME).code == expected


def test_what_fits_into_no_window_is_a_matter_for_a_person():
    asked = request(does=WINDOW_ONLY, longest_seconds=7201)

    decision = answer(asked, site=policy(maintenance_windows=[NIGHT]))

    assert (decision.verdict, decision.code, decision.error_code) == (
        "refuse", "window_required", None,
    )  # fmt: skip
    assert decision.reason == "No maintenance window of this host has room for 121 minutes."


def test_a_site_without_windows_has_none_open():
    assert found(request(does=WINDOW_ONLY)) == ("refuse", "window_required", None)


def test_a_window_of_other_hosts_does_not_count():
    laptops = {**NIGHT, "groups": ["laptops"]}

    decision = answer(
        request(does=WINDOW_ONLY), site=policy(maintenance_windows=[laptops]), now=NIGHT_TIME
    )

    assert decision.code == "window_required"


def test_a_day_of_blackout_queues_and_says_so():
    site = policy(maintenance_windows=[NIGHT], blackout_dates=["2026-03-02"])

    decision = answer(request(does=WINDOW_ONLY), site=site, now=NIGHT_TIME)

    assert (decision.verdict, decision.code, decision.error_code, decision.until) == (
        "queue", "blackout", "E005", NOON.replace(day=3, hour=2),
    )  # fmt: skip


# Blast radius


@pytest.mark.parametrize(("hosts", "expected"), [(2, "allowed"), (3, "site_busy")])
def test_so_many_hosts_of_a_site_are_repaired_at_once(hosts, expected):
    busy = [RunningRepair(f"pc0{place}", "RB-WIN-AV-001", "none", NOON) for place in range(hosts)]

    assert answer(known=Situation(running=tuple(busy))).code == expected


DC = {"is_domain_controller": True}


@pytest.mark.parametrize(
    ("more", "beside", "expected"),
    [
        pytest.param({"serialize": "none"}, "domain_controllers", "allowed", id="not-serialized"),
        pytest.param(
            {"serialize": "domain_controllers", "host": DC},
            "domain_controllers",
            "serialized",
            id="two-domain-controllers",
        ),
        pytest.param(
            {"serialize": "domain_controllers"}, "domain_controllers", "allowed", id="not-one"
        ),
        pytest.param(
            {"serialize": "domain_controllers", "host": DC}, "none", "allowed", id="one-of-them"
        ),
        pytest.param(
            {"serialize": "cluster_nodes", "host": {"is_cluster_member": True}},
            "cluster_nodes",
            "serialized",
            id="two-nodes",
        ),
        pytest.param(
            {"serialize": "cluster_nodes", "host": {"is_cluster_member": True}},
            "domain_controllers",
            "allowed",
            id="a-node-and-a-domain-controller",
        ),
    ],
)
def test_domain_controllers_and_nodes_take_turns(more, beside, expected):
    assert answer(request(**more), running(serialized_as=beside)).code == expected


def test_a_lost_host_keeps_nobody_waiting_but_itself():
    one_at_a_time = policy(blast_radius={"hosts_at_once": 1})
    asked = request(serialize="domain_controllers", host=DC)
    lost = running("dc02", "domain_controllers", is_lost=True)

    assert answer(asked, lost, one_at_a_time).code == "allowed"
    assert answer(request("dc02"), lost, one_at_a_time).code == "host_busy"


CAREFUL = policy(blast_radius={"canary": True})


@pytest.mark.parametrize(
    ("known", "now", "expected"),
    [
        pytest.param(Situation(), NOON, ("allow", "allowed", None), id="goes-first-itself"),
        pytest.param(canary("dc01"), NOON, ("wait", "canary_running", "E006"), id="under-way"),
        pytest.param(
            canary("dc01", worked=True, ended_at=NOON),
            NOON,
            ("allow", "allowed", None),
            id="worked",
        ),
        pytest.param(
            canary("dc01", worked=False, ended_at=NOON),
            NOON,
            ("refuse", "canary_failed", None),
            id="failed",
        ),
        pytest.param(
            canary("dc01", worked=False, ended_at=NOON),
            NOON + DAY - SECOND,
            ("refuse", "canary_failed", None),
            id="failed-a-day-ago-but-a-second",
        ),
        pytest.param(
            canary("dc01", worked=False, ended_at=NOON),
            NOON + DAY,
            ("allow", "allowed", None),
            id="failed-a-day-ago",
        ),
        pytest.param(
            canary("fs01", worked=False, ended_at=NOON),
            NOON,
            ("allow", "allowed", None),
            id="failed-here-and-may-try-again",
        ),
    ],
)
def test_one_host_goes_first_and_the_others_follow_if_it_worked(known, now, expected):
    assert found(None, known, CAREFUL, now) == expected


@pytest.mark.parametrize(
    ("known", "site", "now", "expected"),
    [
        pytest.param(Situation(), CAREFUL, NOON, True, id="nobody-did"),
        pytest.param(canary(worked=True, ended_at=NOON), CAREFUL, NOON, False, id="somebody-did"),
        pytest.param(canary(worked=True, ended_at=NOON), CAREFUL, NOON + DAY, True, id="long-ago"),
        pytest.param(canary(worked=False, ended_at=NOON), CAREFUL, NOON, True, id="failed"),
        pytest.param(Situation(), policy(), NOON, False, id="site-wants-none"),
    ],
)
def test_a_repair_is_a_canary_while_none_speaks_for_it(known, site, now, expected):
    assert is_canary(request(), known, site, now) is expected


# Which answer comes first

EVERYTHING = request(
    tier=L2,
    requested_by="planner",
    does=ASKS | DISRUPTIVE | WINDOW_ONLY,
    host={"gpo_managed": True, "pending_reboot": True, "is_domain_controller": True},
    serialize="domain_controllers",
)
WORST = Situation(
    kill_switches=KILLED.kill_switches,
    tries=Tries(9, NOON, NOON + HOUR),
    running=(*running("fs01").running, *running("dc02", "domain_controllers").running) * 2,
    canary=CanaryState("dc02", worked=False, ended_at=NOON),
)


# One after the other is taken away: what changes in the request, the situation and the policy.
AWAY = [
    ({}, {"kill_switches": ()}, {}),
    ({}, {}, {"l2_mode": "act"}),
    ({"host": replace(EVERYTHING.host, gpo_managed=False)}, {}, {}),
    ({}, {"running": running("dc02", "domain_controllers").running * 3}, {}),
    ({"host": replace(EVERYTHING.host, gpo_managed=False, pending_reboot=False)}, {}, {}),
    ({}, {"tries": Tries(0, NOON, NOON + HOUR)}, {}),
    ({}, {"tries": Tries()}, {}),
    ({}, {"canary": CanaryState("dc02", None, None)}, {}),
    ({}, {"approvals": approved(EVERYTHING).approvals}, {}),
    ({}, {}, {"maintenance_windows": [{**NIGHT, "rrule": "FREQ=DAILY;BYHOUR=12;BYMINUTE=0"}]}),
    ({"serialize": "none"}, {}, {}),
    ({}, {"canary": None}, {}),
    ({}, {"running": ()}, {}),
]


def test_the_answer_that_would_remain_longest_comes_first():
    site = {"blast_radius": {"canary": True}, "maintenance_windows": [NIGHT]}
    asked, known, codes = EVERYTHING, WORST, []
    for of_request, of_situation, of_policy in [*AWAY, ({}, {}, {})]:
        codes.append(answer(asked, known, policy(**site)).code)
        asked, known = replace(asked, **of_request), replace(known, **of_situation)
        site |= of_policy

    assert codes == [
        "kill_switch", "planner_mode", "gpo_managed", "host_busy", "pending_reboot",
        "retries_exhausted", "cooldown", "canary_failed", "approval_required", "window_required",
        "serialized", "canary_running", "site_busy", "allowed",
    ]  # fmt: skip
    assert len(codes) == len(QUESTIONS) + 1


FLAGS = st.fixed_dictionaries({name: st.booleans() for name in (*ASKS, *DISRUPTIVE, *WINDOW_ONLY)})


@given(
    does=FLAGS,
    tier=st.sampled_from(ResolutionLevel),
    reboots=st.booleans(),
    gpo=st.booleans(),
    pending=st.booleans(),
    failed=st.integers(0, 4),
    offset=st.integers(-100_000, 100_000),
    mode=st.sampled_from(["off", "shadow", "propose", "act"]),
    is_killed=st.booleans(),
    is_approved=st.booleans(),
)
def test_whatever_is_asked_nothing_passes_that_must_not(
    *, does, tier, reboots, gpo, pending, failed, offset, mode, is_killed, is_approved
):
    asked = request(
        does=does, tier=tier, requires_reboot=reboots,
        host={"gpo_managed": gpo, "pending_reboot": pending},
    )  # fmt: skip
    known = Situation(
        kill_switches=KILLED.kill_switches if is_killed else (),
        approvals=approved(asked).approvals if is_approved else (),
        tries=Tries(failed, NOON, NOON + 5 * MINUTE) if failed else Tries(),
    )
    site = policy(l2_mode=mode, maintenance_windows=[NIGHT])
    now = NOON + offset * SECOND

    decision = decide(asked, known, site, now)

    assert (decision.error_code == "E005") == (decision.verdict == "queue")
    assert decision.error_code != "E006" or decision.verdict == "wait"
    assert decision.until is None or decision.until > now
    if decision.verdict == "allow":
        assert not is_killed
        assert not gpo
        assert failed <= 2
        assert not failed or now >= NOON + 5 * MINUTE
        disturbs = does["is_disruptive"] or reboots
        assert not (disturbs and pending)
        assert is_approved or not (disturbs or does["requires_approval"])
        assert not (does["maintenance_window_only"] or reboots) or now.hour in {2, 3}
        assert tier is not L2 or mode in {"propose", "act"}


# What is asked


def test_a_request_comes_back_from_json_as_it_was():
    asked = request(
        does={"parameters": {"drives": ["C:", "D:"], "count": 2, "force": False}},
        host={"groups": frozenset({"servers", "clinic"})},
    )

    assert parse_request(asked.to_dict()) == asked


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"tier": "1"}, "tier"),
        ({"later": True}, "later"),
        ({"max_retries": 1.0}, "max_retries"),
        ({"host": {}}, "host.groups"),
        ({"host": {**request().to_dict()["host"], "is_hypervisor": True}}, "host"),
    ],
)
def test_a_request_of_another_form_is_refused(change, place):
    with pytest.raises(RequestUnreadable, match=f"got '{place}'"):
        parse_request({**request().to_dict(), **change})


def test_the_runbook_itself_says_how_careful_to_be():
    book = runbook(
        is_disruptive=True, reboots=True, requires_approval=True, timeout_seconds=900,
        serialize="domain_controllers",
    )  # fmt: skip

    asked = as_strict_as(request(), book)

    assert (asked.action.requires_approval, asked.action.is_disruptive) == (True, True)
    assert (asked.action.maintenance_window_only, asked.requires_reboot) == (True, True)
    assert (asked.longest_seconds, asked.serialize) == (900, "domain_controllers")


STEP = {"step_id": 1, "description": "Mends it.", "script": "mend.ps1", "timeout_seconds": 60}
RESTARTS = STEP | {"reboots": True}


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param({"steps": (RESTARTS | {"reboots_when": "changed"},)}, id="if-it-changed-some"),
        pytest.param({"steps": (STEP,), "rollback_steps": (RESTARTS,), "no_rollback_reason": None},
                     id="on-the-way-back"),
    ],
)  # fmt: skip
def test_a_restart_that_only_may_come_is_asked_for_like_any(steps):
    book = runbook(is_disruptive=True, requires_reboot=True, **steps)
    with pytest.raises(ValueError, match="requires_reboot and the steps that reboot contradict"):
        runbook(is_disruptive=True, requires_reboot=False, **steps)

    asked = as_strict_as(request(), book)

    assert found(asked)[1] == "approval_required"
    assert found(replace(asked, host=replace(asked.host, pending_reboot=True)))[1] == (
        "pending_reboot"
    )
    assert asked.needs_window


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (STEP | {"reboots_when": "changed"}, "this step does not restart the host"),
        (RESTARTS | {"reboots_when": "changed", "retry_count": 1}, "may fail half-way"),
        (RESTARTS | {"reboots_when": "changed", "continue_on_error": True}, "may fail half-way"),
    ],
)
def test_a_restart_on_a_condition_that_nobody_can_know_is_refused(step, said):
    with pytest.raises(ValueError, match=said):
        runbook(is_disruptive=True, requires_reboot=True, steps=(step,))


def test_a_rule_may_be_more_careful_than_its_runbook():
    asked = request(does=ASKS | WINDOW_ONLY, longest_seconds=7200)

    assert as_strict_as(asked, runbook()) == replace(asked, runbook_sha256=runbook().sha256)


@pytest.mark.parametrize(
    ("repairs", "claimed", "expected"),
    [(("reboot_pending",), False, True), (("script_block_logging_off",), True, False)],
)
def test_whether_a_repair_is_the_reboot_is_read_from_its_runbook(repairs, claimed, expected):
    asked = request(mends_pending_reboot=claimed)

    assert as_strict_as(asked, runbook(repairs=repairs)).mends_pending_reboot is expected


@pytest.mark.parametrize("book", [runbook(check_type="backup"), runbook("RB-WIN-LOG-001")])
def test_a_runbook_of_another_check_is_no_runbook_of_this_one(book):
    with pytest.raises(RunbookNotFound, match="is no runbook of logging"):
        as_strict_as(request(), book)


def test_every_code_is_explained_in_the_order_of_the_questions():
    page = (ROOT / "docs/reference/gate.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(?:wait|ask|refuse|queue|allow)`", page, re.MULTILINE)

    assert rows == [code.value for code in GateCode]
