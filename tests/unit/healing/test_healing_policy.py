# SPDX-License-Identifier: GPL-3.0-or-later
"""How a site's healing policy comes together, what it refuses, and how it says so."""

import re
from datetime import date, timedelta

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PolicyInvalid
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.policy import (
    load_healing_policy,
    runbooks_without_room,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir
from unit.healing.repairs import ROOT, runbook

RULES = default_rules_dir()
WINDOW = {
    "name": "saturday night",
    "rrule": "FREQ=WEEKLY;BYDAY=SA;BYHOUR=2;BYMINUTE=0",
    "duration_minutes": 120,
    "time_zone": "America/New_York",
}


def load(site=None, **more):
    return load_healing_policy(RULES, site, **more)


def refusal(site, **more) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        load(site, **more)
    return str(caught.value)


def test_what_is_shipped_is_careful():
    policy = load()

    assert policy.model_dump(mode="json") == {
        "l2_mode": "shadow",
        "maintenance_windows": [],
        "blackout_dates": [],
        "blast_radius": {"canary": True, "canary_span_hours": 24, "hosts_at_once": 3},
        "approvals": {"expires_hours": 24},
        "retries": {"span_hours": 24},
        "kill_switch_file": None,
        "auto_approve": [],
        "l2_endpoint": None,
    }


def test_a_site_replaces_keys_and_inside_a_section_key_by_key():
    policy = load({"blast_radius": {"hosts_at_once": 1}, "maintenance_windows": [WINDOW]})

    assert policy.blast_radius.model_dump() == {
        "canary": True,
        "canary_span_hours": 24,
        "hosts_at_once": 1,
    }
    assert policy.maintenance_windows[0].duration == timedelta(hours=2)


@pytest.mark.parametrize("day", ["2026-12-24", date(2026, 12, 24)], ids=["text", "yaml-date"])
def test_a_day_may_be_text_or_what_yaml_makes_of_it(day):
    assert load({"blackout_dates": [day]}).blackout_dates == (date(2026, 12, 24),)


def test_a_bare_off_is_off_though_yaml_reads_false():
    assert load({"l2_mode": False}).l2_mode == "off"


@pytest.mark.parametrize(
    ("site", "said"),
    [
        pytest.param(
            {"l2_mode": "yolo"},
            "variable compliance_healing: l2_mode: Input should be 'off', 'shadow', 'propose' or "
            "'act'; got 'yolo'. Allowed: One of off, shadow, propose, act.",
            id="mode",
        ),
        pytest.param(
            {"l2_mode": True},
            "variable compliance_healing: l2_mode: Input should be 'off', 'shadow', 'propose' or "
            "'act'; got True. Allowed: One of off, shadow, propose, act.",
            id="a-bare-on",
        ),
        pytest.param(
            {"blast_radius": {"hosts_at_once": 0}},
            "variable compliance_healing: blast_radius.hosts_at_once: Input should be greater than "
            "or equal to 1; got 0. Allowed: Hosts, 1 to 1000.",
            id="no-host-at-once",
        ),
        pytest.param(
            {"blast_radius": {"hosts_at_one": 5}},
            "variable compliance_healing: blast_radius.hosts_at_one: is no key of this policy; got "
            "5. Allowed: canary, canary_span_hours, hosts_at_once.",
            id="unknown-key-inside",
        ),
        pytest.param(
            {"kill_switch": "/run/stop"},
            "variable compliance_healing: kill_switch: is no key of this policy; got '/run/stop'. "
            "Allowed: l2_mode, maintenance_windows, blackout_dates, blast_radius, approvals, "
            "retries, kill_switch_file, auto_approve, l2_endpoint.",
            id="unknown-key",
        ),
        pytest.param(
            {"approvals": None},
            "variable compliance_healing: approvals: Input should be an object. Allowed: A mapping "
            "of expires_hours.",
            id="section-emptied",
        ),
        pytest.param(
            {"approvals": {"expires_hours": 1.5}},
            "variable compliance_healing: approvals holds a type that no policy has; got 'float'. "
            "Write text, whole numbers, true, false, lists and mappings.",
            id="a-fraction",
        ),
        pytest.param(
            {"kill_switch_file": "run/stop"},
            "variable compliance_healing: kill_switch_file: not an absolute path: a run may start "
            "in any directory; got 'run/stop'. Allowed: An absolute path, or null.",
            id="relative-path",
        ),
        pytest.param(
            {"blackout_dates": ["24.12.2026"]},
            "variable compliance_healing: blackout_dates.0: Invalid isoformat string: "
            "'24.12.2026'; got '24.12.2026'. Allowed: A list of days as \"2026-12-24\".",
            id="day-of-another-form",
        ),
        pytest.param(
            ["l2_mode"],
            "variable compliance_healing is not a mapping; got ['l2_mode']. Write key: value.",
            id="a-list",
        ),
    ],
)
def test_what_is_wrong_is_named_with_place_value_and_what_is_allowed(site, said):
    assert refusal(site) == said


def test_where_the_variable_was_written_is_told():
    said = refusal({"l2_mode": 7}, origin="variable compliance_healing (group_vars/all.yml:12)")

    assert said.startswith("variable compliance_healing (group_vars/all.yml:12): l2_mode: ")


def test_the_release_file_is_named_where_the_fault_is_in_it(tmp_path):
    (tmp_path / "healing.yml").write_text("l2_mode: shadow\n")

    with pytest.raises(PolicyInvalid, match=rf"{tmp_path}/healing.yml: maintenance_windows: Field"):
        load_healing_policy(tmp_path)


def test_a_window_that_is_wrong_is_named_by_its_place():
    said = refusal({"maintenance_windows": [WINDOW, {**WINDOW, "time_zone": "Mars/Base"}]})

    assert said.startswith(
        "variable compliance_healing: maintenance_windows.1.time_zone: no such time zone; write "
        "one as America/New_York or UTC; got 'Mars/Base'."
    )


def test_two_windows_of_one_name_are_refused():
    assert "two windows have the name saturday night" in refusal(
        {"maintenance_windows": [WINDOW, WINDOW]}
    )


HARMLESS = runbook("RB-WIN-LOG-005", requires_approval=True)


def test_a_runbook_that_disturbs_nobody_can_be_approved_in_advance():
    policy = load({"auto_approve": ["RB-WIN-LOG-005"]}, runbooks={"RB-WIN-LOG-005": HARMLESS})

    assert policy.auto_approve == ("RB-WIN-LOG-005",)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        pytest.param(runbook("RB-WIN-FW-009", is_disruptive=True), "it disturbs", id="disruptive"),
        pytest.param(
            runbook("RB-WIN-FW-009", maintenance_window_only=True),
            "it belongs in a maintenance window",
            id="window",
        ),
        pytest.param(
            runbook("RB-WIN-FW-009", is_disruptive=True, reboots=True), "it disturbs", id="reboot"
        ),
        # As if somebody had edited its flags away.
        pytest.param(runbook("RB-WIN-FW-001"), "a person must always allow it", id="firewall"),
        pytest.param(runbook("RB-WIN-ENC-003"), "a person must always allow it", id="bitlocker"),
        pytest.param(runbook("RB-WIN-BACKUP-001"), "a person must always allow it", id="backup"),
    ],
)
def test_what_disturbs_is_never_approved_in_advance(item, said):
    found = refusal({"auto_approve": [item.runbook_id]}, runbooks={item.runbook_id: item})

    assert found.startswith(f"variable compliance_healing: auto_approve: {said}")
    assert f"got '{item.runbook_id}'" in found


