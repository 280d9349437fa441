# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller: runs the product's own playbooks with the Ansible of this interpreter."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
PLAYBOOKS = REPOSITORY / "playbooks"
VERIFY = REPOSITORY / "collections/compliance_agent/plugins/plugin_utils/evidence/verify.py"
SITE = "clinic-001"
DEADLINE_SECONDS = 240

_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", re.MULTILINE)
_PUBLIC_KEY = re.compile(r"ed25519:[A-Za-z0-9+/=]+")


@dataclass(frozen=True)
class Run:
    """What one run of a playbook left behind."""

    exit_code: int
    output: str
    errors: str
    bundles: list[dict[str, Any]]  # those that this run sealed

    @property
    def text(self) -> str:
        """All that a person saw, without the line breaks that Ansible puts into long messages."""
        return " ".join((self.output + self.errors).split())

    @cached_property
    def verdicts(self) -> dict[str, dict[str, str]]:
        """Return host -> check -> status, with reason and error code where nothing was observed.

        Raises AssertionError when a host and check has two bundles.
        """
        verdicts: dict[str, dict[str, str]] = {}
        for bundle in self.bundles:
            state = bundle["pre_state"]
            is_observed = state["checked_at"] is not None
            words = [state["status"]]
            if not is_observed:
                words += [word for word in (state["reason_code"], state["error_code"]) if word]
            row = verdicts.setdefault(bundle["host_id"], {})
            assert bundle["check"] not in row, f"{bundle['host_id']} {bundle['check']} twice"
            row[bundle["check"]] = " ".join(words)
        return verdicts

    @property
    def changed(self) -> dict[str, int]:
        """Return host -> number of changes, from the recap."""
        return {host: int(count) for host, count in _RECAP.findall(self.output)}

    @property
    def public_key(self) -> str:
        """The public key as the first run of a site prints it."""
        (key,) = set(_PUBLIC_KEY.findall(self.output))
        return str(key)


@dataclass(frozen=True, slots=True)
class Controller:
    """A machine of its own below *home*: inventory, evidence, key; *environment* comes on top."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def evidence(self) -> Path:
        return self.home / "evidence"

    @property
    def site(self) -> Path:
        return self.evidence / SITE

    def write(self, name: str, content: object) -> Path:
        """Write a file below home: text as it is, anything else as JSON, which is YAML too."""
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        file.write_text(text, encoding="utf-8")
        return file

    def play(self, playbook: Path, *options: str, **environment: str) -> Run:
        """Run *playbook* on the inventory below home, as the shipped ansible.cfg says."""
        before = len(self.bundles())
        process = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", str(playbook), *options],
            cwd=self.home,
            env=self.environment_of_runs(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        sealed = self.bundles()[before:]
        return Run(process.returncode, process.stdout, process.stderr, sealed)

    def bundles(self) -> list[dict[str, Any]]:
        """Return all bundles of the site in the order of their numbers."""
        files = self.site.glob("bundles/*/*.jsonl")
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        return sorted(map(json.loads, lines), key=lambda bundle: str(bundle["bundle_id"]))

    def verify(self, public_key: str) -> "subprocess.CompletedProcess[str]":
        """Verify the site as an auditor does: one file, a pinned key, nothing else."""
        command = [sys.executable, "-I", str(VERIFY), str(self.site), "--key", public_key]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )

    def environment_of_runs(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the whole environment of a playbook run; nothing of ours leaks in."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_INVENTORY": str(self.home / "inventory"),
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "HIPAA_EVIDENCE_DIR": str(self.evidence),
            **self.environment,
            **(extra or {}),
        }
