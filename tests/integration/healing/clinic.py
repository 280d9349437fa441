# SPDX-License-Identifier: GPL-3.0-or-later
"""A small estate that is healed: real Ansible, real WinRM, the engine, a database of its own."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.estate_run import CONNECTION, ROOT, SITE
from lab.addresses import free_block
from lab.clients import PASSWORD, USER
from lab.engine import Engine
from lab.estate import Estate, LabHost
from lab.powershell import EngineSettings
from lab.server import running_lab
from lab.windows.states import State, write_state

RUN_SECONDS = 600
# Ansible gives its workers sessions of their own: a worker has to name the controller to kill it.
KILL_AFTER_COMMIT = """
import os, signal, sqlite3
from sqlalchemy import event
from sqlalchemy.pool import Pool

os.environ.setdefault("KILL_CONTROLLER", str(os.getpid()))

@event.listens_for(Pool, "checkin")
def kill_in_state(*_):
    with sqlite3.connect(os.environ["KILL_DATABASE"], timeout=30) as connection:
        tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'attempts'")
        if not tables.fetchone():
            return
        wanted = "SELECT 1 FROM attempts WHERE state = ?"
        if connection.execute(wanted, [os.environ["KILL_IN_STATE"]]).fetchone():
            os.kill(int(os.environ["KILL_CONTROLLER"]), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass(slots=True)
class Clinic:
    """Hosts that listen while the clinic is open, and what runs on them leave behind."""

    folder: Path
    healing: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def rules(self) -> Path:
        return self.folder / "rules"

    @property
    def database(self) -> Path:
        return self.folder / "healer.sqlite"

    def set_rules(self, *, cooldown_seconds: int = 1, max_retries: int | None = None) -> None:
        """Use the shipped rules with limits that a test can reach."""
        shutil.copytree(ROOT / "rules", self.rules, dirs_exist_ok=True)
        file = self.rules / "l1_rules.yaml"
        text = re.sub(
            r"cooldown_seconds: \d+", f"cooldown_seconds: {cooldown_seconds}", file.read_text()
        )
        if max_retries is not None:
            text = re.sub(r"max_retries: \d+", f"max_retries: {max_retries}", text)
        file.write_text(text)

    def heal(self, *options: str) -> str:
        """Run heal.yml to its end; return what the screen said."""
        finished = subprocess.run(
            self._command(*options),
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        screen = finished.stdout + finished.stderr
        assert finished.returncode in {0, 4}, screen
        return screen

    def heal_until(self, state: str) -> None:
        """Run heal.yml until an attempt of it is in *state*, and kill it there with its workers.

        No look from outside is quick enough: whichever process brings the attempt into that state
        kills all of them as soon as it has committed it.
        """
        hook = self.folder / "hook"
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(KILL_AFTER_COMMIT, encoding="utf-8")
        finished = subprocess.run(
            self._command(),
            cwd=ROOT,
            env={
                **self._environment(),
                "PYTHONPATH": str(hook),
                "KILL_IN_STATE": state,
                "KILL_DATABASE": str(self.database),
            },
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            start_new_session=True,
            check=False,
        )
        assert finished.returncode == -signal.SIGKILL, finished.stdout + finished.stderr

    def start(self) -> "subprocess.Popen[str]":
        """Start heal.yml beside others."""
        return subprocess.Popen(
            self._command(), cwd=ROOT, env=self._environment(), stdout=subprocess.PIPE, text=True
        )

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the program, as its user would."""
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "webui", *arguments],
            cwd=ROOT,
            env={**os.environ, **self._environment()},
            capture_output=True,
            text=True,
            check=False,
        )

    def state(self, host: str) -> State:
        state: State = json.loads((self.folder / f"{host}.json").read_text(encoding="utf-8"))
        return state

    def edit(self, host: str, edit: Callable[[State], None]) -> None:
        """Change something on a host between two runs."""
        state = self.state(host)
        edit(state)
        write_state(state, self.folder / f"{host}.json")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what the memory of the healer says; nothing before it is made."""
        if not self.database.exists():
            return []
        with sqlite3.connect(self.database, timeout=30) as connection:
            try:
                return connection.execute(sql).fetchall()
            except sqlite3.OperationalError:
                return []

    def bundles(self) -> list[dict[str, Any]]:
        """Return every bundle of every run, in their order."""
        files = sorted((self.folder / "evidence" / SITE / "bundles").glob("*/*.jsonl"))
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return sorted(lines, key=lambda bundle: str(bundle["bundle_id"]))

    def last(self, host: str, check: str) -> dict[str, Any]:
        """Return the newest bundle of a check of a host."""
        mine = [b for b in self.bundles() if (b["host_id"], b["check"]) == (host, check)]
        return mine[-1]

    def verified(self) -> str:
        """Return what the auditor's verifier says, as JSON text would be read."""
        site = self.folder / "evidence" / SITE
        command = [sys.executable, str(site / "verify.py"), str(site)]
        key = next((site / "keys").glob("*.pub"))
        done = subprocess.run(
            [*command, "--key", str(key)], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def _command(self, *options: str) -> list[str]:
        extra = {**self.variables}
        if self.healing:
            extra["compliance_healing"] = self.healing
        if self.rules.exists():
            extra["compliance_rules_dir"] = str(self.rules)
        command = [
            sys.executable,
            "-m",
            "ansible.cli.playbook",
            "-i",
            str(self.folder / "hosts.yml"),
        ]
        given = ["-e", json.dumps(extra)] if extra else []
        return [*command, *given, *options, str(ROOT / "playbooks" / "heal.yml")]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "HIPAA_EVIDENCE_DIR": str(self.folder / "evidence"),
            "HIPAA_SIGNING_KEY_FILE": str(self.folder / "site.key"),
            "HIPAA_PSEUDONYM_KEY_FILE": str(self.folder / "site.pseudonyms"),
            "HIPAA_DATABASE_URL": f"sqlite:///{self.database}",
        }


@contextmanager
def open_clinic(
    settings: EngineSettings, folder: Path, hosts: Mapping[str, State]
) -> Iterator[Clinic]:
    """Let *hosts* listen as long as the block lasts."""
    folder.mkdir(parents=True)
    addresses = free_block(len(hosts), ports=(5985,))
    lab_hosts = []
    for (name, state), address in zip(hosts.items(), addresses, strict=True):
        document = folder / f"{name}.json"
        write_state(state, document)
        lab_hosts.append(LabHost(name, address, state=document))
    estate = Estate(tuple(lab_hosts), {USER: PASSWORD})
    variables = {host.name: {"ansible_host": host.address} for host in lab_hosts}
    inventory = {"windows": {"vars": CONNECTION, "hosts": variables}}
    (folder / "hosts.yml").write_text(json.dumps(inventory), encoding="utf-8")
    with running_lab(estate, Engine(estate, settings)):
        yield Clinic(folder)
