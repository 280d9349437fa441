# SPDX-License-Identifier: GPL-3.0-or-later
"""Every host and check of a run has exactly one signed bundle, or the run says that it failed."""

import json
from datetime import timedelta

import pytest
from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import run_evidence
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.journal import (
    JournalFailed,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recorder import (
    CHECK_PREFIX,
    Hook,
    SiteConflict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.seal import SealFailed
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.signing import (
    signed_line,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    EvidenceDamaged,
    NameInvalid,
    SiteDirectory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import EvidenceBundle
from unit.evidence.runs import (
    CHECK_ALL,
    SITE,
    a_check,
    a_result,
    hear_scope,
    read_bundles,
    summary,
)

FOREIGN_KEY = SigningKey(bytes(32))
OUTCOMES = [("PASS", "success"), ("WARNING", "partial"), ("FAIL", "failure"), ("ERROR", "failure")]
NO_VERDICT = [
    pytest.param(Hook.UNREACHABLE, {"msg": "x"}, "unreachable", "E004", id="unreachable"),
    pytest.param(Hook.FAILED, {"msg": "x"}, "collector_failed", None, id="failed"),
    pytest.param(Hook.FAILED, {"timedout": {}}, "collector_timeout", None, id="task-timeout"),
    pytest.param(
        Hook.FAILED, {"reason_code": "collector_timeout"}, "collector_timeout", None, id="timeout"
    ),
    pytest.param(Hook.SKIPPED, {}, "not_evaluated", None, id="skipped"),
    pytest.param(Hook.OK, {"censored": "x"}, "collector_failed", None, id="no-log"),
    pytest.param(Hook.OK, {"compliance_checks": []}, "not_evaluated", None, id="empty"),
    pytest.param(Hook.OK, {"compliance_checks": ["PASS"]}, "not_evaluated", None, id="not-a-check"),
    pytest.param(
        Hook.OK,
        a_result({**a_check(), "status": "FINE"}),
        "collector_failed",
        None,
        id="unknown-status",
    ),
    pytest.param(
        Hook.OK, a_result({"check_id": "firewall"}), "collector_failed", None, id="half-a-check"
    ),
    pytest.param(
        Hook.OK,
        a_result(a_check(), checks={"firewall": {"load": 0.5}}),
        "collector_failed",
        None,
        id="float-in-facts",
    ),
    pytest.param(
        Hook.OK, a_result(a_check(), host={"x": object()}), "collector_failed", None, id="not-json"
    ),
    pytest.param(
        Hook.OK, a_result(a_check(), host={"x": "\ud800"}), "collector_failed", None, id="not-text"
    ),
    pytest.param(
        Hook.OK,
        a_result(a_check(), host={"\u00e9": 1, "e\u0301": 2}),
        "collector_failed",
        None,
        id="keys-that-normalise-to-one",
    ),
]


def seal_one(clinic, hook, result, action=CHECK_ALL, checks=("firewall",)):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01", checks=checks)
    recorder.hear(hook, "dc01", action, result)
    return recorder.finish().file


@pytest.mark.parametrize(("status", "outcome"), OUTCOMES)
def test_the_status_of_a_check_is_the_outcome_of_its_bundle(clinic, status, outcome):
    file = clinic.run(dc01=status)

    assert summary(file) == [("dc01", "firewall", outcome, "ok")]


def test_a_bundle_holds_what_the_check_saw_and_where_it_comes_from(clinic):
    recorder = clinic.recorder(job_id="77")
    hear_scope(recorder, "dc01")
    result = a_result(a_check(status="FAIL")) | {"collector_sha256": "ab" * 32}
    recorder.hear(Hook.OK, "dc01", CHECK_ALL, result)

    [bundle] = read_bundles(recorder.finish().file)

    assert EvidenceBundle.from_dict(bundle).signature
    key_id = bundle["pre_state"]["provenance"].pop("key_id")
    assert key_id == clinic.key().key_id
    scrubbing = bundle["pre_state"].pop("scrubbing")
    assert (scrubbing["counts"], scrubbing["error_code"]) == ({}, None)
    del bundle["signature"]
    assert bundle == {
        "bundle_id": "EB-20260302-000001",
        "site_id": "clinic-001",
        "host_id": "dc01",
        "timestamp": "2026-03-02T12:00:00Z",
        "check": "firewall",
        "outcome": "failure",
        "hipaa_controls": ["164.312(e)(1)"],
        "pre_state": {
            "schema_version": 2,
            "status": "FAIL",
            "reason_code": "ok",
            "error_code": None,
            "message": "FAIL: said by the test",
            "checked_at": "2026-03-02T11:59:00Z",
            "remediation_available": False,
            "findings": [],
            "policy": {},
            "facts": {"profiles": {"state": "ok"}},
            "host": {"os": {"state": "ok"}},
            "waiver": None,
            "provenance": {
                "collection_version": "test",
                "job_id": "77",
                "run_id": "run-1",
                "run_bundles": 1,
                "rules_sha256": "ab" * 32,
                "policy_version": None,
                # printf '{}' | sha256sum
                "policy_sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                "collector_sha256": "ab" * 32,
            },
        },
        "post_state": {},
        "actions": [],
        "phi_scrubbed": True,
    }


@pytest.mark.parametrize(("hook", "result", "reason", "code"), NO_VERDICT)
def test_a_check_without_a_verdict_is_an_error_and_never_missing(
    clinic, hook, result, reason, code
):
    file = seal_one(clinic, hook, result)

    [bundle] = read_bundles(file)
    state = bundle["pre_state"]
    assert (bundle["outcome"], state["status"]) == ("failure", "ERROR")
    assert (state["reason_code"], state["error_code"]) == (reason, code)
    assert bundle["hipaa_controls"] == ["164.312(e)(1)"]


def test_a_host_that_nobody_heard_of_again_is_not_evaluated(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01", "fs01", checks=("firewall", "logging"))
    recorder.hear(Hook.OK, "dc01", CHECK_ALL, a_result(a_check(), a_check("logging")))

    file = recorder.finish().file

    assert summary(file) == [
        ("dc01", "logging", "success", "ok"),
        ("dc01", "firewall", "success", "ok"),
        ("fs01", "logging", "failure", "not_evaluated"),
        ("fs01", "firewall", "failure", "not_evaluated"),
    ]


def test_a_host_lost_between_two_tasks_keeps_what_it_had_answered(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01", checks=("logging", "firewall"))
    recorder.hear(Hook.OK, "dc01", CHECK_PREFIX + "firewall", a_result(a_check()))
    recorder.hear(Hook.UNREACHABLE, "dc01", "ansible.windows.win_ping", {})

    file = recorder.finish().file

    assert summary(file) == [
        ("dc01", "logging", "failure", "unreachable"),
        ("dc01", "firewall", "success", "ok"),
    ]


def test_of_two_answers_the_last_whole_one_counts_once(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01")
    for status in ("PASS", "FAIL"):
        recorder.hear(Hook.OK, "dc01", CHECK_ALL, a_result(a_check(status=status)))
    recorder.hear(Hook.OK, "dc01", CHECK_ALL, a_result({"check_id": "firewall"}))

    file = recorder.finish().file

    [bundle] = read_bundles(file)
    assert bundle["pre_state"]["status"] == "FAIL"


def test_the_verdicts_of_a_task_that_a_gate_failed_count(clinic):
    file = seal_one(clinic, Hook.FAILED, a_result(a_check(status="WARNING")))

    assert summary(file) == [("dc01", "firewall", "partial", "ok")]


def test_a_failed_task_for_one_check_says_nothing_about_another(clinic):
    file = seal_one(
        clinic, Hook.FAILED, {}, action=CHECK_PREFIX + "firewall", checks=("logging", "firewall")
    )

    assert summary(file) == [
        ("dc01", "logging", "failure", "not_evaluated"),
        ("dc01", "firewall", "failure", "collector_failed"),
    ]


def test_text_of_a_failed_task_is_not_kept(clinic):
    file = seal_one(clinic, Hook.FAILED, {"msg": "Jane Doe 1970-01-01", "stderr": "Jane Doe"})

    assert "Jane" not in file.read_text()


def test_without_a_guard_what_was_heard_is_sealed(clinic):
    recorder = clinic.recorder()
    recorder.hear(Hook.OK, "dc01", CHECK_ALL, a_result(a_check()))
    recorder.hear(Hook.UNREACHABLE, "fs01", CHECK_PREFIX + "firewall", {})

    file = recorder.finish().file

    assert summary(file) == [
        ("dc01", "firewall", "success", "ok"),
        ("fs01", "firewall", "failure", "unreachable"),
    ]


def test_a_run_that_is_none_of_our_business_leaves_nothing(clinic):
    recorder = clinic.recorder()
    recorder.hear(Hook.OK, "dc01", "ansible.builtin.setup", a_result(a_check()))
    recorder.hear(Hook.UNREACHABLE, "dc01", "ansible.builtin.setup", {})

    assert recorder.finish() is None
    assert not list(clinic.directory.path.glob("journal/*"))


def test_numbers_go_on_without_a_gap_and_start_anew_each_day(clinic):
    files = [clinic.run(dc01="PASS", fs01="PASS"), clinic.run(dc01="PASS")]
    clinic.now += timedelta(hours=12)
    files.append(clinic.run(dc01="PASS"))

    numbers = [[item["bundle_id"] for item in read_bundles(file)] for file in files]

    assert numbers == [
        ["EB-20260302-000001", "EB-20260302-000002"],
        ["EB-20260302-000003"],
        ["EB-20260303-000001"],
    ]
    assert files[2].parent.name == "2026-03-03"


def test_a_long_line_is_read_back_whole_for_the_next_number(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01")
    recorder.hear(Hook.OK, "dc01", CHECK_ALL, a_result(a_check(), host={"x": "y" * 200_000}))
    recorder.finish()

    file = clinic.run(dc01="PASS")

    assert [item["bundle_id"] for item in read_bundles(file)] == ["EB-20260302-000002"]


def test_text_beyond_ascii_is_signed_in_normal_form(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, "pc-mu\u0308ller")
    result = a_result(a_check(), host={"u\u0308": "\U0001f600 e\u0301"})
    recorder.hear(Hook.OK, "pc-mu\u0308ller", CHECK_ALL, result)

    [bundle] = read_bundles(recorder.finish().file)

    assert bundle["host_id"] == "pc-m\u00fcller"
    assert "u\u0308" not in json.dumps(bundle, ensure_ascii=False)
    assert bundle["outcome"] == "success"


def test_a_sealed_run_leaves_no_journal_but_the_verifier_and_the_public_key(clinic):
    clinic.run(dc01="PASS")

    site = clinic.directory.path
    files = (file.relative_to(site) for file in site.rglob("*") if file.is_file())
    left = sorted(str(file) for file in files if file.parts[:2] != ("log", "checkpoints"))
    key_id = clinic.key().key_id
    assert left == [
        "bundles/2026-03-02/run-1.jsonl",
        "coverage/2026-03-02/run-1.json",
        f"keys/{key_id}.pub",
        "lock",
        "log/checkpoint",
        "log/tile/0/000.p/2",
        "log/tile/entries/000.p/2",
        "verify.py",
    ]


def test_evidence_that_cannot_be_written_keeps_the_journal(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01")
    clinic.directory.bundles.rmdir()
    clinic.directory.bundles.write_text("in the way")

    with pytest.raises(SealFailed, match="could not be written"):
        recorder.finish()

    assert clinic.directory.journal("run-1").stat().st_size > 0


def test_bundles_that_do_not_verify_from_disk_never_become_evidence(clinic, monkeypatch):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01")
    monkeypatch.setattr(run_evidence, "signed_line", lambda body, _: signed_line(body, FOREIGN_KEY))

    with pytest.raises(SealFailed, match="what was written does not verify"):
        recorder.finish()

    assert clinic.directory.journal("run-1").exists()
    assert [file.parent.name for file in clinic.directory.path.rglob("run-1.*")] == ["journal"]


def test_a_damaged_file_of_the_day_is_not_continued(clinic):
    damaged = clinic.run(dc01="PASS")
    damaged.write_bytes(damaged.read_bytes()[:-40])

    with pytest.raises(EvidenceDamaged, match="cannot be read"):
        clinic.run(dc01="PASS")

    assert clinic.directory.journal("run-2").exists()


def test_a_journal_that_could_not_be_written_fails_the_end_of_the_run(clinic):
    recorder = clinic.recorder()
    clinic.directory.journal("run-1").write_text("somebody else's")
    hear_scope(recorder, "dc01")

    with pytest.raises(JournalFailed, match="could not be opened"):
        recorder.finish()


def test_one_run_cannot_speak_of_two_sites(clinic):
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01")
    scope = {"site_id": "clinic-002", "checks": ["firewall"], "hosts": ["x"], "controls": {}}
    recorder.hear(Hook.OK, "x", "hipaa.compliance_agent.evidence_guard", {"evidence_scope": scope})

    with pytest.raises(SiteConflict):
        recorder.finish()


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", ".x", "a b", "a\n", "\u00fc", "x" * 64])
def test_a_site_whose_name_is_unsafe_in_a_path_is_refused(tmp_path, name):
    with pytest.raises(NameInvalid, match="site_id is no safe name"):
        SiteDirectory(tmp_path, name)


def test_a_site_with_a_plain_name_is_accepted(tmp_path):
    assert SiteDirectory(tmp_path, SITE).path == tmp_path / "clinic-001"
