# SPDX-License-Identifier: GPL-3.0-or-later
"""The runbooks: known repairs as an operator edits them, ``rules/runbooks/RB-WIN-*.yml``.

A file holds the contract's RunbookDefinition and what the contract has no place for: the check and
the findings that it mends, typed parameters, and what a step needs of the controller. Its scripts
lie beside it, in ``scripts/<runbook_id>/``, where the static checks of PowerShell read them.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ..errors import RunbookInvalid
from ..models import ActionType, CheckId, RunbookDefinition, RunbookStep
from ..policy import PolicyModel, read_yaml
from .parameters import ConnectionSource, Parameter, PassedSource

FOLDER = "runbooks"
ScriptName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.ps1$")]
FindingCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
RunAs = Literal["login", "system"]
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Step(PolicyModel):
    """One script of a runbook, and what the controller must know to run it."""

    step_id: Annotated[int, Field(ge=1)]
    description: str
    script: ScriptName
    timeout_seconds: Annotated[int, Field(gt=0)]
    retry_count: Annotated[int, Field(ge=0, le=5)] = 0
    continue_on_error: bool = False
    # Additive. Longer than a connection may stay silent: started, and asked for its result.
    runs_async: bool = Field(default=False, alias="async")
    reboots: bool = False  # the controller restarts the host after this step and waits for it
    # A restart that nothing asked for disturbs for nothing: only after a step that changed a thing.
    reboots_when: Literal["always", "changed"] = "always"

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.reboots_when == "changed" and not self.reboots:
            raise ValueError("reboots_when: this step does not restart the host")
        if self.reboots_when == "changed" and (self.retry_count or self.continue_on_error):
            # What a failed try has changed, nobody was told.
            raise ValueError("reboots_when: changed is not known of a step that may fail half-way")
        return self


class Runbook(PolicyModel):
    """One known repair; `load_runbooks` reads it, and `definition` is its contract form."""

    runbook_id: Annotated[str, Field(pattern=r"^RB-WIN-[A-Z]+-[0-9]{3}$")]
    name: str
    description: str
    check_type: Annotated[CheckId, Field(strict=False)]
    action_type: Annotated[ActionType, Field(strict=False)]
    hipaa_controls: Annotated[tuple[str, ...], Field(min_length=1)]
    is_disruptive: bool
    requires_reboot: bool
    estimated_duration: Annotated[str, Field(pattern=r"^[0-9]+[smh]$")]
    requires_approval: bool
    maintenance_window_only: bool
    repairs: Annotated[tuple[FindingCode, ...], Field(min_length=1)]
    parameters: Mapping[str, Parameter] = Field(default_factory=dict)
    run_as: RunAs = "login"
    arms_revert: bool = False
    expects_disconnect: bool = False
    # What it mends hid other findings, as a log service that is down does: those that show up then
    # are no harm that it did.
    reveals_findings: bool = False
    serialize: Literal["none", "domain_controllers", "cluster_nodes"] = "none"
    preconditions: ScriptName = "preconditions.ps1"
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    rollback_steps: tuple[Step, ...] = ()
    no_rollback_reason: str | None = None
    validation_script: ScriptName = "validate.ps1"
    symptoms: tuple[str, ...] = ()
    escalate_when: tuple[str, ...] = ()
    # Name of a script -> its text; filled by the loader.
    scripts: Mapping[str, str] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        for name, steps in (("steps", self.steps), ("rollback_steps", self.rollback_steps)):
            if [step.step_id for step in steps] != list(range(1, len(steps) + 1)):
                raise ValueError(f"{name}: step_id must count 1, 2, 3 ...")
        if bool(self.rollback_steps) == bool(self.no_rollback_reason):
            raise ValueError(
                "give rollback_steps, or a no_rollback_reason where there is no way back"
            )
        if self.action_type is ActionType.ESCALATE:
            raise ValueError("action_type: a runbook acts; escalate is no repair")
        # On the way back, or only where something changed: the gate has to allow it all the same.
        if (
            any(step.reboots for step in (*self.steps, *self.rollback_steps))
            != self.requires_reboot
        ):
            raise ValueError("requires_reboot and the steps that reboot contradict each other")
        if self.requires_reboot and not self.is_disruptive:
            raise ValueError("is_disruptive: a reboot disturbs whoever works there")
        if self.expects_disconnect and not self.arms_revert:
            raise ValueError("arms_revert: a step that may cut the connection needs a way back")
        return self

    @property
    def estimated_seconds(self) -> int:
        """Return how long the repair usually takes."""
        return int(self.estimated_duration[:-1]) * _UNIT_SECONDS[self.estimated_duration[-1]]

    @property
    def longest(self) -> timedelta:
        """Return the most time that its steps may take together, with every retry."""
        return timedelta(
            seconds=sum(step.timeout_seconds * (step.retry_count + 1) for step in self.steps)
        )

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256, in hexadecimal, of all that it says and of its scripts.

        What the healer fills in for one host, where a parameter is of the connection, is not of it.
        """
        document = self.model_dump(mode="json")
        for name, parameter in self.parameters.items():
            if isinstance(parameter.source, ConnectionSource):
                document["parameters"][name]["default"] = None
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    @property
    def rests_on(self) -> frozenset[CheckId]:
        """Return the other checks that must have passed before it may begin."""
        sources = (parameter.source for parameter in self.parameters.values())
        return frozenset(item.passed for item in sources if isinstance(item, PassedSource))

    @property
    def needs_person(self) -> bool:
        """Return whether a person has to allow it: approval, or a disturbance."""
        return self.requires_approval or self.is_disruptive

    def script_names(self) -> tuple[str, ...]:
        """Return the names of all its scripts, each once, in the order in which they run."""
        steps = (*self.steps, *self.rollback_steps)
        names = (self.preconditions, *(step.script for step in steps), self.validation_script)
        return tuple(dict.fromkeys(names))

    def definition(self) -> RunbookDefinition:
        """Return the contract's form, with the texts of the scripts."""
        return RunbookDefinition(
            runbook_id=self.runbook_id,
            name=self.name,
            description=self.description,
            hipaa_controls=self.hipaa_controls,
            is_disruptive=self.is_disruptive,
            requires_reboot=self.requires_reboot,
            estimated_duration=self.estimated_duration,
            steps=tuple(map(self._contract_step, self.steps)),
            rollback_steps=tuple(map(self._contract_step, self.rollback_steps)),
            validation_script=self.scripts[self.validation_script],
        )

    def _contract_step(self, step: Step) -> RunbookStep:
        return RunbookStep(
            step_id=step.step_id,
            description=step.description,
            script=self.scripts[step.script],
            timeout_seconds=step.timeout_seconds,
            retry_count=step.retry_count,
            continue_on_error=step.continue_on_error,
        )