def test_a_runbook_that_does_not_exist_is_not_approved_in_advance():
    assert "there is no such runbook; got 'RB-WIN-LOG-999'" in refusal(
        {"auto_approve": ["RB-WIN-LOG-999"]}, runbooks={"RB-WIN-LOG-005": HARMLESS}
    )


LONG = runbook("RB-WIN-PATCH-001", maintenance_window_only=True, timeout_seconds=10_800)
SHORT = runbook("RB-WIN-PATCH-003", maintenance_window_only=True, timeout_seconds=5_401)


def test_a_window_that_no_repair_fits_into_is_refused():
    books = {item.runbook_id: item for item in (LONG, SHORT, HARMLESS)}
    window = {**WINDOW, "duration_minutes": 90}

    said = refusal({"maintenance_windows": [WINDOW, window | {"name": "lunch"}]}, runbooks=books)

    assert said == (
        "variable compliance_healing: maintenance_windows.1.duration_minutes: no repair fits into "
        "the window lunch; even RB-WIN-PATCH-003 may take 91 minutes; got 90. Write at least 91."
    )


def test_runbooks_that_are_longer_than_every_window_are_told():
    policy = load({"maintenance_windows": [WINDOW]})

    assert runbooks_without_room(policy, [LONG, SHORT, HARMLESS]) == ["RB-WIN-PATCH-001"]
    assert runbooks_without_room(load(), [SHORT, HARMLESS]) == ["RB-WIN-PATCH-003"]


def test_the_keys_and_defaults_in_the_reference_are_those_of_the_release():
    page = (ROOT / "docs/reference/gate.md").read_text(encoding="utf-8")
    flat = {}
    for key, value in load().model_dump(mode="json").items():
        flat |= (
            {f"{key}.{name}": item for name, item in value.items()}
            if isinstance(value, dict)
            else {key: value}
        )
    shown = {None: "`null`", True: "`true`"}
    rows = re.findall(r"^\| `([a-z0-9_.]+)` \| [^|]* \| (none|`[^`]*`) \|", page, re.MULTILINE)

    assert dict(rows) == {
        key: "none" if value == [] else shown.get(value, f"`{value}`")
        for key, value in flat.items()
    }


def test_the_windows_in_the_howto_are_windows():
    page = (ROOT / "docs/howto/set-maintenance-windows.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    rules = re.findall(r"^\| [^|]* \| `(FREQ=[^`]*)`", page, re.MULTILINE)

    policy = load(yaml.safe_load(block)["compliance_healing"])

    assert [window.name for window in policy.maintenance_windows] == [
        "servers on saturday",
        "lunch",
    ]
    assert len(rules) == 6
    for rule in rules:
        load({"maintenance_windows": [{**WINDOW, "rrule": rule, "starts_on": "2026-01-03"}]})
