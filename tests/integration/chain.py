# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections on simulated hosts through the engine, judged as the action plugin judges them.

What is left out, for speed, is Ansible and the network; test_scenarios goes through both.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.probe import (
    parse_document,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import (
    judge_document,
    load_policies,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import Layer
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir
from lab.engine import Engine
from lab.estate import Estate
from lab.hostfiles import local_path
from lab.powershell import EngineSettings
from lab.sources import ModuleSource, read_module
from lab.windows.states import REFERENCE, State, write_state

COLLECTION = "hipaa.compliance_agent"
CHECKS = tuple(check.value for check in CheckId)
_BUDGET = re.compile(rb"(?<=TimeoutSeconds)(\s*=?\s*)\d+")


@dataclass(frozen=True, slots=True)
class Collection:
    """One run of a check module on one simulated host."""

    name: str
    state: State
    checks: tuple[str, ...] = CHECKS
    site: Mapping[str, Any] = field(default_factory=dict)  # as compliance_policy_host
    become_user: str | None = None
    module: str = "check_all"
    files: Mapping[str, str] = field(default_factory=dict)  # path on drive C: -> text
    # Check -> what the collector is asked, in place of what the policy asks.
    collect: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    budget_seconds: int | None = None  # the collectors give up after so long, not after their own


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the controller made of one check; *probes*: name -> state, as the judge saw it."""

    status: str
    findings: tuple[Mapping[str, Any], ...]
    probes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: str, details: Mapping[str, Any]) -> "Verdict":
        probes = {name: probe["state"] for name, probe in details.get("probes", {}).items()}
        return cls(status, tuple(details["findings"]), probes)

    @property
    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.findings}

    @property
    def concerns(self) -> set[str]:
        """The codes of the findings that are more than information."""
        return {finding["code"] for finding in self.findings if finding["status"] != "PASS"}

    @property
    def essence(self) -> list[tuple[str, str, str]]:
        """What must not depend on language, time zone or calendar of a host."""
        return sorted((item["status"], item["code"], item["scope"]) for item in self.findings)


Verdicts = dict[str, Verdict]


class CollectionFailed(AssertionError):
    """A module gave no facts: one broken source has hidden all the others."""


def observe(
    settings: EngineSettings, folder: Path, collections: Iterable[Collection]
) -> dict[str, Verdicts]:
    """Run *collections*, as many at a time as there are workers; return name -> check -> verdict.

    Raises CollectionFailed with the module's own words if one of them gives no facts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_observe_all(settings, folder, list(collections)))


def to_json(observed: Mapping[str, Verdicts]) -> Any:
    """Return *observed* as plain values, for another process."""
    return {
        name: {check: asdict(verdict) for check, verdict in verdicts.items()}
        for name, verdicts in observed.items()
    }


def from_json(value: Any) -> dict[str, Verdicts]:
    """Return what *to_json* was given."""
    return {
        name: {check: Verdict(**fields) for check, fields in verdicts.items()}
        for name, verdicts in value.items()
    }


async def _observe_all(
    settings: EngineSettings, folder: Path, collections: list[Collection]
) -> dict[str, Verdicts]:
    names = {item.name for item in collections}
    assert len(names) == len(collections), "two collections have the same name"
    kinds = {(item.module, item.budget_seconds) for item in collections}
    sources = {kind: _read_source(*kind) for kind in kinds}
    engine = Engine(Estate((), {}), settings)
    # A few more than workers: the next document is written while they are at work.
    places = asyncio.Semaphore(settings.workers + 1)

    async def one(item: Collection) -> Verdicts:
        async with places:
            return await _observe(engine, folder, item, sources[item.module, item.budget_seconds])

    try:
        found = await asyncio.gather(*(one(item) for item in collections))
    finally:
        await engine.close()
    return {item.name: verdicts for item, verdicts in zip(collections, found, strict=True)}


def _write_files(state: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = local_path(state, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _read_source(module: str, budget_seconds: int | None) -> ModuleSource:
    source = read_module(f"{COLLECTION}.{module}")
    if budget_seconds:
        short = rb"\g<1>%d" % budget_seconds
        source.scripts = {
            name: _BUDGET.sub(short, text) if COLLECTION in name else text
            for name, text in source.scripts.items()
        }
    return source


async def _observe(
    engine: Engine, folder: Path, item: Collection, source: ModuleSource
) -> Verdicts:
    layers = [Layer("the test", item.site)]
    policies = load_policies(default_rules_dir(), [CheckId(name) for name in item.checks], layers)
    collect = {check.value: policy.collector_options() for check, policy in policies.items()}
    arguments: dict[str, Any] = {"collect": collect | item.collect}
    if item.module == "check_all":
        arguments["checks"] = list(item.checks)
    state = folder / f"{item.name}.json"
    write_state(item.state, state)
    _write_files(state, item.files)
    completed = await engine.run_job(state, source.job(arguments, item.become_user))
    answer = json.loads(completed.stdout) if completed.stdout else {}
    if "facts" not in answer:
        words = answer.get("exception") or answer.get("msg") or completed.stderr.decode()
        raise CollectionFailed(f"{item.name}: {words}")
    # The simulated clocks stand still at the reference, and so does the controller's.
    verdicts = judge_document(parse_document(answer["facts"]), policies, REFERENCE, REFERENCE)
    return {
        check.check_id.value: Verdict.of(check.status.value, check.details) for check in verdicts
    }