def load_runbooks(rules_dir: Path) -> dict[str, Runbook]:
    """Return every runbook in *rules_dir* by its id.

    Raises RunbookInvalid, which names the file, the key and what is allowed: for a file that is not
    a runbook, a script that is missing or that no step uses, and a name that is not the id.
    """
    folder = rules_dir / FOLDER
    runbooks = [_load(path) for path in sorted(folder.glob("*.yml"))]
    known = {runbook.runbook_id for runbook in runbooks}
    scripts = folder / "scripts"
    kept = {path.name for path in scripts.iterdir() if path.is_dir()} if scripts.is_dir() else set()
    if strays := sorted(kept - known):
        raise RunbookInvalid(
            f"{scripts} has scripts of no runbook", value=strays, remedy="Delete the folder."
        )
    return {runbook.runbook_id: runbook for runbook in runbooks}


def _load(path: Path) -> Runbook:
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise RunbookInvalid(f"{path} is not a mapping", value=raw, remedy="Write key: value.")
    if raw.get("runbook_id") != path.stem:
        raise RunbookInvalid(
            f"{path}: runbook_id is not the name of the file", value=raw.get("runbook_id")
        )
    try:
        runbook = Runbook.model_validate(_frozen(raw))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "runbook"
        reason = problem["msg"].removeprefix("Value error, ")
        raise RunbookInvalid(
            f"{path}: {where}: {reason}",
            value=None if problem["type"] == "missing" or not problem["loc"] else problem["input"],
            remedy="docs/reference/runbooks.md says what each key means.",
        ) from error
    return runbook.model_copy(update={"scripts": _scripts(path, runbook)})


def _scripts(path: Path, runbook: Runbook) -> dict[str, str]:
    folder = path.parent / "scripts" / runbook.runbook_id
    found = {file.name: file for file in folder.glob("*.ps1")}
    names = runbook.script_names()
    if missing := [name for name in names if name not in found]:
        raise RunbookInvalid(f"{folder} lacks scripts of the runbook", value=missing)
    if unused := sorted(set(found) - set(names)):
        raise RunbookInvalid(f"{folder} has scripts that no step uses", value=unused)
    return {name: _read_script(found[name]) for name in names}


def _read_script(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    # Windows PowerShell 5.1 reads a script without a mark in the code page of the host.
    if not text.isascii():
        raise RunbookInvalid(f"{file} has letters beyond ASCII", remedy="Write it in ASCII.")
    if not re.search(r"^param\s*\(", text, re.MULTILINE):
        remedy = "Begin with param ([System.Collections.IDictionary]$Parameter, ... $Saved)."
        raise RunbookInvalid(f"{file} takes no parameters", remedy=remedy)
    return text


def _frozen(value: Any) -> Any:
    # YAML has lists only; strict models hold tuples, which cannot change behind our back.
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
