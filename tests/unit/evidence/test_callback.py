# SPDX-License-Identifier: GPL-3.0-or-later
"""Real playbook runs: whatever happens to hosts and tasks, evidence is whole or the run is red."""

import json

import pytest

from unit.evidence.project import SITE, check_play, guard_play, make_project

CHECKS = ["firewall", "logging"]
UNREACHABLE_RC = 4
STRATEGIES = ["ansible.builtin.linear", "ansible.builtin.free", "ansible.builtin.host_pinned"]


def rows(host, reason="ok"):
    outcome = "success" if reason == "ok" else "failure"
    return [(host, "logging", outcome, reason), (host, "firewall", outcome, reason)]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_host_and_check_has_one_bundle_whatever_the_host_answers(project, strategy):
    answers = ["PASS", "unreachable", "broken", "timeout", "garbage", "float", "gate"]
    hosts = {f"{answer.lower()}-01": {"answer": answer} for answer in answers}

    run = project.run([guard_play(CHECKS), check_play(CHECKS, strategy=strategy)], hosts)

    assert run.returncode == UNREACHABLE_RC, run.stdout + run.stderr
    assert project.summary() == [
        *rows("pass-01"),
        *rows("unreachable-01", "unreachable"),
        *rows("broken-01", "collector_failed"),
        *rows("timeout-01", "collector_timeout"),
        *rows("garbage-01", "collector_failed"),
        ("float-01", "logging", "success", "ok"),
        ("float-01", "firewall", "failure", "collector_failed"),
        *rows("gate-01"),
    ]
    assert (project.journals(), project.verified()) == ([], 0)
    codes = {item["host_id"]: item["pre_state"]["error_code"] for item in project.bundles()}
    assert codes["unreachable-01"] == "E004"
    assert "secret-text-of-windows" not in json.dumps(project.bundles())


def test_batches_are_one_run(project):
    hosts = {f"pc{number}": {} for number in range(1, 6)}

    run = project.run([guard_play(CHECKS), check_play(CHECKS, serial=2)], hosts)

    assert run.returncode == 0, run.stdout + run.stderr
    assert project.summary() == [row for host in hosts for row in rows(host)]


def test_a_guard_that_runs_in_batches_says_the_same_scope_again(project):
    play = guard_play(CHECKS, serial=1)
    play["tasks"] += check_play(CHECKS)["tasks"]

    run = project.run([play], {"pc1": {}, "pc2": {}})

    assert run.returncode == 0, run.stdout + run.stderr
    assert project.summary() == rows("pc1") + rows("pc2")


def test_hosts_that_a_failed_batch_kept_from_their_turn_are_not_evaluated(project):
    hosts = {"pc1": {"answer": "broken"}, "pc2": {}, "pc3": {}}

    play = check_play(CHECKS, serial=1, max_fail_percentage=0)
    run = project.run([guard_play(CHECKS), play], hosts)

    assert run.returncode == 2, run.stdout + run.stderr
    assert project.summary() == [
        *rows("pc1", "collector_failed"),
        *rows("pc2", "not_evaluated"),
        *rows("pc3", "not_evaluated"),
    ]


def test_a_host_lost_between_two_checks_keeps_the_first(project):
    tasks = [
        *check_play(["firewall"], action="check_firewall")["tasks"],
        *check_play(["logging"], action="check_logging")["tasks"],
    ]
    tasks[1]["hipaa.compliance_agent.check_logging"]["answer"] = "{{ then }}"
    plays = [guard_play(CHECKS), {"hosts": "all", "gather_facts": False, "tasks": tasks}]

    project.run(plays, {"pc1": {"then": "unreachable"}, "pc2": {"then": "PASS"}})

    assert project.summary() == [
        ("pc1", "logging", "failure", "unreachable"),
        ("pc1", "firewall", "success", "ok"),
        *rows("pc2"),
    ]


def test_a_limit_is_the_scope_of_the_run(project):
    run = project.run(
        [guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}, "pc2": {}}, "--limit", "pc2"
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert project.summary() == rows("pc2")
    [statement] = project.statements()
    assert statement["scope"]["inventory_hosts"] == 2
    assert statement["not_scheduled"]["hosts"] == ["pc1"]


def test_check_mode_keeps_evidence_because_a_check_changes_nothing(project):
    run = project.run([guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}}, "--check")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "changed=0" in run.stdout
    assert project.summary() == rows("pc1")


def test_the_first_run_prints_the_public_key_and_the_second_does_not(project):
    plays = [guard_play(CHECKS), check_play(CHECKS)]

    first, second = (project.run(plays, {"pc1": {}}) for _ in range(2))

    [public] = project.site.glob("keys/*.pub")
    assert public.read_text().strip() in first.stdout
    assert "ed25519:" not in second.stdout
    numbers = [item["bundle_id"][-6:] for item in project.bundles()]
    assert numbers == ["000001", "000002", "000003", "000004"]
    assert project.verified() == 0


