# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate answers, one line a rule, and which answer comes first."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.gate import (
    QUESTIONS,
    CanaryState,
    GateCode,
    GateDecision,
    GateVerdict,
    KillSwitch,
    Situation,
    Tries,
    decide,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import ResolutionLevel
from unit.healing.gate_situations import (
    ASKS,
    DAY,
    DISRUPTIVE,
    HOUR,
    MINUTE,
    SECOND,
    WINDOW_ONLY,
    answer,
    approved,
    found,
    running,
)
from unit.healing.repairs import LOGGING, NIGHT, NOON, ROOT, policy, request

L2 = ResolutionLevel.L2
KILLED = Situation(kill_switches=(KillSwitch("all sites", NOON - HOUR),))


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


def test_every_code_is_explained_in_the_order_of_the_questions():
    page = (ROOT / "docs/reference/gate.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(?:wait|ask|refuse|queue|allow)`", page, re.MULTILINE)

    assert rows == [code.value for code in GateCode]
