# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts of a runbook answer, read strictly: what is missing or odd fails. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import RunbookNotFound
from ..signable import SignableObject
from .runbooks import Runbook, Step

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
# What only reads has the time of a probe.
READING_SECONDS = 120


class Phase(StrEnum):
    """The four kinds of scripts that a runbook has."""

    PRECONDITION = "precondition"
    STEP = "step"
    ROLLBACK = "rollback"
    VALIDATION = "validation"

    @property
    def changes_host(self) -> bool:
        return self in {Phase.STEP, Phase.ROLLBACK}


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Precondition(_Answer):
    """Whether the fault is there, and nothing forbids to mend it here."""

    met: bool
    reason: Word
    observed: SignableObject


class StepAnswer(_Answer):
    """What a step changed; *saved* is what later steps and the way back need."""

    changed: bool
    note: Word
    saved: SignableObject


class Validation(_Answer):
    """Whether the repair itself can see that it worked. The check decides, not this."""

    valid: bool
    reason: Word
    observed: SignableObject


class _Script(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    state: Literal["ok", "error", "timeout"]
    hresult: str | None
    error_id: str | None
    error_line: int | None
    elapsed_ms: int
    output: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Script:
    """One script to run: its text, and the time it may take in seconds."""

    name: str
    text: str
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class Ran:
    """How one script went. *failure* is None when it did what its contract says."""

    answer: Precondition | StepAnswer | Validation | None
    failure: str | None  # a word: script_error, script_timeout, bad_answer
    hresult: str | None
    error_id: str | None
    error_line: int | None
    elapsed_ms: int

    def to_dict(self) -> dict[str, Any]:
        """Return what tasks and records keep of it."""
        return {
            "answer": self.answer.model_dump(mode="json") if self.answer else None,
            "failure": self.failure,
            "hresult": self.hresult,
            "error_id": self.error_id,
            "error_line": self.error_line,
            "elapsed_ms": self.elapsed_ms,
        }


_ANSWERS: Mapping[Phase, type[Precondition | StepAnswer | Validation]] = {
    Phase.PRECONDITION: Precondition,
    Phase.STEP: StepAnswer,
    Phase.ROLLBACK: StepAnswer,
    Phase.VALIDATION: Validation,
}


def script_of(runbook: Runbook, phase: Phase, step_id: int = 0) -> Script:
    """Return the script of *phase*; raises RunbookNotFound (E003) for a step that is not there."""
    if phase is Phase.PRECONDITION:
        name, seconds = runbook.preconditions, READING_SECONDS
    elif phase is Phase.VALIDATION:
        name, seconds = runbook.validation_script, READING_SECONDS
    else:
        step = step_of(runbook, phase, step_id)
        name, seconds = step.script, step.timeout_seconds
    return Script(name, runbook.scripts[name], seconds)


def step_of(runbook: Runbook, phase: Phase, step_id: int) -> Step:
    """Return step *step_id* of the way there or back; raises RunbookNotFound (E003)."""
    steps = runbook.rollback_steps if phase is Phase.ROLLBACK else runbook.steps
    for step in steps:
        if step.step_id == step_id:
            return step
    remedy = f"It has the steps {', '.join(str(step.step_id) for step in steps) or 'none'}."
    raise RunbookNotFound(f"{runbook.runbook_id} has no such {phase}", value=step_id, remedy=remedy)


def parse_answer(phase: Phase, reply: object) -> Ran:
    """Return what the module's ``runbook_script`` says; never raises for what a host says."""
    try:
        script = _Script.model_validate(reply)
    except ValidationError:
        return Ran(None, "bad_answer", None, None, None, 0)
    failure = {"ok": None, "error": "script_error", "timeout": "script_timeout"}[script.state]
    answer = None
    if failure is None:
        try:
            answer = _ANSWERS[phase].model_validate(script.output)
        except ValidationError:
            failure = "bad_answer"
    if script.error_id == "NoResult":
        failure = "bad_answer"
    return Ran(
        answer, failure, script.hresult, script.error_id, script.error_line, script.elapsed_ms
    )
