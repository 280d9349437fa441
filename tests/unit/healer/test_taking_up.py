# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how the next run frees a host that a dead run held, wherever that run was killed."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.acting import (
    Acting,
    order_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.healer import Healer
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.proposals import (
    Proposal,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.taking_up import (
    take_up,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store import gate_deaths
from unit.healer.repairing import mend, undo
from unit.healer.site import HOST, SITE, host_with, opened
from unit.healing.planner.cases import NOW

LATER = NOW + timedelta(minutes=10)
FAULT = "log_too_small!"


def planned(healer: Healer, host: str = HOST, now=NOW) -> Proposal:
    seen = host_with(CheckId.LOGGING, FAULT, host=host, asked_at=now)
    [item] = Planning(healer, seen, now).plan()
    return item.proposal


def claimed(healer: Healer) -> None:
    healer.gate.claim(planned(healer).request, NOW)


def taken(healer: Healer) -> None:
    assert Acting(healer, lambda: NOW).take(order_of(planned(healer))).is_taken


def mended(healer: Healer) -> None:
    mend(healer, planned(healer), NOW)


def undone(healer: Healer) -> None:
    undo(healer, planned(healer), NOW)


def code_for_others(healer: Healer) -> str:
    """Return what the gate says to another host with the same fault."""
    seen = host_with(CheckId.LOGGING, FAULT, host="fs02", asked_at=LATER)
    [item] = Planning(healer, seen, LATER).plan()
    return item.code


@pytest.mark.parametrize(
    ("killed", "others"),
    [
        pytest.param(claimed, "allowed", id="before-anything-was-kept"),
        pytest.param(taken, "allowed", id="before-the-first-script"),
        pytest.param(mended, "allowed", id="after-the-check-had-passed"),
        pytest.param(undone, "canary_failed", id="after-it-was-rolled-back"),
    ],
)
def test_a_run_that_died_says_of_its_runbook_what_was_seen_of_it(
    killed: Callable[[Healer], None], others, tmp_path, monkeypatch
):
    with opened(tmp_path, run="heal-1") as healer:
        killed(healer)
    monkeypatch.setattr(gate_deaths, "is_alive", lambda _run: False)

    with opened(tmp_path, run="heal-2") as healer:
        left = take_up(healer, HOST, LATER)

        assert (left, healer.gate.held(SITE)) == ([], ())
        assert code_for_others(healer) == others


def test_a_run_that_nobody_sees_is_taken_over_when_a_person_says_that_it_is_dead(
    tmp_path, monkeypatch
):
    with opened(tmp_path, run="heal-1") as healer:
        taken(healer)
    monkeypatch.setattr(gate_deaths, "is_alive", lambda _run: None)

    with opened(tmp_path, run="heal-2") as healer:
        take_up(healer, HOST, LATER)
        before = code_for_others(healer)
        healer.gate.declare_dead(SITE, "heal-1", "dave", LATER)
        take_up(healer, HOST, LATER)

        assert (before, code_for_others(healer)) == ("canary_running", "allowed")


def test_a_run_that_died_before_anything_was_tried_uses_up_no_try(tmp_path, monkeypatch):
    def chosen(healer, now):
        host = host_with(CheckId.LOGGING, "forwarding_broken!", asked_at=now)
        [item] = Planning(healer, host, now).plan()
        return item

    # The planner has one try.
    with opened(tmp_path, mode="act", run="heal-1") as healer:
        assert Acting(healer, lambda: NOW).take(order_of(chosen(healer, NOW).proposal)).is_taken
    monkeypatch.setattr(gate_deaths, "is_alive", lambda _run: False)

    with opened(tmp_path, mode="act", run="heal-2") as healer:
        take_up(healer, HOST, LATER)
        again = chosen(healer, LATER + timedelta(hours=1))

    assert (again.verdict, again.code) == ("allow", "allowed")
