# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy lies on another disk than what it is a copy of."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.backup import DumpFiles
from unit.checks.backup_documents import PLAN, changed, codes, healthy, judge, veeam, without_wsb
from unit.checks.documents import list_of, probe

TARGETS = [
    pytest.param("E:\\", "fail", "PASS", id="another-disk"),
    pytest.param("d:", "fail", "FAIL", id="a-source-disk"),
    pytest.param("D:\\", "warn", "WARNING", id="a-source-disk-that-the-site-allows"),
    pytest.param("\\\\nas\\backup", "fail", "PASS", id="a-share"),
]


@pytest.mark.parametrize(("path", "mode", "status"), TARGETS)
def test_a_copy_lies_on_another_disk(path, mode, status):
    plan = PLAN | {"targets": list_of({"type": "Volume", "path": path})}

    check = judge(healthy() | {"wsb_policy": probe(plan)}, changed(same_disk_target=mode))

    assert check.status == status


@pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=["source-first", "source-last"])
def test_a_target_that_lies_on_several_disks_may_share_one(order):
    rows = [{"path": "C:\\", "disk": 0}, {"path": "D:\\", "disk": 1}]
    rows += [{"path": "E:\\", "disk": disk} for disk in order]
    plan = PLAN | {"targets": list_of({"type": "Volume", "path": "E:\\"})}

    check = judge(healthy() | {"wsb_policy": probe(plan), "disks": probe(list_of(*rows))})

    assert codes(check) == ["same_disk_target"]


@pytest.mark.parametrize(
    ("volumes", "path", "expected"),
    [
        pytest.param(["C:"], "F:\\", ["probe_error"], id="target-not-listed"),
        pytest.param(["C:", "G:"], "E:\\", ["probe_error"], id="source-not-listed"),
        pytest.param(["C:", "G:"], "C:\\", ["probe_error", "same_disk_target"], id="known-anyway"),
        pytest.param(["C:", "G:"], "\\\\nas\\backup", [], id="a-share"),
        pytest.param(["C:"], "\\\\?\\Volume{0}\\", ["probe_error"], id="volume-not-listed"),
    ],
)
def test_a_disk_that_is_not_listed_leaves_the_question_open(volumes, path, expected):
    target = {"type": "Volume", "path": path}
    plan = PLAN | {"volumes": list_of(*volumes), "targets": list_of(target)}

    assert sorted(codes(judge(healthy() | {"wsb_policy": probe(plan)}))) == expected


def test_a_plan_without_a_target_was_not_read_whole():
    plan = PLAN | {"targets": list_of()}

    assert codes(judge(healthy() | {"wsb_policy": probe(plan)})) == ["probe_error"]


def test_the_system_state_lies_on_the_drive_of_windows():
    plan = PLAN | {
        "volumes": list_of(),
        "has_system_state": True,
        "targets": list_of({"type": "Volume", "path": "C:\\"}),
    }

    assert codes(judge(healthy() | {"wsb_policy": probe(plan)})) == ["same_disk_target"]


def dumped(path):
    """Return the probe of a fresh dump in *path*, and the policy that names it."""
    dump = {"path": path, "pattern": "*.bak", "newest_at": "2025-11-04T02:00:00Z", "bytes": 9}
    wanted = DumpFiles(path=path, pattern="*.bak", max_age_hours=24, min_bytes=1)
    return {"dumps": probe(list_of(dump))}, changed(dump_files=(wanted,))


ONE_DISK = {"disks": probe(list_of({"path": "C:\\", "disk": 0}, {"path": "D:\\", "disk": 0}))}
MOUNTED = {"disks": probe(list_of({"path": "C:\\", "disk": 0}, {"path": "C:\\Dumps\\", "disk": 1}))}
DUMPED = [
    pytest.param("C:\\Dumps", {}, "WARNING", ["same_disk_target"], id="disk-of-windows"),
    pytest.param("d:\\Dumps", ONE_DISK, "FAIL", ["same_disk_target"], id="the-only-disk"),
    pytest.param("D:\\Dumps", {}, "PASS", [], id="another-disk"),
    pytest.param("C:\\Dumps\\sql", MOUNTED, "PASS", [], id="another-disk-in-a-folder"),
    pytest.param("\\\\nas\\dumps", {}, "PASS", [], id="a-share"),
    pytest.param("F:\\Dumps", {}, "WARNING", ["probe_error"], id="disk-not-listed"),
    pytest.param(
        "D:\\Dumps", {"disks": probe(state="timeout")}, "WARNING", ["probe_timeout"], id="not-read"
    ),
]


@pytest.mark.parametrize(("path", "change", "status", "expected"), DUMPED)
def test_a_dump_that_is_the_only_copy_lies_on_another_disk(path, change, status, expected):
    dumps, policy = dumped(path)

    check = judge(without_wsb() | dumps | change, policy)

    assert (check.status, codes(check)) == (status, expected)


def test_a_dump_on_the_only_disk_is_a_warning_where_the_site_allows_it():
    dumps, policy = dumped("C:\\Dumps")

    check = judge(
        without_wsb() | dumps | ONE_DISK, policy.model_copy(update={"same_disk_target": "warn"})
    )

    assert (check.status, codes(check)) == ("WARNING", ["same_disk_target"])


def test_a_dump_that_a_product_copies_may_lie_anywhere():
    dumps, policy = dumped("C:\\Dumps")

    assert judge(healthy() | dumps, policy).status == "PASS"
    assert judge(veeam((4, "2025-11-04T02:00:00Z")) | dumps, policy).status == "PASS"
