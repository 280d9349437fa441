# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what `make demo` shows, whoever answers: recordings, or simulated Windows."""

import json
import subprocess
from dataclasses import replace

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import EvidenceBundle
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.report import (
    count_statuses,
    status_of,
)
from lab.addresses import free_block
from lab.demo import SITE, healer_memory
from lab.demo_report import Healing
from lab.engine import Engine
from lab.estate import ESTATES, Estate, load_estate
from lab.hoststates import write_estate
from lab.playbooks import EXPECTED_EXITS, HEAL, ROOT, Places, command_line, executable
from lab.replay import Replay
from lab.server import running_lab
from lab.windows.states import Clock

pytestmark = pytest.mark.xdist_group("healing")
RUN_SECONDS = 1500
CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
P, W, F, E = "PASS", "WARNING", "FAIL", "ERROR"


def at_free_addresses(estate: Estate) -> Estate:
    """Return *estate* where no other lab listens, such as that of a demo."""
    addresses = free_block(len(estate.hosts), ports=(5985,))
    hosts = tuple(
        replace(host, address=address)
        for host, address in zip(estate.hosts, addresses, strict=True)
    )
    return replace(estate, hosts=hosts)


@pytest.fixture(scope="module", params=["replay", pytest.param("engine", marks=pytest.mark.engine)])
def demo(request, tmp_path_factory):
    """Heal the clinic; return what was signed, and what the healer remembers of it."""
    folder = tmp_path_factory.mktemp("demo")
    plan = load_estate(ESTATES / "demo.yml")
    if request.param == "replay":
        estate = at_free_addresses(plan.recorded())
        backend = Replay(estate)
    else:
        settings = request.getfixturevalue("engine_settings")
        estate = at_free_addresses(write_estate(plan, folder / "hosts", Clock("running")))
        backend = Engine(estate, settings)
    places = Places(folder / "evidence", folder / "lab.key", folder / "healer.sqlite")
    hosts = {host.name: {"ansible_host": host.address} for host in estate.hosts}
    moved = folder / "moved.json"
    moved.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    with running_lab(estate, backend):
        done = subprocess.run(
            [*executable(command_line(HEAL)), "-i", str(moved)],
            cwd=ROOT,
            env=places.environment(),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
    assert done.returncode in EXPECTED_EXITS, done.stdout + done.stderr
    bundles = read_bundles(places)
    with healer_memory(places) as healer:
        return bundles, Healing.of(bundles, healer, utc_now())


def read_bundles(places: Places) -> list[EvidenceBundle]:
    [file] = (places.evidence / SITE / "bundles").glob("*/*.jsonl")
    lines = file.read_text(encoding="utf-8").splitlines()
    return [EvidenceBundle.from_dict(json.loads(line)) for line in lines]


def test_the_table_is_the_same_whoever_answers(demo):
    bundles, _healing = demo
    seen = {(item.host_id, item.check.value): status_of(item) for item in bundles}

    table = {host: tuple(seen[host, check] for check in CHECKS) for host, _check in seen}

    assert table == {
        "core01": (P, P, P, P, P, P),
        "dc01": (F, P, P, P, P, P),
        "ehr01": (P, P, P, P, W, P),
        "fs01": (F, P, F, P, P, F),
        "laptop01": (P, P, P, P, P, P),
        "praxis01": (W, F, P, P, F, P),
        "reception01": (F, P, P, P, P, F),
        "xray01": (E, E, E, E, E, E),
    }
    assert count_statuses(bundles) == {"PASS": 32, "WARNING": 2, "FAIL": 8, "ERROR": 6}


def test_rules_and_the_planner_heal_and_what_does_not_hold_is_taken_back(demo):
    _bundles, healing = demo

    assert {
        (
            item.bundle.host_id,
            item.bundle.check.value,
            item.attempt.runbook_id,
            int(item.attempt.tier),
            str(item.attempt.outcome),
        )
        for item in healing.repairs
    } == {
        ("dc01", "logging", "RB-WIN-LOG-002", 1, "success"),
        ("ehr01", "av_edr", "RB-WIN-AV-001", 1, "success"),
        ("laptop01", "av_edr", "RB-WIN-AV-002", 2, "success"),
        ("laptop01", "encryption", "RB-WIN-ENC-001", 1, "success"),
        ("reception01", "logging", "RB-WIN-LOG-001", 1, "success"),
        ("fs01", "patching", "RB-WIN-PATCH-004", 1, "failure"),
    }


def test_the_way_back_was_taken_to_its_end(demo):
    _bundles, healing = demo
    [failed] = [item for item in healing.repairs if item.bundle.host_id == "fs01"]

    steps = [(step.phase, step.is_ok) for step in failed.attempt.steps]

    assert ("step", False) in steps
    assert steps[-3:] == [("rollback", True), ("rollback", True), ("recheck", False)]


def test_a_window_is_waited_for_and_a_person_is_asked(demo):
    _bundles, healing = demo

    waiting = {
        (item.host, item.runbook_id, item.asked_by, item.is_queued) for item in healing.waiting
    }

    assert waiting >= {
        ("fs01", "RB-WIN-BACKUP-001", "rule:L1-BACKUP-001", True),
        ("reception01", "RB-WIN-ENC-005", "planner", False),
        ("praxis01", "RB-WIN-FW-001", "planner", False),
    }
    assert [item.host for item in healing.waiting if item.is_queued] == ["fs01"]


def test_what_a_policy_owns_and_what_no_repair_mends_goes_to_a_person(demo):
    _bundles, healing = demo

    handed = {(item.host, item.check): " ".join(item.actions) for item in healing.handed}

    assert handed.keys() >= {("fs01", "encryption"), ("reception01", "patching")}
    assert "A group policy owns the setting." in handed["praxis01", "av_edr"]
