# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate lets wait for a maintenance window, and until when."""

import pytest

from unit.healing.gate_situations import NIGHT_TIME, WINDOW_ONLY, answer, approved, found
from unit.healing.repairs import NIGHT, NOON, policy, request


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