def test_a_key_that_nobody_places_lies_in_the_home_directory(project):
    del project.environment["HIPAA_SIGNING_KEY_FILE"]

    run = project.run([guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}})

    key = project.path / ".config" / "hipaa-compliance-agent" / "clinic-001.key"
    assert run.returncode == 0, run.stdout + run.stderr
    assert key.stat().st_mode & 0o7777 == 0o600


def test_the_end_of_the_run_shows_a_table_and_where_the_evidence_lies(project):
    run = project.run(
        [guard_play(CHECKS), check_play(CHECKS)],
        {"pc1": {"answer": "FAIL"}, "pc2": {"answer": "unreachable"}},
        "-v",
    )

    end = run.stdout.partition("PLAY RECAP")[2].splitlines()
    [file] = project.site.glob("bundles/*/*.jsonl")
    table = end.index("host  logging  firewall")
    assert end[table + 1 : table + 3] == ["pc1   FAIL     FAIL", "pc2   ERROR    ERROR"]
    assert end[table + 3].startswith("Evidence: 4 bundles signed by key ")
    assert end[table + 3].endswith(f"and verified, in {file}")
    assert end[table + 4].startswith(
        "Coverage: 2 of 12 checks have a verdict, 2 unreachable, 8 not scheduled; stated in CS-"
    )
    assert end[table + 5].startswith("Evidence callback: 3 results, ")


def test_nothing_of_arguments_and_variables_is_kept(project):
    play = check_play(CHECKS)
    play["tasks"][0]["hipaa.compliance_agent.check_all"]["password"] = "{{ secret }}"
    play["vars"] = {"secret": "fictional-pw-1"}

    project.run(
        [guard_play(CHECKS), play], {"pc1": {"token": "fictional-pw-2"}}, "-e", "x=fictional"
    )

    assert project.summary() == rows("pc1")
    assert "fictional" not in json.dumps(project.bundles())


def test_a_playbook_without_checks_leaves_nothing_and_asks_for_no_site(project):
    task = {"name": "Say", "ansible.builtin.debug": {"msg": "hello"}}

    run = project.run([{"hosts": "all", "gather_facts": False, "tasks": [task]}], {"pc1": {}})

    assert run.returncode == 0, run.stdout + run.stderr
    assert not (project.path / "evidence").exists()


def test_without_the_callback_the_guard_stops_the_run(tmp_path):
    project = make_project(tmp_path, callbacks="ansible.builtin.minimal")

    run = project.run([guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}, "pc2": {}})

    assert run.returncode == 2
    assert "The evidence callback does not listen to this run" in run.stdout + run.stderr
    assert "TASK [Check]" not in run.stdout


def test_a_missing_dependency_stops_the_run_by_name(project):
    (project.path / "shadow" / "rfc8785").mkdir(parents=True)
    (project.path / "shadow" / "rfc8785" / "__init__.py").write_text(
        "raise ImportError('No module named rfc8785')"
    )
    project.environment["PYTHONPATH"] = str(project.path / "shadow")

    run = project.run([guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}})

    assert run.returncode == 70
    assert "Evidence cannot be signed: No module named rfc8785" in run.stdout
    assert "TASK [Check]" not in run.stdout


def test_a_missing_dependency_without_a_guard_is_red_too(project):
    (project.path / "shadow" / "rfc8785").mkdir(parents=True)
    (project.path / "shadow" / "rfc8785" / "__init__.py").write_text("raise ImportError('gone')")
    project.environment["PYTHONPATH"] = str(project.path / "shadow")

    run = project.run([check_play(CHECKS)], {"pc1": {}})

    assert run.returncode == 70
    assert "[EVIDENCE] The evidence callback could not load: gone." in run.stderr


def test_a_callback_that_breaks_down_itself_ends_red(project):
    # Ansible only warns of what a callback raises, and would end green without evidence.
    (project.path / "hook").mkdir()
    (project.path / "hook" / "sitecustomize.py").write_text(
        "import time\n\ndef thread_time():\n    raise RuntimeError('no clock')\n\n"
        "time.thread_time = thread_time\n"
    )
    project.environment["PYTHONPATH"] = str(project.path / "hook")

    run = project.run([guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}})

    assert run.returncode == 70, run.stdout + run.stderr
    assert "[EVIDENCE] This run has no evidence: no clock" in run.stderr
    assert project.bundles() == []


