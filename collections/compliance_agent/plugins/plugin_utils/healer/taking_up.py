# SPDX-License-Identifier: GPL-3.0-or-later
"""Take up what dead runs left undone on a host, and see how their last script went."""

from contextlib import suppress
from datetime import datetime

from ..healing.attempts import Attempt, AttemptState, StepRecord
from ..healing.steps import Ran
from ..models import Outcome
from ..store.gate_claims import Claim
from ..store.gate_deaths import RunAlive
from .healer import Healer


def take_up(healer: Healer, host_id: str, now: datetime) -> list[Attempt]:
    """Take over what dead runs left undone on a host; return what has to be looked at or undone.

    Nothing is begun again. What runs hold that live, or that nobody sees from here, stays theirs.
    """
    gate, site = healer.gate, healer.site_id
    for run in gate.other_runs(site):
        with suppress(RunAlive):
            gate.recover(site, run.run_id)
    # No repair of this run has begun on this host yet: what it holds there was left by others.
    held = {claim.incident_id: claim for claim in gate.held(site) if claim.host_id == host_id}
    left = [
        healer.attempts.take_over(item, healer.run.run_id, now)
        for item in healer.attempts.unfinished(site)
        if item.key.host_id == host_id and item.incident_id in held
    ]
    going_on = [item for item in left if not item.state.is_final]
    for incident_id in held.keys() - {item.incident_id for item in going_on}:
        _set_free(healer, held[incident_id], now)
    return going_on


def _set_free(healer: Healer, claim: Claim, now: datetime) -> None:
    """Free a host with what came of the repair: the run may have died after the end of that.

    One that never began says nothing about its runbook.
    """
    attempt = healer.attempts.newest(claim.incident_id, since=claim.claimed_at)
    outcome = Outcome.FAILURE if attempt is None else attempt.outcome or Outcome.FAILURE
    has_acted = attempt is not None and attempt.state is not AttemptState.REFUSED
    healer.gate.release(claim, outcome, now, has_acted=has_acted)


def unseen_script(healer: Healer, attempt: Attempt) -> StepRecord | None:
    """Return the script that *attempt* began last, if it changes the host and has no end here."""
    for step in healer.attempts.steps(attempt.attempt_id)[-1:]:
        if step.phase.changes_host and step.finished_at is None:
            return step
    return None


def keep_end(healer: Healer, attempt: Attempt, ran: Ran, now: datetime) -> None:
    """Keep how that script went: the way back needs what it saved. Raises AttemptMoved."""
    healer.attempts.finish(attempt, ran, now)
