# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a runbook on a simulated host through the engine, in the order in which the healer does it.

Preconditions, steps with their retries, validation, the check collected again, and the way back
when any of it fails. What is left out, for speed, is Ansible, the network and the gate.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.probe import (
    parse_document,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.parameters import bind
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    Runbook,
    Step,
    load_runbooks,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import (
    Phase,
    Precondition,
    Ran,
    StepAnswer,
    Validation,
    parse_answer,
    script_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import (
    judge_document,
    load_policies,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    ComplianceCheck,
    Finding,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import Layer
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir
from lab.coverage import RUNBOOK_SCRIPTS
from lab.engine import Engine
from lab.estate import Estate
from lab.hostfiles import local_path
from lab.powershell import EngineSettings
from lab.sources import ModuleSource, read_module
from lab.windows.states import State, write_state

COLLECTION = "hipaa.compliance_agent"
NATIVE = Path(__file__).parent / "windows" / "WindowsLab" / "Native"
REBOOT_MINUTES = 10
# What a host writes about itself; the way back need not undo it.
NOT_A_SETTING = frozenset({"log", "audit_trail", "eventlogs", "clock", "faults"})


@dataclass(frozen=True, slots=True)
class Repair:
    """One runbook on one host.

    *before*: "precondition", "step:2", "rollback:1", "validation" or "recheck" -> an edit of the
    state that is made just before that script runs, such as a fault.
    *keeps*: such places at which the state is kept. *twice*: the host as it is then is repaired
    again, with the same parameters; aside, the host as it was gets what follows the steps, without
    a step.
    """

    name: str
    state: State
    runbook_id: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    site: Mapping[str, Any] = field(default_factory=dict)  # as compliance_policy_host
    files: Mapping[str, str] = field(default_factory=dict)  # path on drive C: -> text
    before: Mapping[str, Callable[[State], None]] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    twice: bool = False


@dataclass(slots=True)
class Repaired:
    """What happened. *outcome*: success, partial, failure, or refused, with its *reason*."""

    outcome: str = "failure"
    reason: str = ""
    precondition: Ran | None = None
    steps: list[tuple[int, Ran]] = field(default_factory=list)
    validation: Ran | None = None
    rollback: list[tuple[int, Ran]] = field(default_factory=list)
    verdict_before: ComplianceCheck | None = None
    verdict_after: ComplianceCheck | None = None
    state_before: State = field(default_factory=dict)
    state_after: State = field(default_factory=dict)
    drive: Path = field(default_factory=Path)  # C: of the host
    changed_by_precondition: set[str] = field(default_factory=set)  # paths, as changed_settings
    kept: dict[str, State] = field(default_factory=dict)  # place -> the state just before it
    again: "Repaired | None" = None
    aside: "Repaired | None" = None

    @property
    def calls(self) -> list[str]:
        """The commands that changed the host, in their order."""
        seen = len(self.state_before.get("log") or [])
        return [entry["cmdlet"] for entry in (self.state_after.get("log") or [])[seen:]]

    @property
    def changed_settings(self) -> set[str]:
        """The paths in the state document that differ now, as "services/wuauserv/StartMode"."""
        return _changed(self.state_before, self.state_after)

    @property
    def codes_before(self) -> set[str]:
        """The codes of the findings before, those above information."""
        return _codes(self.verdict_before)

    @property
    def codes_after(self) -> set[str]:
        """The codes of the findings after, those above information."""
        return _codes(self.verdict_after)


def repair(
    settings: EngineSettings, folder: Path, repairs: Iterable[Repair]
) -> dict[str, Repaired]:
    """Run *repairs*, as many at a time as there are workers; return name -> what happened."""
    folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_repair_all(settings, folder, list(repairs)))


async def _repair_all(
    settings: EngineSettings, folder: Path, repairs: list[Repair]
) -> dict[str, Repaired]:
    engine = Engine(Estate((), {}), settings)
    runbooks = load_runbooks(default_rules_dir())
    places = asyncio.Semaphore(settings.workers + 1)

    async def one(item: Repair) -> Repaired:
        async with places:
            runbook = runbooks[item.runbook_id]
            first = _Run(engine, folder, item, runbook)
            done = await first.run()
            if item.twice:
                done.again = await _Run(engine, folder, first.once_more(), runbook).run()
                done.aside = await _Run(engine, folder, first.unrepaired(), runbook).run_no_step()
            return done

    try:
        done = await asyncio.gather(*(one(item) for item in repairs))
    finally:
        await engine.close()
    return {item.name: result for item, result in zip(repairs, done, strict=True)}


@dataclass(slots=True)
class _Run:
    engine: Engine
    folder: Path
    item: Repair
    runbook: Runbook
    done: Repaired = field(default_factory=Repaired)
    saved: dict[str, Any] = field(default_factory=dict)

    async def run(self) -> Repaired:
        done = self.done
        self._set_up()
        done.verdict_before = await self._check()
        done.state_before = self._state()
        done.precondition = await self._script(Phase.PRECONDITION, 0)
        done.changed_by_precondition = _changed(done.state_before, self._state())
        answer = done.precondition.answer
        if not isinstance(answer, Precondition) or not answer.met:
            done.outcome = "refused"
            done.reason = answer.reason if isinstance(answer, Precondition) else "unread"
            done.state_after = self._state()
            return done
        if await self._all_steps() and await self._is_proven():
            passes = done.verdict_after is not None and done.verdict_after.status != "FAIL"
            done.outcome = "success" if passes else "partial"
        else:
            await self._go_back()
        done.state_after = self._state()
        return done

    def _set_up(self) -> None:
        self.done.drive = local_path(self._file, "C:\\")
        write_state(self.item.state, self._file)
        for path, text in self.item.files.items():
            file = local_path(self._file, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    async def run_no_step(self) -> Repaired:
        """Run the validation, then the way back, on a host on which no step has run."""
        done = self.done
        self._set_up()
        done.state_before = self._state()
        done.validation = await self._script(Phase.VALIDATION, 0)
        for step in self.runbook.rollback_steps:
            await self._step(Phase.ROLLBACK, step)
        done.state_after = self._state()
        return done

    def once_more(self) -> Repair:
        """Return the same repair of the host as it is now."""
        return replace(
            self.item,
            state=self._state(),
            parameters=self._parameters(),
            files={},
            before={},
            keeps=(),
        )

    def unrepaired(self) -> Repair:
        """Return the same repair of a host as this one was."""
        return replace(
            self.once_more(),
            name=f"{self.item.name} aside",
            state=self.done.state_before,
            files=self.item.files,
        )

    async def _all_steps(self) -> bool:
        for step in self.runbook.steps:
            if not await self._step(Phase.STEP, step) and not step.continue_on_error:
                self.done.reason = f"step {step.step_id}"
                return False
            self._reboot_after(step, self.done.steps)
        return True

    def _reboot_after(self, step: Step, done: list[tuple[int, Ran]]) -> None:
        answers = [ran.answer for step_id, ran in done if step_id == step.step_id]
        has_changed = any(isinstance(answer, StepAnswer) and answer.changed for answer in answers)
        if step.reboots and (step.reboots_when == "always" or has_changed):
            self._reboot()

    async def _step(self, phase: Phase, step: Step) -> bool:
        done = self.done.steps if phase is Phase.STEP else self.done.rollback
        for _try in range(step.retry_count + 1):
            ran = await self._script(phase, step.step_id)
            done.append((step.step_id, ran))
            if isinstance(ran.answer, StepAnswer) and phase is Phase.STEP:
                self.saved[str(step.step_id)] = dict(ran.answer.saved)
            if ran.failure is None:
                return True
        return False

    async def _is_proven(self) -> bool:
        done = self.done
        done.validation = await self._script(Phase.VALIDATION, 0)
        answer = done.validation.answer
        if not isinstance(answer, Validation) or not answer.valid:
            done.reason = f"validation {getattr(answer, 'reason', done.validation.failure)}"
            return False
        self._edit("recheck")
        done.verdict_after = await self._check()
        old, new = done.codes_before, done.codes_after
        still = old & set(self.runbook.repairs) & new
        if not self.runbook.reveals_findings:
            still |= new - old
        done.reason = f"still {sorted(still)}" if still else ""
        return not still and done.verdict_after.status != "ERROR"

    async def _go_back(self) -> None:
        for step in self.runbook.rollback_steps:
            await self._step(Phase.ROLLBACK, step)
            self._reboot_after(step, self.done.rollback)
        self.done.verdict_after = await self._check()

    async def _script(self, phase: Phase, step_id: int) -> Ran:
        self._edit(f"{phase.value}:{step_id}" if phase.changes_host else phase.value)
        script = script_of(self.runbook, phase, step_id)
        arguments = {
            "runbook_id": self.runbook.runbook_id,
            "phase": phase.value,
            "step_id": step_id,
            "parameters": self._parameters(),
            "saved": self.saved,
            "script": script.text,
            "timeout_seconds": script.timeout_seconds,
        }
        # As a module is named in a payload, to count what runs of it.
        name = f"{RUNBOOK_SCRIPTS}{self.runbook.runbook_id}.{script.name}"
        source = read_module(f"{COLLECTION}.runbook_step")
        reply = await self._module(source, arguments, {"script": name})
        return parse_answer(phase, reply.get("runbook_script"))

    def _parameters(self) -> dict[str, Any]:
        found = _findings(self.done.verdict_before)
        policy = _policy(self.done.verdict_before)
        return bind(self.runbook.parameters, self.item.parameters, found, policy)

    async def _check(self) -> ComplianceCheck:
        check = self.runbook.check_type
        layers = [Layer("the test", self.item.site)]
        policies = load_policies(default_rules_dir(), [check], layers)
        collect = {check.value: policies[check].collector_options()}
        reply = await self._module(
            read_module(f"{COLLECTION}.check_all"), {"checks": [check.value], "collect": collect}
        )
        assert "facts" in reply, reply
        # The host's own clock, which restarts and waiting move.
        now = datetime.fromisoformat(self._state()["clock"]["utc"])
        return judge_document(parse_document(reply["facts"]), policies, now, now)[0]

    async def _module(
        self,
        source: ModuleSource,
        arguments: dict[str, Any],
        covered: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        become = "SYSTEM" if self.runbook.run_as == "system" else None
        job = replace(source.job(arguments, become), covered_args=covered or {})
        completed = await self.engine.run_job(self._file, job)
        assert completed.stdout, completed.stderr.decode()
        reply: dict[str, Any] = json.loads(completed.stdout)
        assert not reply.get("failed"), reply.get("exception") or reply.get("msg")
        return reply

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.item.name}.json"

    def _state(self) -> State:
        state: State = json.loads(self._file.read_text(encoding="utf-8"))
        return state

    def _edit(self, place: str) -> None:
        if place in self.item.keeps:
            self.done.kept[place] = self._state()
        if place in self.item.before:
            state = self._state()
            self.item.before[place](state)
            write_state(state, self._file)

    def _reboot(self) -> None:
        environment = {**os.environ, "LAB_STATE": str(self._file)}
        for arguments in (
            ["shutdown.exe", "/r", "/t", "0"],
            ["tick.py", str(REBOOT_MINUTES)],
        ):
            tool = [sys.executable] if arguments[0].endswith(".py") else []
            command = [*tool, str(NATIVE / arguments[0]), *arguments[1:]]
            subprocess.run(command, env=environment, check=True, capture_output=True)


def _policy(verdict: ComplianceCheck | None) -> Mapping[str, Any]:
    if verdict is None:
        return {}
    policy = verdict.details["policy"]
    assert isinstance(policy, dict)
    return policy


def _findings(verdict: ComplianceCheck | None) -> list[Finding]:
    document = verdict.to_dict() if verdict else {"details": {"findings": []}}
    return [Finding.from_dict(item) for item in document["details"]["findings"]]


def _codes(verdict: ComplianceCheck | None) -> set[str]:
    return {item.code for item in _findings(verdict) if item.status != "PASS"}


def _changed(before: State, after: State) -> set[str]:
    old, new = _settings(before), _settings(after)
    return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def _settings(state: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    pending = [
        (key, value) for key, value in deepcopy(dict(state)).items() if key not in NOT_A_SETTING
    ]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            pending.extend((f"{path}/{key}", inner) for key, inner in value.items())
        else:
            flat[path] = value
    return flat
