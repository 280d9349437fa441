# SPDX-License-Identifier: GPL-3.0-or-later
"""A site in a scratch directory, and runs that it heard without Ansible."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    SiteKey,
    open_or_create_key,
    publish_key,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recorder import (
    CHECK_PREFIX,
    GUARD,
    Hook,
    Recorder,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.runstate import (
    RunState,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)

SITE = "clinic-001"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CHECK_ALL = CHECK_PREFIX + "all"
FACTS = {"host": {"os": {"state": "ok"}}, "checks": {"firewall": {"profiles": {"state": "ok"}}}}


def a_check(check_id: str = "firewall", status: str = "PASS") -> dict[str, object]:
    """Return a ComplianceCheck as an action plugin returns it."""
    return {
        "check_id": check_id,
        "status": status,
        "message": f"{status}: said by the test",
        "timestamp": "2026-03-02T11:59:00Z",
        "hipaa_controls": ["164.312(e)(1)"],
        "details": {"schema_version": 1, "reason_code": "ok", "findings": [], "policy": {}},
        "remediation_available": False,
    }


def a_result(*checks: dict[str, object], **facts: object) -> dict[str, object]:
    return {"compliance_checks": list(checks), "facts": {**FACTS, **facts}}


@dataclass
class Clinic:
    """One site; *now* is its clock."""

    root: Path
    now: datetime = NOON
    _runs: count = field(default_factory=lambda: count(1))

    @property
    def directory(self) -> SiteDirectory:
        return SiteDirectory(self.root / "evidence", SITE)

    @property
    def key_file(self) -> Path:
        return self.root / "site.key"

    def key(self) -> SiteKey:
        key = open_or_create_key(self.key_file, self.directory)
        self.directory.prepare()
        publish_key(key, self.directory)
        return key

    def recorder(self, **environment: str) -> Recorder:
        self.key()
        evidence_dir = str(self.root / "evidence")
        state = RunState(f"run-{next(self._runs)}", SITE, evidence_dir, str(self.key_file))
        return Recorder(state, {"collection_version": "test", **environment}, lambda: self.now)

    def run(self, **hosts: str) -> Path:
        """Seal a run in which each host's firewall got the given status; return its file."""
        recorder = self.recorder()
        hear_scope(recorder, *hosts)
        for host, status in hosts.items():
            recorder.hear(Hook.OK, host, CHECK_ALL, a_result(a_check(status=status)))
        sealed = recorder.finish()
        assert sealed is not None
        return sealed.file


def hear_scope(recorder: Recorder, *hosts: str, checks: tuple[str, ...] = ("firewall",)) -> None:
    """Let the guard say what the run covers."""
    controls = {check: ["164.312(e)(1)"] for check in checks}
    scope = {"site_id": SITE, "checks": checks, "hosts": hosts, "controls": controls}
    recorder.hear(Hook.OK, next(iter(hosts)), GUARD, {"evidence_scope": scope})


def read_bundles(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def summary(file: Path) -> list[tuple[str, str, str, str]]:
    """Return host, check, outcome and reason of each bundle in *file*."""
    return [
        (item["host_id"], item["check"], item["outcome"], item["pre_state"]["reason_code"])
        for item in read_bundles(file)
    ]
