# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what a source that fails does to a verdict: each probe, each way to fail.

A probe that was not read never ends in PASS, on a healthy host or on an unhealthy one. Two things
may be missing without harm. A registry key: then Windows' default is in force, which is a fact and
is judged as one. And one of two sources with the same authority, as long as the other answers.
"""

import copy

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.probe import (
    parse_document,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.instants import to_text
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import JUDGES
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from integration.chain import CHECKS, Collection, from_json, observe, to_json
from integration.faultcases import (
    CLIENT,
    FAULTS,
    ITEM_BY_ITEM,
    SERVER,
    SITE,
    STATES,
    broken,
    cases,
    collection,
    distinct,
    seeded,
    states,
)
from integration.scenarios import baseline_site, read_scenarios
from integration.surfaces import (
    HOST_SURFACES,
    NO_SURFACE,
    SCENARIO_OF,
    SECOND_SOURCE,
    SURFACES,
)
from lab.windows.states import REFERENCE

pytestmark = pytest.mark.engine
# Hang and error end as denied does, with a probe that is not read: the healthy half proves it.
FAULTS_OF_THE_UNHEALTHY = ("denied", "missing", "garbage")
# Check, probe, fault -> why the fault changes nothing that the probe reads.
_ONLY_IDS = "of a record it reads the id and the time, which the event log itself keeps"
_NOT_FORWARDED = "nothing is forwarded here, so nobody asks"
UNMOVED = {
    ("patching", "servicing_events", "garbage"): _ONLY_IDS,
    ("patching", "reboot", "garbage"): "names of keys and values are all that is read",
    ("av_edr", "detections", "garbage"): "a healthy host has no detection to garble",
    ("av_edr", "threat_events", "garbage"): _ONLY_IDS,
    ("av_edr", "protection_events", "garbage"): _ONLY_IDS,
    ("backup", "wsb_events", "garbage"): "codes of a record count when a backup failed",
    ("backup", "product_events", "garbage"): _ONLY_IDS,
    ("backup", "shadow_copies", "garbage"): "a healthy host has no shadow copy to garble",
    ("logging", "audit_owner", "garbage"): "names of values are all that is read",
    ("logging", "forwarding", "garbage"): _NOT_FORWARDED,
    ("logging", "forwarding_events", "garbage"): _NOT_FORWARDED,
    ("logging", "forwarding_events", "missing"): _NOT_FORWARDED,
    ("firewall", "security_center", "garbage"): "no other firewall is there to garble",
    ("encryption", "pending_reboot", "garbage"): "that the key exists is all that is read",
}


@pytest.fixture(scope="module")
def run(once, engine_settings, tmp_path_factory):
    """Return a function that runs collections once for all processes; see `once`."""

    def run_once(name, collections):
        def compute():
            folder = tmp_path_factory.mktemp(name)
            return to_json(observe(engine_settings, folder, collections()))

        return from_json(once(f"faults-{name}", compute))

    return run_once


def table(rows):
    """Return the rows of a failed matrix as text."""
    return "\n".join(["", *("  ".join(map(str, row)) for row in rows)])


def probes_of(check):
    facts = {"schema_version": 1, "collected_at": to_text(REFERENCE), "host": {}, "checks": {}}
    return set(JUDGES[CheckId(check)].facts.parse(parse_document(facts)).probes())


@pytest.mark.parametrize("check", CHECKS)
def test_every_probe_is_in_the_matrix(check):
    assert set(SURFACES[check]) == probes_of(check)
    assert set(SCENARIO_OF[check]) == probes_of(check)
    empty = {probe for probe, surfaces in SURFACES[check].items() if not surfaces}
    assert empty == {probe for of_check, probe in NO_SURFACE if of_check == check}


@pytest.fixture(scope="module")
def healthy(run):
    def collections():
        for case in distinct(cases()):
            state = case.break_host(seeded(case.baseline, case.check))
            yield collection(case.name, state, case.check)
        for check in CHECKS:
            for baseline in (SERVER, CLIENT):
                site = SITE | baseline_site(baseline)
                state = seeded(baseline, check)
                yield collection(f"{check}-{baseline}", state, check, site=site)

    return run("healthy", collections)


@pytest.mark.parametrize("check", CHECKS)
def test_without_a_fault_the_host_passes(check, healthy):
    verdicts = [healthy[f"{check}-{baseline}"][check] for baseline in (SERVER, CLIENT)]

    assert [(v.status, v.concerns) for v in verdicts] == [("PASS", set()), ("PASS", set())]


@pytest.mark.parametrize("check", CHECKS)
def test_a_probe_says_why_it_was_not_read(check, healthy):
    wrong = []
    for case in cases(tuple(STATES)):
        if case.check != check:
            continue
        state = healthy[case.name][check].probes[case.probe]
        if state not in case.states:
            wrong.append((case.name, case.surface, state, "expected", sorted(case.states)))

    assert not wrong, table(wrong)


@pytest.mark.parametrize("check", CHECKS)
def test_a_probe_that_fails_on_a_healthy_host_never_passes(check, healthy):
    passed = [
        (case.name, case.surface, healthy[case.name][check].probes)
        for case in cases()
        if case.check == check
        and not case.is_default
        and (case.check, case.probe, case.fault) not in UNMOVED
        and (case.check, case.probe) not in SECOND_SOURCE
        and healthy[case.name][check].status == "PASS"
    ]

    assert not passed, table(passed)


@pytest.mark.usefixtures("native")
def test_a_second_source_answers_with_the_verdict_of_the_first(healthy):
    unlike = []
    for case in cases():
        second = SECOND_SOURCE.get((case.check, case.probe))
        if second is None:
            continue
        verdict = healthy[case.name][case.check]
        whole = healthy[f"{case.check}-{case.baseline}"][case.check]
        # One of both answered, the first one if it could, and nothing of it shows in the verdict.
        is_first = verdict.probes[case.probe] == "ok"
        if verdict.essence != whole.essence or (verdict.probes[second] == "ok") == is_first:
            unlike.append((case.name, verdict.status, verdict.probes))

    assert not unlike, table(unlike)


@pytest.mark.parametrize("check", CHECKS)
def test_a_probe_that_fails_on_an_unhealthy_host_never_passes(check, run):
    sites = {scenario.name: scenario.site for scenario in read_scenarios()}
    wanted = [case for case in cases(FAULTS_OF_THE_UNHEALTHY) if not case.is_default]

    def collections():
        for case in distinct(wanted, lambda case: case.unhealthy_name):
            state = case.break_host(copy.deepcopy(states()[case.scenario]))
            site = sites[case.scenario]
            yield collection(case.unhealthy_name, state, case.check, site=site)

    found = run("unhealthy", collections)

    passed = [
        (case.unhealthy_name, found[case.unhealthy_name][check].probes)
        for case in wanted
        if case.check == check and found[case.unhealthy_name][check].status == "PASS"
    ]
    assert not passed, table(passed)


def own_surfaces(check):
    """Return the surfaces that no other check reads."""
    others = {
        surface.split(".")[0]
        for other in CHECKS
        if other != check
        for surfaces in SURFACES[other].values()
        for surface in surfaces
    }
    mine = {surface for surfaces in SURFACES[check].values() for surface in surfaces}
    return sorted(surface for surface in mine if surface.split(".")[0] not in others)


@pytest.fixture(scope="module")
def neighbours(run):
    def collections():
        yield collection("clean", seeded(SERVER, *SEEDED_TOGETHER), *CHECKS)
        for check in CHECKS:
            for fault in ("error", "hang"):
                state = seeded(SERVER, *SEEDED_TOGETHER)
                for surface in own_surfaces(check):
                    broken(state, surface, fault)
                yield collection(f"{check}-{fault}", state, *CHECKS)

    return run("neighbours", collections)


# Not encryption: a pending reboot, which it is asked about, is a fault of patching.
SEEDED_TOGETHER = tuple(check for check in CHECKS if check != "encryption")


@pytest.mark.parametrize("fault", ["error", "hang"])
@pytest.mark.parametrize("check", CHECKS)
def test_a_check_with_no_source_left_changes_no_other_check(check, fault, neighbours):
    clean, found = neighbours["clean"], neighbours[f"{check}-{fault}"]

    assert found[check].status in {"ERROR", "WARNING", "FAIL"}
    for other in set(CHECKS) - {check}:
        assert found[other] == clean[other], other


@pytest.mark.parametrize("surface", HOST_SURFACES)
def test_without_knowing_the_machine_nothing_is_judged(surface, run):
    def collections():
        for place in HOST_SURFACES:
            for fault in FAULTS:
                state = broken(seeded(SERVER, *SEEDED_TOGETHER), place, fault)
                name = f"{HOST_SURFACES.index(place)}-{fault}"
                yield collection(name, state, *CHECKS)

    found = run("host", collections)

    for fault in FAULTS:
        verdicts = found[f"{HOST_SURFACES.index(surface)}-{fault}"]
        assert {check: v.status for check, v in verdicts.items()} == dict.fromkeys(CHECKS, "ERROR")


WEAK = {
    "not_elevated": {"token": {"integrity": "medium", "member_of_administrators": False}},
    "wow64_process": {"token": {"bitness": 32}},
}


@pytest.mark.parametrize("code", WEAK)
def test_a_process_that_sees_wrong_things_is_not_believed(code, run):
    def collections():
        for name, changes in WEAK.items():
            state = copy.deepcopy(states()[SERVER])
            for key, values in changes.items():
                state[key] |= values
            # SYSTEM would lift the very limit that this is about.
            yield Collection(name, state, CHECKS)

    found = run("weak", collections)[code]

    assert {check: verdict.status for check, verdict in found.items()} == dict.fromkeys(
        CHECKS, "ERROR"
    )
    assert all(code in verdict.codes for verdict in found.values())


def patient_cases():
    """Return what can be waited for: a registry key answers or fails at once."""
    return distinct(case for case in cases(("hang",)) if case.kind != "registry")


def test_a_source_that_never_answers_is_given_up(run):
    def collections():
        for case in patient_cases():
            state = case.break_host(seeded(case.baseline, case.check), seconds=600)
            # The time of a search is the one that the policy decides.
            asked = {"patching": {"search_timeout_seconds": 1}} if case.check == "patching" else {}
            yield collection(case.name, state, case.check, budget_seconds=1, collect=asked)

    found = run("hang", collections)

    wrong = [
        (case.name, case.surface, found[case.name][case.check].probes[case.probe])
        for case in patient_cases()
        if (
            found[case.name][case.check].probes[case.probe] != "timeout"
            and (case.check, case.probe) not in ITEM_BY_ITEM
        )
        or (
            found[case.name][case.check].status == "PASS"
            and (case.check, case.probe) not in SECOND_SOURCE
        )
    ]
    assert not wrong, table(wrong)
