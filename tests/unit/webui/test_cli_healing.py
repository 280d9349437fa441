# SPDX-License-Identifier: GPL-3.0-or-later
"""``flask --app webui healing``: who answers, and what was put aside."""

import os
import pwd
from dataclasses import replace

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gate_approvals import (
    find_approval,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    RunIdentity,
)
from unit.healer.site import HOST, SITE, host_with, opened
from unit.healer.test_putting_aside import RUNBOOK, mended_every_day, planned
from unit.healing.planner.cases import NOW
from webui import create_app
from webui.settings import Settings

# Where no process of these tests can be looked for.
ELSEWHERE = RunIdentity("run-elsewhere", "awx-job-83", "another boot", 4711, "100")
AT_SITE = f"--site={SITE}"


@pytest.fixture
def memory(tmp_path):
    """Return the folder of a healer whose one chronic fault was put aside."""
    with opened(tmp_path) as healer:
        planned(healer, mended_every_day(healer))
    return tmp_path


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a command over that memory."""
    url = f"sqlite:///{tmp_path / 'healer.sqlite3'}"
    app = create_app(Settings(evidence_dir=tmp_path, database_url=url))
    return lambda *arguments: app.test_cli_runner().invoke(args=["healing", *arguments])


@pytest.mark.usefixtures("memory")
def test_what_was_put_aside_is_listed_and_cleared(run):
    before = run("waiting", AT_SITE)
    cleared = run("clear", HOST, "logging", RUNBOOK, AT_SITE)
    after = run("waiting", AT_SITE)

    assert before.output.splitlines() == [
        "put aside  fs01, logging: RB-WIN-LOG-002, chronic since 2026-03-08T03:00:00Z",
        "0 requests for approval, 0 queued, 0 hosts held, 1 put aside",
    ]
    assert cleared.output == "RB-WIN-LOG-002 may be run again for logging on fs01\n"
    assert after.output == "0 requests for approval, 0 queued, 0 hosts held, 0 put aside\n"


@pytest.mark.usefixtures("memory")
def test_to_clear_what_was_not_put_aside_is_an_error(run):
    done = run("clear", HOST, "logging", "RB-WIN-LOG-001", AT_SITE)

    assert done.exit_code != 0
    assert "there is no such suppression" in done.output


def test_a_run_that_cannot_be_seen_is_listed_and_declared_dead(run, tmp_path):
    with opened(tmp_path) as healer:
        [item] = Planning(healer, host_with(CheckId.LOGGING, "log_too_small!"), NOW).plan()
        replace(healer.gate, run=ELSEWHERE).claim(item.proposal.request, NOW)

    before = run("waiting", AT_SITE)
    said = run("dead", "run-elsewhere", AT_SITE)
    typed_wrong = run("dead", "run-else", AT_SITE)

    assert before.output.splitlines()[0] == (
        "held  fs01, logging: RB-WIN-LOG-002, by run run-elsewhere, process 4711 on awx-job-83, "
        "not to be seen from here"
    )
    assert said.output == "run-elsewhere: dead; the next run takes over 1 host\n"
    assert typed_wrong.exit_code != 0
    assert "no run of this name holds a host of clinic-001" in typed_wrong.output
    with opened(tmp_path) as healer:
        [claim] = healer.gate.recover(SITE, "run-elsewhere")
    assert claim.host_id == HOST


def test_who_approves_is_the_account_and_not_what_a_variable_says(run, tmp_path, monkeypatch):
    with opened(tmp_path) as healer:
        host = host_with(CheckId.ENCRYPTION, "os_volume_unencrypted!")
        [item] = Planning(healer, host, NOW).plan()
        # As if asked now: the command goes by the clock.
        asked = healer.gate.request_approval(item.proposal.request, utc_now())
    monkeypatch.setenv("LOGNAME", "somebody-else")

    done = run("approve", asked.approval_id)

    assert done.exit_code == 0, done.output
    with opened(tmp_path) as healer, healer.database.reading() as session:
        answered = find_approval(session, asked.approval_id)
    assert answered.decided_by == pwd.getpwuid(os.getuid()).pw_name
