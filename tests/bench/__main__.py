# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the cost of playbooks/check.yml with that of a play with one win_ping.

python -m bench                 200 hosts, three pairs of runs: CPU, memory, callback
python -m bench --hosts 1000 --pairs 0 --complete     one big run: every bundle is there

Both plays run on the same fleet, one after the other, so that what else the machine does hits both;
only the ratios mean something on another machine.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.fleet import running_fleet
from bench.windows_collection import CollectionMissingError, fetch_windows_collection
from lab.clients import PASSWORD, USER
from lab.estate import Estate

REPOSITORY = Path(__file__).resolve().parents[2]
CHECKS = 6
# What a check of a host may cost, in units of the least that a task can be.
CPU_RATIO_MAX = 1.6
MEMORY_RATIO_MAX = 1.25
CALLBACK_MAX_MS = 1.0

PING = """
- name: Compare with the least that a task can be
  hosts: all
  gather_facts: false
  tasks:
    - name: Ping
      ansible.windows.win_ping:
"""
# As the shipped ansible.cfg, without the callback: what a user has who checks nothing.
PING_CONFIG = """
[defaults]
forks = 50
gathering = explicit
host_key_checking = False
retry_files_enabled = False
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost."""

    wall_seconds: float
    controller_seconds: float  # CPU of the process that the user started
    worker_seconds: float  # CPU of what it forked
    max_rss_mib: float
    callback_ms: float  # CPU per result

    @property
    def cpu_seconds(self) -> float:
        return self.controller_seconds + self.worker_seconds


class RunFailed(Exception):
    """A run that ended red: its cost says nothing."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A controller in *folder* and the fleet that it talks to."""

    folder: Path
    collections: Path

    def prepare(self, estate: Estate) -> None:
        """Write inventory, playbook and configuration."""
        hosts = {host.name: {"ansible_host": host.address} for host in estate.hosts}
        skew = {"clock_skew_warn_seconds": 10**9, "clock_skew_error_seconds": 10**9}
        variables: dict[str, Any] = {
            "ansible_connection": "winrm",
            "ansible_port": 5985,
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": "basic",
            "ansible_user": USER,
            "ansible_password": PASSWORD,
            "site_id": "bench-001",
            "compliance_policy": {"common": skew},  # the facts of the fleet are of 2025
        }
        inventory = {"all": {"hosts": hosts, "vars": variables}}
        (self.folder / "inventory.yml").write_text(json.dumps(inventory), encoding="utf-8")
        (self.folder / "ping.yml").write_text(PING, encoding="utf-8")
        (self.folder / "ping.cfg").write_text(PING_CONFIG, encoding="utf-8")

    def ping(self) -> Cost:
        """Run the play to compare with."""
        return self._run(
            self.folder / "ping.yml",
            {
                "ANSIBLE_CONFIG": str(self.folder / "ping.cfg"),
                "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            },
        )

    def check(self) -> Cost:
        """Run the product."""
        return self._run(
            REPOSITORY / "playbooks" / "check.yml",
            {"ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")},
        )

    def count_bundles(self) -> int:
        """Return how many different pairs of host and check have a bundle."""
        files = (self.folder / "evidence").glob("bench-001/bundles/*/*.jsonl")
        bundles = [json.loads(line) for file in files for line in file.open(encoding="utf-8")]
        return len({(bundle["host_id"], bundle["check"]) for bundle in bundles})

    def _run(self, playbook: Path, settings: Mapping[str, str]) -> Cost:
        report = self.folder / "cost.json"
        command = [sys.executable, "-m", "bench.measured", str(report)]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "HIPAA_EVIDENCE_DIR": str(self.folder / "evidence"),
            **settings,
        }
        started = time.monotonic()
        process = subprocess.run(
            [*command, "-i", str(self.folder / "inventory.yml"), str(playbook)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        wall_seconds = time.monotonic() - started
        if process.returncode:
            raise RunFailed(f"{playbook.name}: {(process.stdout + process.stderr)[-2000:]}")
        cost = json.loads(report.read_text(encoding="utf-8"))
        results = cost.get("callback_results") or 1
        return Cost(
            wall_seconds,
            cost["controller_cpu_seconds"],
            cost["worker_cpu_seconds"],
            cost["max_rss_kib"] / 1024,
            cost.get("callback_seconds", 0.0) * 1000 / results,
        )


def main() -> int:
    """Measure, print, and return 1 when a bundle is missing or a ratio is over its target."""
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=3, help="0: no comparison")
    parser.add_argument("--complete", action="store_true", help="one run, and count the bundles")
    options = parser.parse_args()
    try:
        with TemporaryDirectory(prefix="bench-") as name:
            return _measure(options, Path(name))
    except (CollectionMissingError, RunFailed, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2


def _measure(options: argparse.Namespace, folder: Path) -> int:
    cache = REPOSITORY / ".cache" / "bench"
    bench = Bench(folder, fetch_windows_collection(cache) if options.pairs else cache)
    verdicts = []
    with running_fleet(options.hosts, folder) as estate:
        bench.prepare(estate)
        if options.pairs:
            verdicts.append(_compare(bench, options.hosts, options.pairs))
        if options.complete:
            verdicts.append(_complete(bench, options.hosts))
    return 0 if all(verdicts) else 1


def _compare(bench: Bench, hosts: int, pairs: int) -> bool:
    pings: list[Cost] = []
    checks: list[Cost] = []
    for number in range(1, pairs + 1):
        for name, run, costs in (("ping", bench.ping, pings), ("check", bench.check, checks)):
            cost = run()
            costs.append(cost)
            shares = (cost.controller_seconds, cost.worker_seconds)
            controller, workers = (seconds * 1000 / hosts for seconds in shares)
            print(
                f"{number} {name:5}  {controller + workers:6.1f} ms CPU per host "
                f"({controller:.1f} + workers {workers:.1f}), "
                f"{cost.max_rss_mib:6.1f} MiB, {cost.wall_seconds:5.1f} s",
                flush=True,
            )
    couples = list(zip(checks, pings, strict=True))
    cpu = median(check.cpu_seconds / ping.cpu_seconds for check, ping in couples)
    memory = median(check.max_rss_mib / ping.max_rss_mib for check, ping in couples)
    callback = median(check.callback_ms for check in checks)
    print(f"CPU per host       {cpu:.2f} x win_ping   (target at most {CPU_RATIO_MAX})")
    print(f"controller memory  {memory:.2f} x win_ping   (target at most {MEMORY_RATIO_MAX})")
    print(f"callback           {callback:.2f} ms per result (target at most {CALLBACK_MAX_MS})")
    return cpu <= CPU_RATIO_MAX and memory <= MEMORY_RATIO_MAX and callback <= CALLBACK_MAX_MS


def _complete(bench: Bench, hosts: int) -> bool:
    cost = bench.check()
    found, due = bench.count_bundles(), hosts * CHECKS
    print(
        f"{hosts} hosts: {found} of {due} bundles, {cost.wall_seconds:.0f} s, "
        f"{cost.max_rss_mib:.0f} MiB in the controller"
    )
    return found == due


if __name__ == "__main__":
    sys.exit(main())
