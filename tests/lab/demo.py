# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: real Ansible heals the simulated clinic over real WinRM, and the evidence verifies.

Runs the playbook as a user would, then says in words what was healed, what waits, what a person has
to do, what is worst of the rest, where the evidence lies and whether it verifies. LAB_BACKEND
chooses who answers: replay (recordings, the default) or engine (PowerShell on simulated Windows).
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.controls import load_controls
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.healer import (
    Healer,
    HealerSettings,
    open_healer,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import EvidenceBundle
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.report import (
    count_statuses,
    describe,
    worst_findings,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from lab.demo_report import Healing
from lab.playbooks import EXPECTED_EXITS, HEAL, ROOT, Places, command_line, executable

SITE = "clinic-001"
# Own folders: neither evidence nor keys of a demo may mix with those of a real site, nor a key lie
# in the directory that an auditor gets.
EVIDENCE = ROOT / "evidence" / "demo"
KEY = ROOT / ".keys" / "demo" / f"{SITE}.key"
PLACES = Places(EVIDENCE, KEY, KEY.with_name("healer.sqlite"))
START_SECONDS = 60.0
POLL_SECONDS = 0.05
# A host whose module failed: no fault of the clinic but of the demo.
FAILED_CODES = frozenset({"collector_failed", "collector_timeout", "not_evaluated"})
# A script of a runbook that did not even begin: the lab gave no answer.
NO_ANSWER = "no_answer"


class DemoFailed(Exception):
    """The demo cannot go on; the message says what to do."""


def main() -> int:
    """Run the demo; 0 when every host was judged and every bundle verified."""
    backend = os.environ.get("LAB_BACKEND", "replay")
    try:
        with TemporaryDirectory(prefix="lab-demo-") as folder, running_lab(backend, Path(folder)):
            bundles = heal_the_clinic()
        healing = report_repairs(bundles)
        report(bundles)
        verified = verify()
    except DemoFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    counts = count_statuses(bundles)
    hosts = {bundle.host_id for bundle in bundles}
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    outcome = "signed and verified" if verified else "signed, but NOT ALL VERIFIED"
    print(
        f"\ndemo: {len(hosts)} hosts, {len(bundles)} checks: {summary}; {len(bundles)} bundles "
        f"{outcome}; {healing.counts}"
    )
    return 0 if verified else 1


@contextmanager
def running_lab(backend: str, folder: Path) -> Iterator[None]:
    """Start the simulated hosts, wait until all of them listen, and stop them at the end."""
    sources = {"replay": "recorded answers", "engine": "PowerShell on simulated Windows"}
    if backend not in sources:
        raise DemoFailed(f"LAB_BACKEND is {backend!r}; allowed: {', '.join(sources)}.")
    print(f"Starting eight simulated Windows hosts ({sources[backend]}) ...", flush=True)
    ready = folder / "ready"
    command = [sys.executable, "-m", "lab", "serve", "--backend", backend]
    command += ["--ready-file", str(ready), "--parent-pid", str(os.getpid())]
    lab = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        _wait_until_ready(lab, ready)
        yield
    finally:
        lab.terminate()
        lab.communicate()


def heal_the_clinic() -> list[EvidenceBundle]:
    """Run heal.yml on the clinic, as its users do, and return what this run signed."""
    before = set(_bundle_files())
    PLACES.forget()
    command = command_line(HEAL)
    print(f"$ {' '.join(command)}", flush=True)
    code = subprocess.run(
        executable(command), cwd=ROOT, env=PLACES.environment(), check=False
    ).returncode
    if code not in EXPECTED_EXITS:
        raise DemoFailed(f"ansible-playbook ended with {code}; its messages above say why.")
    # The newest, should this run have found an interrupted one and sealed that first.
    files = sorted(set(_bundle_files()) - before)[-1:]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    if not lines:
        raise DemoFailed("the run left no evidence.")
    bundles = [EvidenceBundle.from_dict(json.loads(line)) for line in lines]
    lost = {item.host_id for item in bundles if item.pre_state["reason_code"] in FAILED_CODES}
    if lost:
        raise DemoFailed(f"nothing could be read on {', '.join(sorted(lost))}; see above.")
    return bundles


def report_repairs(bundles: list[EvidenceBundle]) -> Healing:
    """Print what was healed and what is left; raise DemoFailed where the lab gave no answer."""
    with healer_memory(PLACES) as healer:
        healing = Healing.of(bundles, healer, utc_now())
        print("\n".join(healing.lines(healer.registry)))
    silent = sorted(
        f"{item.attempt.runbook_id} on {item.bundle.host_id}"
        for item in healing.attempts
        if any(step.note == NO_ANSWER for step in item.attempt.steps)
    )
    if silent:
        raise DemoFailed(f"the lab did not answer {', '.join(silent)}; see above.")
    return healing


@contextmanager
def healer_memory(places: Places) -> Iterator[Healer]:
    """Open what the healer of a run that is over remembers."""
    url = f"sqlite:///{places.database}"
    settings = HealerSettings(SITE, ROOT / "rules", url, identify_run("demo"))
    healer = open_healer(settings, Scrubber(os.urandom(32), today=utc_now().date()))
    try:
        yield healer
    finally:
        healer.close()


def report(bundles: list[EvidenceBundle]) -> None:
    """Print the three worst findings that are left, each with its specification."""
    controls = load_controls(ROOT / "rules")
    print("\nWorst of what is still open")
    for number, row in enumerate(worst_findings(bundles), start=1):
        print(f" {number}. {describe(row, controls)}")


def verify() -> bool:
    """Verify all evidence of the site as an auditor would: one file, a key, nothing else."""
    site = EVIDENCE / SITE
    command = ["python3", str(site / "verify.py"), str(site), "--key", str(KEY.with_suffix(".pub"))]
    print(
        f"\nEvidence in {site.relative_to(ROOT)}. "
        "The demo trusts its own key; an auditor brings one."
    )
    print(f"$ {' '.join(_relative(part) for part in command)}", flush=True)
    command[0] = sys.executable
    return subprocess.run(command, check=False).returncode == 0


def _wait_until_ready(lab: "subprocess.Popen[str]", ready: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if lab.poll() is not None:
            raise DemoFailed(f"the lab did not start. {lab.communicate()[1].strip()}")
        if time.monotonic() > deadline:
            raise DemoFailed(f"the lab was not ready within {START_SECONDS:.0f} s.")
        time.sleep(POLL_SECONDS)


def _bundle_files() -> list[Path]:
    return list((EVIDENCE / SITE / "bundles").glob("*/*.jsonl"))


def _relative(part: str) -> str:
    return part.removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    sys.exit(main())
