# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings and services let updates come by themselves."""

import pytest

from unit.checks.documents import list_of, probe
from unit.checks.patching_documents import (
    NAMES,
    SERVICE,
    SETTINGS,
    found,
    healthy,
    informed,
    judge,
    site,
)

SWITCHES = [
    pytest.param({"no_auto_update": 1}, [("FAIL", "auto_update_disabled")], id="NoAutoUpdate"),
    pytest.param({"no_auto_update": 2}, [("FAIL", "auto_update_disabled")], id="any-number"),
    pytest.param({"au_options": 1}, [("FAIL", "auto_update_disabled")], id="never-check"),
    pytest.param({"disable_access": 1}, [("FAIL", "auto_update_disabled")], id="no-access"),
    pytest.param({"mdm_allow_auto_update": 5}, [("FAIL", "auto_update_disabled")], id="mdm-off"),
    pytest.param({"no_internet": 5}, [("WARNING", "internet_locations_blocked")], id="cut-off"),
    pytest.param({"mdm_pause_quality": 5}, [("WARNING", "updates_paused")], id="mdm-paused"),
    pytest.param({"au_options": 3}, [("WARNING", "auto_install_off")], id="download-only"),
    pytest.param({"au_options": 7}, [("WARNING", "auto_install_off")], id="notify-on-servers"),
    pytest.param({"au_options": None, "no_auto_update": None}, [], id="Windows-default"),
    pytest.param(
        {"defer_quality": 1, "defer_quality_days": 7},
        [("WARNING", "updates_deferred")],
        id="deferred",
    ),
    pytest.param({"defer_quality": 0, "defer_quality_days": 7}, [], id="deferral-switched-off"),
    pytest.param(
        {"pause_expires_at": "2025-11-05T09:00:00Z"}, [("WARNING", "updates_paused")], id="paused"
    ),
    pytest.param({"pause_expires_at": "2025-11-03T09:00:00Z"}, [], id="pause-is-over"),
    pytest.param(
        {"pause_quality_at": "2025-10-20T00:00:00Z"},
        [("WARNING", "updates_paused")],
        id="paused-by-policy",
    ),
    pytest.param({"pause_quality_at": "2025-08-20T00:00:00Z"}, [], id="35-days-are-over"),
    pytest.param({"use_wsus": 1}, [("WARNING", "wsus_not_named")], id="server-without-a-name"),
    pytest.param({"scheduled_install_day": 7}, [], id="weekly-is-information"),
    pytest.param({"no_auto_update": "1"}, [("ERROR", "probe_malformed")], id="garbage"),
]


@pytest.mark.parametrize(("change", "expected"), SWITCHES)
def test_settings_let_updates_come(change, expected):
    assert found(judge(healthy() | {"settings": probe(SETTINGS | change)})) == expected


def test_a_switch_of_group_policy_is_not_repaired_here():
    probes = healthy() | {"settings": probe(SETTINGS | {"no_auto_update": 1})}

    assert judge(probes).remediation_available is False
    assert judge(probes, computer={"part_of_domain": False}).remediation_available is True


MANAGED_BY_WSUS = {"use_wsus": 1, "wsus_scheme": "https"}
WSUS_SERVICE = {
    "service_id": "3da21691-e39d-4da6-8a4b-b43877bcb1b7",
    "is_default": True,
    "is_managed": True,
}
AGENT = {"name": "CcmExec", "exists": True, "state": "Running", "start_mode": "Auto"}
NO_AGENT = {"exists": False, "state": None, "start_mode": None, "exit_code": None}


def switched_off(agent=None, **settings):
    """Return a host without automatic updates, and with the agent of a manager if one is given."""
    rows = [{"name": name, **SERVICE} for name in NAMES]
    rows += [SERVICE | AGENT | agent] if agent is not None else []
    off = probe(SETTINGS | {"no_auto_update": 1} | settings)
    return healthy() | {"settings": off, "services": probe(list_of(*rows))}