STOPPED = [
    pytest.param("site_id", "../up", "site_id is no safe name", id="site-id"),
    pytest.param("checks", ["firewal"], "checks are not what this product knows", id="check"),
    pytest.param("checks", [], "checks are not what this product knows", id="no-check"),
    pytest.param("rules_dir", "/nowhere", "/nowhere", id="rules"),
]


@pytest.mark.parametrize(("argument", "value", "message"), STOPPED)
def test_the_guard_refuses_a_scope_that_makes_no_sense(project, argument, value, message):
    play = guard_play(CHECKS)
    play["tasks"][0]["hipaa.compliance_agent.evidence_guard"][argument] = value

    run = project.run([play, check_play(CHECKS)], {"pc1": {}})

    assert run.returncode == 2
    assert message in run.stdout
    assert "TASK [Check]" not in run.stdout


def test_the_guard_refuses_a_key_that_others_can_read(project):
    project.key_file.write_text("ed25519-seed:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n")
    project.key_file.chmod(0o644)

    run = project.run([guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}})

    assert run.returncode == 2
    assert "others can read or write the signing key" in run.stdout
    assert "TASK [Check]" not in run.stdout


def test_the_guard_refuses_a_lost_key_when_there_is_evidence(project):
    plays = [guard_play(CHECKS), check_play(CHECKS)]
    project.run(plays, {"pc1": {}})
    project.key_file.unlink()

    run = project.run(plays, {"pc1": {}})

    assert run.returncode == 2
    assert "its signing key is gone" in run.stdout
    assert not project.key_file.exists()


def test_the_guard_refuses_a_directory_that_cannot_be_written(project):
    (project.path / "evidence").write_text("a file is in the way")

    run = project.run([guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}})

    assert run.returncode == 2
    assert "cannot be written" in run.stdout
    assert "TASK [Check]" not in run.stdout


def test_the_guard_refuses_another_site_than_the_one_set_up(project):
    project.environment["HIPAA_SITE_ID"] = "clinic-002"

    run = project.run([guard_play(CHECKS), check_play(CHECKS)], {"pc1": {}})

    assert run.returncode == 2
    assert "this run has evidence of two sites" in run.stdout


def test_evidence_that_cannot_be_sealed_ends_red_and_keeps_the_journal(project):
    bundles = project.site / "bundles"
    spoil = {"name": "Spoil", "ansible.builtin.raw": f"rm -r {bundles} && touch {bundles}"}
    play = {"hosts": "all", "gather_facts": False, "connection": "local", "tasks": [spoil]}

    run = project.run([guard_play(CHECKS), check_play(CHECKS), play], {"pc1": {}})

    assert run.returncode == 70, run.stdout + run.stderr
    assert "[EVIDENCE] This run has no evidence" in run.stderr
    assert len(project.journals()) == 1


def test_a_full_disk_ends_red_and_keeps_the_journal(project):
    play = check_play(CHECKS)
    play["tasks"][0]["hipaa.compliance_agent.check_all"]["padding"] = 3_000_000
    hosts = {f"pc{number}": {} for number in range(4)}

    run = project.run([guard_play(CHECKS), play], hosts, file_limit_bytes=8_000_000)

    assert run.returncode == 70, run.stdout + run.stderr
    assert "could not be written; got 'File too large'" in run.stderr
    assert len(project.journals()) == 1
    assert project.bundles() == []


def test_checks_without_a_guard_are_sealed_for_the_site_of_the_settings(project):
    project.environment["HIPAA_SITE_ID"] = SITE
    project.run([guard_play(CHECKS)], {"pc1": {}})

    run = project.run([check_play(CHECKS)], {"pc2": {}})

    assert run.returncode == 0, run.stdout + run.stderr
    assert project.summary() == rows("pc1", "not_evaluated") + rows("pc2")


def test_checks_without_a_guard_and_without_a_site_end_red(project):
    run = project.run([check_play(CHECKS)], {"pc1": {}})

    assert run.returncode == 70
    assert "site_id is no safe name" in run.stderr


@pytest.mark.parametrize("play", [guard_play(CHECKS), check_play(CHECKS)], ids=["guard", "check"])
def test_a_play_that_should_check_and_matches_no_host_is_red(project, play):
    run = project.run([{**play, "hosts": "nobody"}], {"pc1": {}})

    assert run.returncode == 71, run.stdout + run.stderr
    assert "[EVIDENCE] No host matched the play: nobody" in run.stderr


def test_another_play_that_matches_no_host_is_none_of_our_business(project):
    task = {"name": "Say", "ansible.builtin.debug": {"msg": "hello"}}

    run = project.run([{"hosts": "nobody", "gather_facts": False, "tasks": [task]}], {"pc1": {}})

    assert run.returncode == 0
