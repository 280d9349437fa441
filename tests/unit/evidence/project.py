# SPDX-License-Identifier: GPL-3.0-or-later
"""A scratch project with the real callback and guard, and check actions that need no host."""

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify

DATA = Path(__file__).parent / "data"
PLUGINS = Path(__file__).parents[3] / "collections" / "compliance_agent" / "plugins"
SITE = "clinic-001"
CONTROLS = {
    "source": "a test",
    "controls": {"164.312(b)": {"title": "Audit controls", "kind": "standard"}},
    "checks": {check: ["164.312(b)"] for check in verify.CHECKS},
}
TEST_ACTIONS = ("check_all", "check_firewall", "check_logging")


@dataclass(frozen=True)
class Project:
    """A directory to run playbooks in; ``run`` answers with the finished process."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Path:
        return self.path / "evidence" / SITE

    @property
    def key_file(self) -> Path:
        return self.path / "site.key"

    def run(
        self,
        plays: list[dict[str, object]],
        hosts: dict[str, dict[str, object]],
        *options: str,
        file_limit_bytes: int = resource.RLIM_INFINITY,
    ) -> subprocess.CompletedProcess[str]:
        """Run *plays* on *hosts* (their variables); no process may write a file over the limit."""
        (self.path / "inventory.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
        playbook = self.path / "playbooks" / "test.yml"
        playbook.write_text(json.dumps(plays))
        process = self.start(playbook, *options, file_limit_bytes=file_limit_bytes)
        output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def start(
        self, playbook: Path, *options: str, file_limit_bytes: int = resource.RLIM_INFINITY
    ) -> "subprocess.Popen[str]":
        """Start a run of *playbook* on the inventory of the last `run`."""
        command = [sys.executable, "-m", "ansible.cli.playbook", "-i", "inventory.yml"]
        return subprocess.Popen(
            [*command, str(playbook), *options],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: resource.setrlimit(  # noqa: PLW1509 - tests start no threads
                resource.RLIMIT_FSIZE, (file_limit_bytes, file_limit_bytes)
            ),
        )

    def bundles(self) -> list[dict[str, object]]:
        """Return all bundles of the site in the order of their numbers."""
        files = self.site.glob("bundles/*/*.jsonl")
        lines = [line for file in files for line in file.read_text().splitlines()]
        return sorted(map(json.loads, lines), key=lambda bundle: bundle["bundle_id"])

    def summary(self) -> list[tuple[str, str, str, str]]:
        """Return host, check, outcome and reason of each bundle, in their order."""
        return [
            (item["host_id"], item["check"], item["outcome"], item["pre_state"]["reason_code"])
            for item in self.bundles()
        ]

    def statements(self) -> list[dict[str, object]]:
        """Return the coverage statements in the order of the log."""
        files = self.site.glob("coverage/*/*.json")
        found = [json.loads(file.read_bytes()) for file in files]
        return sorted(found, key=lambda item: item["log"]["first_index"])

    def journals(self) -> list[Path]:
        return sorted(self.site.glob("journal/*"))

    def verified(self) -> int:
        """Verify as an auditor does; return the exit code."""
        keys = verify.read_keys([str(file) for file in self.site.glob("keys/*.pub")])
        verifier = verify.Verifier(keys)
        verifier.read_site(self.site)
        return verifier.exit_code()


def make_project(path: Path, *, callbacks: str = "hipaa.compliance_agent.evidence") -> Project:
    """Lay out a project under *path*, which should be empty."""
    collection = path / "collections" / "ansible_collections" / "hipaa" / "compliance_agent"
    actions = collection / "plugins" / "action"
    actions.mkdir(parents=True)
    for name in ("callback", "plugin_utils"):
        (collection / "plugins" / name).symlink_to(PLUGINS / name)
    for name in ("evidence_guard", "evidence_recover", "evidence_verify"):
        (actions / f"{name}.py").symlink_to(PLUGINS / "action" / f"{name}.py")
    for name in TEST_ACTIONS:
        (actions / f"{name}.py").symlink_to(DATA / "check_action.py")
    (path / "rules").mkdir()
    (path / "rules" / "controls.yml").write_text(yaml.safe_dump(CONTROLS))
    (path / "playbooks").mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(path),
        "LANG": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(path / "collections"),
        "ANSIBLE_CALLBACKS_ENABLED": callbacks,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "HIPAA_SIGNING_KEY_FILE": str(path / "site.key"),
        "HIPAA_PSEUDONYM_KEY_FILE": str(path / "site.pseudonyms"),
    }
    return Project(path, environment)


def guard_play(checks: list[str], **play: object) -> dict[str, object]:
    """Return the play that comes first in a run."""
    arguments = {"site_id": SITE, "checks": checks, "rules_dir": "{{ playbook_dir }}/../rules"}
    task = {"name": "Guard", "hipaa.compliance_agent.evidence_guard": arguments}
    return {"hosts": "all", "gather_facts": False, "tasks": [task], **play}


def check_play(checks: list[str], action: str = "check_all", **play: object) -> dict[str, object]:
    """Return a play that answers *checks* on each host as its variable ``answer`` says."""
    arguments = {"checks": checks, "answer": "{{ answer | default('PASS') }}"}
    task = {"name": "Check", f"hipaa.compliance_agent.{action}": arguments}
    return {"hosts": "all", "gather_facts": False, "tasks": [task], **play}
