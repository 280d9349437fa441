# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of playbooks/check.yml over every state of the simulated Windows, through real WinRM."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.chain import Verdict, Verdicts
from lab.addresses import free_block
from lab.clients import PASSWORD, USER
from lab.engine import Engine
from lab.estate import Estate, LabHost
from lab.powershell import EngineSettings
from lab.server import running_lab
from lab.windows.states import State, write_state

ROOT = Path(__file__).resolve().parents[2]
SITE = "clinic-001"
FORKS = 10
RUN_SECONDS = 1500
# The simulated clocks stand still at the instant of the scenarios, years from the controller's.
NO_CLOCK_SKEW = {"clock_skew_warn_seconds": 10**9, "clock_skew_error_seconds": 10**9}
CONNECTION = {
    "site_id": SITE,
    "ansible_connection": "winrm",
    "ansible_port": 5985,
    "ansible_winrm_scheme": "http",
    "ansible_winrm_transport": "basic",
    "ansible_user": USER,
    "ansible_password": PASSWORD,
    "compliance_policy": {"common": NO_CLOCK_SKEW},
}
AS_SYSTEM = {
    "ansible_become": True,
    "ansible_become_method": "runas",
    "ansible_become_user": "SYSTEM",
}


@dataclass(frozen=True, slots=True)
class EstateHost:
    """A host of the run: its state and what the inventory says about it."""

    name: str
    state: State
    variables: Mapping[str, Any] = field(default_factory=dict)


def run_estate(
    settings: EngineSettings, folder: Path, hosts: list[EstateHost]
) -> dict[str, Verdicts]:
    """Check *hosts* in one run and return host -> check -> verdict, from the sealed bundles."""
    check_estate(settings, folder, hosts)
    return _read_bundles(folder / "evidence" / SITE)


def check_estate(
    settings: EngineSettings, folder: Path, hosts: list[EstateHost], *options: str
) -> str:
    """Check *hosts* in one run with evidence below *folder*; return what the screen said."""
    return play_estate(settings, folder, hosts, "check.yml", *options)


def play_estate(
    settings: EngineSettings, folder: Path, hosts: list[EstateHost], playbook: str, *options: str
) -> str:
    """Run *playbook* on *hosts*, whose states stay in *folder*; return what the screen said."""
    folder.mkdir(parents=True)
    addresses = free_block(len(hosts), ports=(5985,))
    lab_hosts = []
    for host, address in zip(hosts, addresses, strict=True):
        document = folder / f"{host.name}.json"
        write_state(host.state, document)
        lab_hosts.append(LabHost(host.name, address, state=document))
    estate = Estate(tuple(lab_hosts), {USER: PASSWORD})
    inventory = folder / "inventory.yml"
    inventory.write_text(json.dumps(_inventory(hosts, addresses)), encoding="utf-8")
    with running_lab(estate, Engine(estate, settings)):
        finished = _play(inventory, folder, playbook, options)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


def _inventory(hosts: list[EstateHost], addresses: tuple[str, ...]) -> dict[str, Any]:
    variables = {
        host.name: {"ansible_host": address, **host.variables}
        for host, address in zip(hosts, addresses, strict=True)
    }
    return {"windows": {"vars": CONNECTION, "hosts": variables}}


def _play(
    inventory: Path, folder: Path, playbook: str, options: tuple[str, ...]
) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "HIPAA_EVIDENCE_DIR": str(folder / "evidence"),
        "HIPAA_SIGNING_KEY_FILE": str(folder / "site.key"),
        "HIPAA_DATABASE_URL": f"sqlite:///{folder / 'healer.sqlite'}",
    }
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(inventory)]
    return subprocess.run(
        [*command, f"--forks={FORKS}", *options, str(ROOT / "playbooks" / playbook)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def _read_bundles(site: Path) -> dict[str, Verdicts]:
    verdicts: dict[str, Verdicts] = {}
    for file in sorted(site.glob("bundles/*/*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            bundle = json.loads(line)
            seen = bundle["pre_state"]
            of_host = verdicts.setdefault(bundle["host_id"], {})
            assert bundle["check"] not in of_host, f"two bundles: {bundle['host_id']}"
            of_host[bundle["check"]] = Verdict.of(seen["status"], seen)
    return verdicts
