# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that the choices of Ansible's command line do to a check what its users expect."""

import json

import pytest

from integration.connection.clinic import BROKEN, CHECKS, HEALTHY, LOST

pytestmark = pytest.mark.connection

FIVE = ("pc1", "pc2", "pc3", "pc4", "pc5")
NETWORK = {"logging": "PASS", "firewall": "PASS"}


def test_check_mode_checks_all_the_same(open_clinic):
    clinic = open_clinic("pc1")

    run = clinic.check("--check")

    assert run.exit_code == 0, run.text
    assert run.verdicts == {"pc1": HEALTHY}
    assert run.changed == {"pc1": 0}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["-e", "compliance_serial=2"], id="batches"),
        pytest.param(["-e", "compliance_strategy=free"], id="free"),
        pytest.param(["-e", "compliance_strategy=linear"], id="linear"),
        pytest.param(["--forks", "1"], id="one-fork"),
    ],
)
def test_no_order_of_work_loses_a_host(open_clinic, options):
    hosts = {**dict.fromkeys(FIVE, ()), "pc2": ("refused",), "pc3": ("killed-after:3",)}
    clinic = open_clinic(hosts=hosts)

    run = clinic.check(*options)

    assert run.exit_code == 4, run.text
    assert run.verdicts == {
        "pc1": HEALTHY,
        "pc2": LOST,
        "pc3": LOST,
        "pc4": HEALTHY,
        "pc5": HEALTHY,
    }


def test_a_limit_is_the_scope_of_the_evidence(open_clinic):
    clinic = open_clinic(*FIVE)

    run = clinic.check("--limit", "pc2,pc4")

    assert run.exit_code == 0, run.text
    assert run.verdicts == {"pc2": HEALTHY, "pc4": HEALTHY}
    assert {host for host, _ in clinic.backend.asked} == {"pc2", "pc4"}


@pytest.mark.parametrize(
    ("options", "verdicts"),
    [
        pytest.param(["--tags", "firewall,logging"], NETWORK, id="tags"),
        pytest.param(
            ["--skip-tags", "backup"],
            {check: "PASS" for check in CHECKS if check != "backup"},
            id="skip-tags",
        ),
        pytest.param(
            ["-e", "checks=firewall,encryption"],
            {"firewall": "PASS", "encryption": "PASS"},
            id="variable",
        ),
        pytest.param(
            ["-e", '{"checks": ["firewall", "logging", "backup"]}', "--skip-tags", "backup"],
            NETWORK,
            id="variable-and-tags",
        ),
    ],
)
def test_only_chosen_checks_have_evidence(open_clinic, options, verdicts):
    clinic = open_clinic(hosts={"pc1": (), "pc2": ("refused",)})

    run = clinic.check(*options)

    lost = dict.fromkeys(verdicts, "ERROR unreachable E004")
    assert run.exit_code == 4, run.text
    assert run.verdicts == {"pc1": verdicts, "pc2": lost}


def test_the_gate_fails_a_host_and_keeps_its_verdicts(open_clinic):
    demanding = {"compliance_policy_host": {"firewall": {"log_max_kb": 32767}}}
    clinic = open_clinic("pc1", "pc2", variables={"pc2": demanding})

    run = clinic.check("-e", json.dumps({"compliance_check_fail_on": ["WARNING", "FAIL"]}))

    assert run.exit_code == 2, run.text
    assert run.verdicts == {"pc1": HEALTHY, "pc2": HEALTHY | {"firewall": "WARNING"}}
    assert "firewall WARNING: " in run.text


def test_single_modules_give_the_same_evidence(open_clinic):
    clinic = open_clinic(hosts={"pc1": (), "pc2": ("killed-after:13",), "pc3": ("no-json*2",)})
    names = ", ".join(CHECKS)
    guard = {"site_id": "{{ site_id }}", "checks": list(CHECKS)}
    tasks = [
        {"name": f"Check {check}", f"hipaa.compliance_agent.check_{check}": {}} for check in CHECKS
    ]
    play = {
        "name": f"Check {names}",
        "hosts": "all",
        "gather_facts": False,
        "any_errors_fatal": False,
    }
    first = {"name": "Guard", "hipaa.compliance_agent.evidence_guard": guard}
    playbook = clinic.controller.write(
        "six.yml", [{**play, "tasks": [first]}, {**play, "tasks": tasks}]
    )

    run = clinic.run(playbook)

    assert run.exit_code == 4, run.text
    assert run.verdicts["pc1"] == HEALTHY
    # Two modules of six requests each, then the host is gone.
    assert run.verdicts["pc2"] == LOST | {"patching": "PASS", "av_edr": "PASS"}
    # A host whose task failed leaves the play; its other checks were never asked.
    others = dict.fromkeys(CHECKS, "ERROR not_evaluated")
    assert run.verdicts["pc3"] == others | {"patching": "ERROR collector_failed"}


