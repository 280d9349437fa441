# SPDX-License-Identifier: GPL-3.0-or-later
"""A small estate that is healed: real Ansible, real WinRM, the engine, a database of its own."""

import asyncio
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

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.policy import (
    load_healing_policy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.gates import Gate
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.migrating import (
    open_database,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from integration.estate_run import CONNECTION, ROOT, SITE
from lab.absences import Absences, HostTime
from lab.addresses import free_block
from lab.clients import PASSWORD, USER
from lab.engine import Engine
from lab.estate import Estate, LabHost
from lab.hostfiles import local_path
from lab.powershell import EngineSettings
from lab.server import LabServer, running_lab
from lab.windows.states import State, write_state

RUN_SECONDS = 1800
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
    settings: EngineSettings
    healing: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    # Where more collections are: hosts cannot be restarted without ansible.windows.
    collections: Path | None = None
    server: LabServer | None = None

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
        """Start heal.yml beside others; it says which task begins, not only how it ended."""
        return subprocess.Popen(
            self._command(),
            cwd=ROOT,
            env={**self._environment(), "ANSIBLE_SHOW_PER_HOST_START": "1"},
            stdout=subprocess.PIPE,
            text=True,
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

    def approve_all(self) -> list[str]:
        """Approve what waits for a person, as the command does; return the runbooks in question."""
        database = open_database(f"sqlite:///{self.folder / 'healer.sqlite'}")
        runbooks = load_registry(self.rules).runbooks
        policy = load_healing_policy(self.rules, self.healing)
        gate = Gate(database, policy, runbooks, identify_run("a-person"))
        try:
            pending = gate.pending(SITE, utc_now())
            for approval in pending:
                gate.approve(approval.approval_id, "anna", utc_now())
        finally:
            database.close()
        return sorted(approval.request.runbook_id for approval in pending)

    def state(self, host: str) -> State:
        state: State = json.loads((self.folder / f"{host}.json").read_text(encoding="utf-8"))
        return state

    def edit(self, host: str, edit: Callable[[State], None]) -> None:
        """Change something on a host between two runs."""
        state = self.state(host)
        edit(state)
        # In one step: who watches whether the host is away reads without a lock.
        written = self.folder / f"{host}.edited"
        write_state(state, written)
        written.replace(self.folder / f"{host}.json")

    def pass_time(self, minutes: int, host: str | None = None) -> None:
        """Let what is remembered be older by *minutes*, and so much time pass on *host*.

        The runs themselves read the clock of the machine, which nobody turns.
        """
        with sqlite3.connect(self.folder / "healer.sqlite", timeout=30) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
                for column in [row[1] for row in columns if row[2] == "DATETIME"]:
                    connection.execute(  # both names come from the database itself
                        f"UPDATE {table} SET {column} ="  # noqa: S608
                        f" strftime('%Y-%m-%d %H:%M:%f', {column}, '-{minutes} minutes') || '000'"
                        f" WHERE {column} IS NOT NULL"
                    )
        if host is not None:
            self.pass_host_time(minutes, host)

    def pass_host_time(self, minutes: int, host: str) -> None:
        """Let *minutes* pass on *host* alone."""
        time = HostTime(self.folder / f"{host}.json", self.settings.environment())
        asyncio.run(time.pass_minutes(minutes))

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
        more = [str(self.collections)] if self.collections else []
        return {
            "ANSIBLE_COLLECTIONS_PATH": ":".join([str(ROOT / "collections"), *more]),
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
    settings: EngineSettings,
    folder: Path,
    hosts: Mapping[str, State],
    *,
    variables: Mapping[str, Mapping[str, Any]] | None = None,
    files: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[Clinic]:
    """Let *hosts* listen as long as the block lasts.

    *variables*: host -> what the inventory says of it; *files*: host -> path on drive C: -> text.
    """
    folder.mkdir(parents=True)
    addresses = free_block(len(hosts), ports=(5985,))
    lab_hosts = []
    for (name, state), address in zip(hosts.items(), addresses, strict=True):
        document = folder / f"{name}.json"
        write_state(state, document)
        for path, text in (files or {}).get(name, {}).items():
            file = local_path(document, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        lab_hosts.append(LabHost(name, address, state=document))
    estate = Estate(tuple(lab_hosts), {USER: PASSWORD})
    known = {
        host.name: {"ansible_host": host.address, **(variables or {}).get(host.name, {})}
        for host in lab_hosts
    }
    inventory = {"windows": {"vars": CONNECTION, "hosts": known}}
    (folder / "hosts.yml").write_text(json.dumps(inventory), encoding="utf-8")
    absences = Absences(estate, settings)
    with running_lab(estate, Engine(estate, settings), absences=absences) as server:
        yield Clinic(folder, settings, server=server)
