# SPDX-License-Identifier: GPL-3.0-or-later
"""The one registry: every finding code -> its runbook -> the same check -> controls of that check.

A runbook that is wired to the wrong check repairs something else and is celebrated for it. So the
registry refuses to load while anything in it contradicts the checks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..controls import ControlMap, load_controls
from ..errors import RunbookInvalid, RunbookNotFound
from ..judges import JUDGES
from ..models import CheckId
from .parameters import ParameterSource
from .runbooks import Runbook, load_runbooks

# No step may take longer than this, in seconds: our choice.
STEP_SECONDS_MAX = 4 * 3600
# A connection that stays silent for longer is cut by some networks: such a step says that it may
# be detached. The healer does not detach it yet, it waits as for any other.
SILENT_SECONDS_MAX = 900


@dataclass(frozen=True, slots=True)
class Registry:
    """All runbooks of a folder ``rules/``, checked against the checks and their controls."""

    runbooks: Mapping[str, Runbook]

    def find(self, runbook_id: str) -> Runbook:
        """Return the runbook *runbook_id*; raises RunbookNotFound (E003)."""
        try:
            return self.runbooks[runbook_id]
        except KeyError:
            raise RunbookNotFound(
                "there is no such runbook",
                value=runbook_id,
                remedy=f"Known: {', '.join(self.runbooks) or 'none'}.",
            ) from None

    def for_check(self, check: CheckId) -> list[Runbook]:
        """Return the runbooks of *check*, in the order of their ids."""
        return [item for item in self.runbooks.values() if item.check_type is check]

    def for_finding(self, check: CheckId, code: str) -> Runbook | None:
        """Return the runbook that the check names for *code*, or None where a person must act."""
        entry = JUDGES[check].catalogue.get(code)
        return self.find(entry.runbook) if entry is not None and entry.runbook else None


def load_registry(rules_dir: Path) -> Registry:
    """Return the registry of *rules_dir*; raises RunbookInvalid with every contradiction in it."""
    controls = load_controls(rules_dir)
    runbooks = load_runbooks(rules_dir)
    problems = [
        *(problem for item in runbooks.values() for problem in _problems(item, controls)),
        *_unkept_promises(runbooks),
    ]
    if problems:
        raise RunbookInvalid(
            f"the runbooks in {rules_dir} contradict the checks: {'; '.join(problems)}",
            remedy="Mend the files that it names.",
        )
    return Registry(runbooks)


def _problems(runbook: Runbook, controls: ControlMap) -> Iterator[str]:
    name, check = runbook.runbook_id, runbook.check_type
    allowed = controls.for_check(check)
    if foreign := [item for item in runbook.hipaa_controls if item not in allowed]:
        yield f"{name}: hipaa_controls {foreign} are not those of {check}"
    codes = JUDGES[check].catalogue
    for code in runbook.repairs:
        if code not in codes:
            yield f"{name}: repairs {code}, which {check} never reports"
    yield from _idle_triggers(runbook)
    for parameter, declared in runbook.parameters.items():
        source = declared.source
        if isinstance(source, ParameterSource) and source.finding not in codes:
            yield f"{name}: parameters.{parameter} reads {source.finding}, which {check} lacks"
        if declared.policy and declared.policy not in JUDGES[check].policy.model_fields:
            yield f"{name}: parameters.{parameter} takes {declared.policy}, no key of {check}"
    for step in (*runbook.steps, *runbook.rollback_steps):
        if step.timeout_seconds > STEP_SECONDS_MAX:
            yield f"{name}: step {step.step_id} may take longer than {STEP_SECONDS_MAX} s"
        elif step.timeout_seconds > SILENT_SECONDS_MAX and not step.runs_async:
            yield f"{name}: step {step.step_id} takes over {SILENT_SECONDS_MAX} s and is not async"


def _idle_triggers(runbook: Runbook) -> Iterator[str]:
    """Yield what nothing can pull: it would leave to a repair what its author left to a person."""
    codes = JUDGES[runbook.check_type].catalogue
    phrases = [entry.phrase.casefold() for entry in codes.values()]
    for trigger in runbook.escalate_when:
        if trigger not in codes and not any(trigger.casefold() in said for said in phrases):
            who = runbook.check_type
            yield f"{runbook.runbook_id}: escalate_when has {trigger}, which {who} never says"


def _unkept_promises(runbooks: Mapping[str, Runbook]) -> Iterator[str]:
    """Yield what the checks say of runbooks and no runbook keeps."""
    for check, judge in JUDGES.items():
        for code, entry in judge.catalogue.items():
            if entry.runbook is None:
                continue
            runbook = runbooks.get(entry.runbook)
            if runbook is None:
                yield f"{check} names {entry.runbook} for {code}, and there is no such runbook"
            elif runbook.check_type is not check or code not in runbook.repairs:
                yield f"{check} names {entry.runbook} for {code}, and it does not repair that"