NAMED = [
    pytest.param("wsus", switched_off(**MANAGED_BY_WSUS), {}, id="wsus-by-policy"),
    pytest.param(
        "wsus",
        switched_off(wsus_scheme="https") | {"update_services": probe(list_of(WSUS_SERVICE))},
        {},
        id="wsus-by-default",
    ),
    pytest.param("intune", switched_off(), {"mdm_enrolled": True}, id="enrolled"),
    pytest.param("sccm", switched_off({}), {}, id="agent-runs"),
    pytest.param("sccm", switched_off({"state": "Stopped"}), {}, id="agent-stopped"),
    pytest.param("sccm", switched_off(), {}, id="agent-not-asked-for"),
    pytest.param("rmm", switched_off(), {}, id="nobody-can-tell"),
]


@pytest.mark.parametrize(("manager", "probes", "computer"), NAMED)
def test_a_named_manager_may_switch_automatic_updates_off(manager, probes, computer):
    check = judge(probes, site(managed_by=manager), computer=computer)

    assert found(check) == []
    assert "auto_update_disabled" in informed(check)


MISSING = [
    pytest.param("wsus", switched_off(), id="no-server"),
    pytest.param("intune", switched_off(), id="not-enrolled"),
    pytest.param("sccm", switched_off(NO_AGENT), id="no-agent"),
    pytest.param(
        "sccm", switched_off({"state": "Stopped", "start_mode": "Disabled"}), id="agent-disabled"
    ),
]


@pytest.mark.parametrize(("manager", "probes"), MISSING)
def test_a_named_manager_that_is_not_there_is_for_a_person_to_look_at(manager, probes):
    check = judge(probes, site(managed_by=manager))

    assert found(check) == [("WARNING", "conflicting_evidence")]


def test_a_server_of_the_site_that_was_not_looked_for_is_not_missed():
    probes = switched_off() | {"update_services": probe(state="timeout")}

    check = judge(probes, site(managed_by="wsus"))

    assert found(check) == [("WARNING", "probe_timeout")]


def test_updates_that_the_site_does_not_require_may_be_off():
    check = judge(switched_off(NO_AGENT), site(managed_by="sccm", required_auto_update=False))

    assert found(check) == []


def test_a_manager_that_the_site_does_not_name_is_a_warning():
    assert found(judge(switched_off({}))) == [("WARNING", "auto_update_disabled")]


SERVICES = [
    pytest.param(0, "start_mode", "Disabled", [("FAIL", "auto_update_disabled")], id="agent"),
    pytest.param(0, "start_mode", None, [("ERROR", "probe_error")], id="agent-says-nothing"),
    pytest.param(2, "start_mode", None, [("WARNING", "probe_error")], id="other-says-nothing"),
    pytest.param(1, "start_mode", "Disabled", [("FAIL", "auto_update_disabled")], id="scheduler"),
    pytest.param(4, "start_mode", "Disabled", [("WARNING", "update_service_disabled")], id="other"),
    pytest.param(0, "state", "Running", [], id="state-does-not-matter"),
    pytest.param(0, "exists", False, [("ERROR", "update_service_absent")], id="hidden"),
    pytest.param(0, "start_mode", "garbage", [("ERROR", "probe_malformed")], id="garbage"),
]


@pytest.mark.parametrize(("index", "key", "value", "expected"), SERVICES)
def test_services_of_updates_can_start(index, key, value, expected):
    probes = healthy()
    probes["services"]["value"]["items"][index][key] = value

    assert found(judge(probes)) == expected


def test_a_service_that_is_really_gone_is_a_fault():
    probes = healthy() | {"settings": probe(SETTINGS | {"agent_start": None})}
    probes["services"]["value"]["items"][0]["exists"] = False

    assert found(judge(probes)) == [("FAIL", "auto_update_disabled")]


def test_the_registry_shows_a_disabled_service_that_was_not_read():
    probes = healthy() | {
        "settings": probe(SETTINGS | {"agent_start": 4}),
        "services": probe(state="timeout"),
    }

    assert found(judge(probes)) == [("FAIL", "auto_update_disabled"), ("ERROR", "probe_timeout")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("wuauserv", [("ERROR", "probe_missing")]), ("BITS", [("WARNING", "probe_missing")])],
)
def test_a_service_that_no_row_tells_of_was_not_read(name, expected):
    rest = [{"name": item, **SERVICE} for item in NAMES if item != name]

    assert found(judge(healthy() | {"services": probe(list_of(*rest))})) == expected
