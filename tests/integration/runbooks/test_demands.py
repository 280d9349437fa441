# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what the tests show of every runbook, whatever it repairs.

It repairs a host, and the check proves it. It refuses another one and touches nothing, not even to
find out. When it fails half-way the host is as it was before, except for logs and for what the
runbook says that nobody takes back. Run a second time it has nothing to do. Where no step has run
its validation does not call the host good, and its way back takes nothing back.
"""

import importlib
import json
import re
from dataclasses import dataclass, field

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    load_runbooks,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("demands")]
RUNBOOKS = load_runbooks(default_rules_dir())


@dataclass(frozen=True)
class Shown:
    """Names of repairs in the tests of a runbook; *repairs* is run twice.

    *undoes*: a failure after which the way back had something to put back, where *fails* is of a
    runbook that writes once and so cannot stop between two changes. *stays*: what is left different
    after *fails*, as patterns of paths.
    """

    repairs: str
    refuses: str
    fails: str
    undoes: str = ""
    stays: tuple[str, ...] = field(default=())


# Windows gives a service that was restarted a new process.
PROCESS = r"services/\w+/(ProcessId|ExitCode)"
TABLE = {
    "RB-WIN-AV-001": Shown("repairs", "passive", "no source"),
    "RB-WIN-AV-002": Shown("off", "policy", "no start"),
    "RB-WIN-AV-003": Shown("missing", "policy", "no source"),
    "RB-WIN-AV-004": Shown("repairs", "disabled", "no start"),
    # The job that failed is history.
    "RB-WIN-BACKUP-001": Shown(
        "disabled", "running", "unplugged", stays=(r"backup/summary/.*", r"backup/\w+", PROCESS)
    ),
    # The edit of the test mends the service before the way back.
    "RB-WIN-BACKUP-002": Shown(
        "repairs",
        "disabled",
        "no start",
        stays=(r"vss_writers", r"services/SQLWriter/\w+", PROCESS),
    ),
    "RB-WIN-BACKUP-003": Shown("disabled", "missing", "no start"),
    "RB-WIN-ENC-001": Shown("suspended", "pending reboot", "windows refuses"),
    # The recovery password that was added stays.
    "RB-WIN-ENC-002": Shown(
        "directory", "nobody to keep it", "directory out of reach", stays=("volumes",)
    ),
    "RB-WIN-ENC-003": Shown(
        "client", "nobody to keep it", "directory out of reach", stays=("volumes",)
    ),
    # The way back ends with a restart.
    "RB-WIN-ENC-004": Shown(
        "all wrong",
        "pending reboot",
        "second write fails",
        stays=(r"(?!registry/).*", r"registry/.*/PendingFileRenameOperations"),
    ),
    "RB-WIN-ENC-005": Shown("both", "connected", "refused", undoes="was unset"),
    "RB-WIN-FW-001": Shown("off and open", "policy says off", "cannot set"),
    "RB-WIN-FW-002": Shown("repairs", "policy says off", "second profile fails"),
    "RB-WIN-FW-003": Shown("stopped", "no local rules", "cannot start"),
    "RB-WIN-LOG-001": Shown("lacks", "policy file", "tool fails"),
    "RB-WIN-LOG-002": Shown("small", "policy says small", "second log fails"),
    "RB-WIN-LOG-003": Shown("down", "pending", "cannot start"),
    "RB-WIN-LOG-004": Shown("broken", "collector's fault", "no restart", stays=(PROCESS,)),
    "RB-WIN-LOG-005": Shown("repairs", "policy says no", "refused write", undoes="does not last"),
    # What was downloaded stays for the next try.
    "RB-WIN-PATCH-001": Shown("repairs", "pin", "fails", stays=("com/wua/search/Updates",)),
    "RB-WIN-PATCH-002": Shown("database", "disabled", "stays broken"),
    # The edit of the test: somebody has logged on.
    "RB-WIN-PATCH-003": Shown("repairs", "cluster", "late user", stays=(r"cim/.*",)),
    "RB-WIN-PATCH-004": Shown(
        "repairs", "policy says no", "second step fails", stays=("services/BITS/ConfigProtected",)
    ),
}
WITH_WAY_BACK = [runbook for runbook in TABLE if RUNBOOKS[runbook].rollback_steps]
# A second run looks for other words where the first one asked Windows for updates.
NOTHING_TO_DO = {"RB-WIN-PATCH-001": "nothing_offered"}


@pytest.fixture
def runs(run_repairs, runbook):
    """Return name -> what happened in the tests of *runbook*."""
    file = "test_" + runbook.removeprefix("RB-WIN-").replace("-", "_").lower()
    return run_repairs(file, importlib.import_module(f"integration.runbooks.{file}").REPAIRS)


def test_every_runbook_is_in_the_table():
    assert TABLE.keys() == RUNBOOKS.keys()


@pytest.mark.parametrize("runbook", TABLE)
def test_it_repairs_a_host_and_the_check_proves_it(runs, runbook):
    done = runs[TABLE[runbook].repairs]

    assert done.outcome == "success", done.reason
    assert set(RUNBOOKS[runbook].repairs) & (done.codes_before - done.codes_after)


@pytest.mark.parametrize("runbook", TABLE)
def test_it_refuses_a_host_with_the_fault_and_touches_nothing(runs, runbook):
    done = runs[TABLE[runbook].refuses]

    assert done.outcome == "refused"
    assert done.reason not in {"already_good", "unread"}
    assert done.changed_settings == set()


@pytest.mark.parametrize("runbook", TABLE)
def test_a_failure_half_way_leaves_the_host_as_it_was(runs, runbook):
    shown = TABLE[runbook]
    done = runs[shown.fails]

    assert (done.outcome, done.reason[:4]) == ("failure", "step")
    left = {
        path
        for path in done.changed_settings
        if not any(re.fullmatch(pattern, path) for pattern in shown.stays)
    }
    assert left == set()


@pytest.mark.parametrize("runbook", WITH_WAY_BACK)
def test_the_way_back_puts_back_what_was_changed(runs, runbook):
    done = runs[TABLE[runbook].undoes or TABLE[runbook].fails]

    assert [ran.failure for _step, ran in done.rollback] == [None] * len(
        RUNBOOKS[runbook].rollback_steps
    )
    assert any(ran.answer.changed for _step, ran in done.rollback)


@pytest.mark.parametrize("runbook", TABLE)
def test_a_second_run_has_nothing_to_do(runs, runbook):
    again = runs[TABLE[runbook].repairs].again

    assert (again.outcome, again.reason) == (
        "refused",
        NOTHING_TO_DO.get(runbook, "already_good"),
    )
    assert again.changed_settings == set()


@pytest.mark.parametrize("runbook", TABLE)
def test_a_host_on_which_no_step_has_run_is_not_valid(runs, runbook):
    validation = runs[TABLE[runbook].repairs].aside.validation

    assert validation.failure is None
    assert validation.answer.valid is False


@pytest.mark.parametrize("runbook", WITH_WAY_BACK)
def test_a_way_back_from_no_step_changes_nothing(runs, runbook):
    aside = runs[TABLE[runbook].repairs].aside

    assert [ran.failure for _step, ran in aside.rollback] == [None] * len(
        RUNBOOKS[runbook].rollback_steps
    )
    assert aside.changed_settings == set()


@pytest.mark.parametrize("runbook", TABLE)
def test_a_precondition_only_reads(runs, runbook):
    changed = {
        f"{runbook} {name}": done.changed_by_precondition
        for name, done in runs.items()
        if done.changed_by_precondition
    }

    assert changed == {}


# Of all features these protect or restore; SMB 1 does not.
PROTECTING = ("Windows-Defender", "BitLocker", "WindowsServerBackup")
# Between two scripts the test itself takes records out of a log.
TAKEN_BY_THE_TEST = {"records nothing", "silent"}


def protection(state: State) -> set[tuple[object, ...]]:
    """Return what no repair may take away: what protects the host, restores it, or proves."""
    found: set[tuple[object, ...]] = set()
    for volume in state["volumes"]:
        bitlocker = volume.get("bitlocker") or {}
        device = volume["DeviceID"]
        found |= {("protector", device, it["id"]) for it in bitlocker.get("protectors") or ()}
        found |= {("protected", device)} if bitlocker.get("ProtectionStatus") == 1 else set()
    jobs = (state["backup"] or {}).get("jobs") or ()
    found |= {("backup", job["VersionId"]) for job in jobs if job.get("VersionId")}
    for name, log in state["eventlogs"].items():
        found |= {(name, json.dumps(record, sort_keys=True)) for record in log["records"]}
        found |= {("log", name)} if log["IsEnabled"] else set()
    switches = ((state["defender"] or {}).get("preference") or {}).items()
    found |= {("on", name) for name, off in switches if name.startswith("Disable") and off is False}
    for kind, products in (state["security_center"] or {}).items():
        found |= {(kind, product["instanceGuid"]) for product in products}
    features = state["features"]
    installed = (name for name in PROTECTING if name in features)
    found |= {("feature", name) for name in installed if features[name]["InstallState"] == 1}
    return found


@pytest.mark.parametrize("runbook", TABLE)
def test_nothing_that_protects_is_ever_taken_away(runs, runbook):
    taken = {
        f"{runbook} {name}": lost
        for name, run in runs.items()
        for done in (run, run.again, run.aside)
        if done and done.state_after and name not in TAKEN_BY_THE_TEST
        if (lost := protection(done.state_before) - protection(done.state_after))
    }

    assert taken == {}