def test_two_names_of_one_host_are_two_hosts(open_clinic):
    clinic = open_clinic("pc1")
    hosts = json.loads((clinic.controller.home / "inventory/hosts.yml").read_text())
    hosts["all"]["hosts"]["alias"] = hosts["all"]["hosts"]["pc1"]
    clinic.controller.write("inventory/hosts.yml", hosts)

    run = clinic.check()

    assert run.exit_code == 0, run.text
    assert run.verdicts == {"pc1": HEALTHY, "alias": HEALTHY}


def test_a_module_that_never_ends_is_given_up_by_the_timeout_of_the_task(open_clinic):
    clinic = open_clinic(hosts={"pc1": (), "pc2": ("timeout",)})
    role = {
        "ansible.builtin.import_role": {"name": "hipaa.compliance_agent.compliance_check"},
        "name": "Check",
        "timeout": "{{ {'pc2': 2}[inventory_hostname] | default(0) }}",
    }
    guard = {"site_id": "{{ site_id }}", "checks": list(CHECKS)}
    first = {"name": "Guard", "hipaa.compliance_agent.evidence_guard": guard}
    play = {"name": "Check", "hosts": "all", "gather_facts": False}
    playbook = clinic.controller.write(
        "patient.yml", [{**play, "tasks": [first]}, {**play, "tasks": [role]}]
    )

    run = clinic.run(playbook)

    assert run.exit_code == 2, run.text
    assert run.verdicts == {
        "pc1": HEALTHY,
        "pc2": dict.fromkeys(CHECKS, "ERROR collector_timeout"),
    }


ROLE = {"ansible.builtin.import_role": {"name": "hipaa.compliance_agent.compliance_check"}}


def guarded(clinic, task, checks=CHECKS):
    """Write a playbook that announces *checks* and then runs *task*."""
    guard = {"site_id": "{{ site_id }}", "checks": list(checks)}
    first = {"name": "Guard", "hipaa.compliance_agent.evidence_guard": guard}
    play = {"name": "Check", "hosts": "all", "gather_facts": False}
    plays = [{**play, "tasks": [first]}, {**play, "tasks": [{"name": "Check", **task}]}]
    return clinic.controller.write("guarded.yml", plays)


@pytest.mark.parametrize(
    ("task", "check"),
    [
        pytest.param(ROLE, "firewall", id="role"),
        pytest.param({"hipaa.compliance_agent.check_all": {}}, "firewall", id="module"),
        pytest.param(
            {"hipaa.compliance_agent.check_all": {"checks": ["logging"]}},
            "logging",
            id="argument-is-stronger",
        ),
        pytest.param({"hipaa.compliance_agent.check_backup": {}}, "backup", id="single-check"),
    ],
)
def test_the_variable_of_the_role_chooses_checks(open_clinic, task, check):
    chosen = {"compliance_check_ids": "{{ ['fire' ~ 'wall'] }}"}
    clinic = open_clinic("pc1", variables={"pc1": chosen})

    run = clinic.run(guarded(clinic, task, [check]))

    assert run.exit_code == 0, run.text
    assert run.verdicts == {"pc1": {check: "PASS"}}


def test_a_host_for_which_the_role_names_no_check_is_skipped_and_not_evaluated(open_clinic):
    clinic = open_clinic("pc1", "pc2", variables={"pc2": {"compliance_check_ids": []}})

    run = clinic.run(guarded(clinic, ROLE))

    assert run.exit_code == 0, run.text
    assert "skipping: [pc2]" in run.text
    assert run.verdicts == {"pc1": HEALTHY, "pc2": dict.fromkeys(CHECKS, "ERROR not_evaluated")}
    assert {host for host, _ in clinic.backend.asked} == {"pc1"}


def test_no_checks_as_an_argument_are_a_mistake(open_clinic):
    clinic = open_clinic("pc1")

    run = clinic.run(guarded(clinic, {"hipaa.compliance_agent.check_all": {"checks": []}}))

    assert run.exit_code == 2, run.text
    assert run.verdicts == {"pc1": BROKEN}
    assert "checks is empty" in run.text
    assert clinic.server.stats.requests == 0


def test_a_run_without_hosts_is_red(open_clinic):
    clinic = open_clinic("pc1")

    run = clinic.check("-e", "compliance_hosts=nobody")

    assert run.exit_code == 71, run.text
    assert run.verdicts == {}
    assert "No host matched the play: " in run.text


def test_a_limit_that_names_no_host_is_red(open_clinic):
    clinic = open_clinic("pc1")

    run = clinic.check("--limit", "nobody")

    assert run.exit_code == 1, run.text
    assert run.verdicts == {}
    assert clinic.server.stats.requests == 0


def test_a_failed_collector_is_a_failed_task(open_clinic):
    clinic = open_clinic(hosts={"pc1": ("no-json",), "pc2": ()})

    run = clinic.check()

    assert run.exit_code == 2, run.text
    assert run.verdicts == {"pc1": BROKEN, "pc2": HEALTHY}
