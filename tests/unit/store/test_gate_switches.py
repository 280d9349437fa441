# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kill switch stops, who turns it off, and what counts as its file."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    NameInvalid,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.approvals import (
    ApproverRefused,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_tables import (
    ALL_SITES,
)
from unit.healing.repairs import NOON, request
from unit.store.gate_answers import HOUR, SITE, code


@pytest.mark.parametrize(("scope", "stopped"), [(SITE, [SITE]), (ALL_SITES, [SITE, "clinic-002"])])
def test_a_kill_switch_stops_its_site_or_all_of_them(gate, scope, stopped):
    gate().kill(scope, "dave", "a bad patch", NOON)

    answers = {
        site: code(gate().claim(request(site_id=site), NOON)) for site in (SITE, "clinic-002")
    }

    assert [site for site, answer in answers.items() if answer == "kill_switch"] == stopped


def test_a_switch_that_is_turned_on_twice_is_turned_off_once(gate):
    gate().kill(SITE, "dave", "a bad patch", NOON)
    again = gate().kill(SITE, "erin", "me too", NOON + HOUR)

    assert again.since == NOON
    assert gate().unkill(SITE, "dave", NOON + HOUR)
    assert not gate().unkill(SITE, "dave", NOON + HOUR)
    assert gate().kill_switches(SITE) == ()


def test_only_a_person_turns_it_off(gate):
    gate().kill(SITE, "rule:L1-LOGGING-005", "too many failures", NOON)

    with pytest.raises(ApproverRefused):
        gate().unkill(SITE, "planner", NOON)

    assert len(gate().kill_switches(SITE)) == 1


@pytest.mark.parametrize("scope", ["", "clinic 001", "**", "all sites"])
def test_a_switch_for_what_can_be_no_site_would_stop_nothing_and_is_refused(gate, scope):
    with pytest.raises(NameInvalid):
        gate().kill(scope, "dave", "a bad patch", NOON)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda _: None, "allowed", id="not-there"),
        pytest.param(lambda file: file.touch(), "kill_switch", id="empty"),
        pytest.param(lambda file: file.touch(mode=0), "kill_switch", id="unreadable"),
        pytest.param(lambda file: file.mkdir(), "kill_switch", id="a-directory"),
        pytest.param(lambda file: file.symlink_to("nowhere"), "kill_switch", id="a-broken-link"),
        pytest.param(lambda file: file.parent.rmdir(), "kill_switch", id="its-directory-is-gone"),
        pytest.param(
            lambda file: (file.parent.rmdir(), file.parent.touch()),
            "kill_switch",
            id="its-directory-is-a-file",
        ),
    ],
)
def test_the_file_stops_everything_unless_it_is_certainly_not_there(gate, tmp_path, make, expected):
    file = tmp_path / "switches" / "stop"
    file.parent.mkdir()

    make(file)

    assert code(gate(kill_switch_file=str(file)).decide(request(), NOON)) == expected


def test_a_file_whose_directory_may_not_be_entered_counts_as_there(gate, tmp_path, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.lstat", denied)

    decision = gate(kill_switch_file=f"{tmp_path}/stop").claim(request(), NOON)

    assert code(decision) == "kill_switch"
    assert decision.reason == (
        f"The kill switch is on: the file {tmp_path}/stop cannot be looked at (Permission denied)."
    )
