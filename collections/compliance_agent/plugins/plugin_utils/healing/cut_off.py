# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person must know of a repair that was under way when its host was lost. Pure.

Everything is made of what the memory keeps of each script, and of the runbook's own words.
"""

from collections.abc import Iterator, Sequence

from ..instants import to_text
from .attempts import Attempt, StepRecord
from .runbooks import Runbook, Step
from .steps import Phase

_CHANGES = frozenset({Phase.STEP, Phase.ROLLBACK})
# How the scripts of runbooks end the notes by which they say it.
_ARMED, _DISARMED = "_armed", "_disarmed"


def cut_off_lines(
    attempt: Attempt, steps: Sequence[StepRecord], runbook: Runbook | None
) -> Iterator[str]:
    """Yield what was done of *attempt*, which has not ended; *runbook* is None if it is gone."""
    named = f"{attempt.runbook_id} ({runbook.name})" if runbook else attempt.runbook_id
    since = to_text(attempt.created_at)
    yield f"{named} has been under way since {since}, and nobody saw it end."
    if steps:
        last = steps[-1]
        begun = to_text(last.started_at)
        yield f"Its last script was {_named(last, runbook)}, begun {begun} and {_ending(last)}."
    acted = [item for item in steps if item.phase in _CHANGES]
    if not acted:
        yield "No step of it had begun, so it has changed nothing."
        return
    # What a script that failed or that nobody saw end has changed, nobody was told.
    changed = dict.fromkeys(_named(item, runbook) for item in acted if item.changed is not False)
    if changed:
        yield f"These have changed the host, or may have: {', '.join(changed)}."
    yield _way_back(acted, runbook)


def _named(step: StepRecord, runbook: Runbook | None) -> str:
    if step.phase not in _CHANGES:
        return step.phase.value
    steps = () if runbook is None else _steps(runbook, step.phase)
    words = [f" ({item.description})" for item in steps if item.step_id == step.step_id]
    return "".join([f"{step.phase.value} {step.step_id}", *words])


def _steps(runbook: Runbook, phase: Phase) -> tuple[Step, ...]:
    return runbook.rollback_steps if phase is Phase.ROLLBACK else runbook.steps


def _ending(step: StepRecord) -> str:
    if step.failure is not None:
        return f"failed: {' '.join(item for item in (step.failure, step.hresult) if item)}"
    return "not seen to end" if step.finished_at is None else "seen to end"


def _way_back(acted: Sequence[StepRecord], runbook: Runbook | None) -> str:
    if runbook is None:
        return "Whether the host takes it back by itself is not known."
    if not runbook.arms_revert:
        return "Nothing on the host takes it back by itself."
    notes = [item.note for item in acted if item.note]
    said = [note for note in notes if note.endswith((_ARMED, _DISARMED))]
    if not said:
        return "A task on the host that takes it back by itself may be armed."
    if said[-1].endswith(_DISARMED):
        return "The task on the host that takes it back by itself was disarmed."
    return "A task on the host that takes it back by itself was armed and not disarmed."
