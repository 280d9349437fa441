# SPDX-License-Identifier: GPL-3.0-or-later
"""A site in a scratch directory, and runs that it heard without Ansible."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
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
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.sealer import (
    Sealer,
    open_sealer,
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
    seed: bytes = b""
    _runs: count = field(default_factory=lambda: count(1))

    @property
    def directory(self) -> SiteDirectory:
        return SiteDirectory(self.root / "evidence", SITE)

    @property
    def key_file(self) -> Path:
        return self.root / "site.key"

    def key(self) -> SiteKey:
        if self.seed and not self.key_file.exists():
            self.key_file.parent.mkdir(parents=True, exist_ok=True)
            line = f"ed25519-seed:{b64encode(self.seed).decode()}\n"
            self.key_file.touch(0o600)
            self.key_file.write_text(line)
        key = open_or_create_key(self.key_file, self.directory)
        self.directory.prepare()
        publish_key(key, self.directory)
        return key

    def state(self, run_id: str = "") -> RunState:
        return RunState(
            run_id=run_id,
            site_id=SITE,
            evidence_dir=str(self.root / "evidence"),
            signing_key=str(self.key_file),
            pseudonym_key=str(self.root / "site.pseudonyms"),
        )

    def sealer(self) -> Sealer:
        self.key()
        return open_sealer(self.state(), self.directory, lambda: self.now)

    def recorder(self, **environment: str) -> Recorder:
        self.key()
        state = self.state(f"run-{next(self._runs)}")
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
    scope = {
        "site_id": SITE,
        "checks": checks,
        "hosts": hosts,
        "inventory_hosts": hosts,
        "controls": controls,
        "rules_sha256": "ab" * 32,
    }
    recorder.hear(Hook.OK, next(iter(hosts)), GUARD, {"evidence_scope": scope})


def read_bundles(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def summary(file: Path) -> list[tuple[str, str, str, str]]:
    """Return host, check, outcome and reason of each bundle in *file*."""
    return [
        (item["host_id"], item["check"], item["outcome"], item["pre_state"]["reason_code"])
        for item in read_bundles(file)
    ]


def verify_site(clinic: Clinic) -> list[str]:
    """Return what the auditor's verifier says is wrong, one line a problem."""
    verifier = verify.Verifier(clinic.key().trusted)
    verifier.read_site(clinic.directory.path)
    return [str(problem) for problem in verifier.problems]
