# SPDX-License-Identifier: GPL-3.0-or-later
"""Several ways to choose a runbook, and when they agree. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from .candidates import Bar, Candidates
from .reasons import PersonDecides, Reason

# One way alone is wrong too often, whichever it is.
VOTES_MIN = 2
# Where somebody can give what is missing, they have to be told what that is.
_REASONS = {
    Bar.NEEDS_PASSED_CHECK: Reason.NEEDS_PASSED_CHECK,
    Bar.CONNECTION_UNKNOWN: Reason.CONNECTION_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Vote:
    """What one way of choosing says: a runbook; or none and why. *objects*: nobody may choose."""

    method: str
    runbook_id: str | None
    reason_code: str
    objects: bool = False


def within(vote: Vote, candidates: Candidates) -> Vote:
    """Return *vote*, or an objection in its place if its runbook may not be chosen.

    The next best is no answer: what fits best is barred, and that is for a person to weigh.
    """
    if vote.runbook_id is None or candidates.find(vote.runbook_id) is not None:
        return vote
    reason = reason_of(candidates.bar_of(vote.runbook_id))
    return Vote(vote.method, None, reason.value, objects=True)


def reason_of(why: Bar | None) -> Reason:
    """Return what a person is told where *why* was in the way of the runbook that fits."""
    return _REASONS.get(why, Reason.CHOICE_BARRED) if why is not None else Reason.CHOICE_BARRED


def refuse_conflict(votes: Sequence[Vote]) -> None:
    """Return if nobody objects and no two votes differ; raises PersonDecides."""
    for vote in votes:
        if vote.objects:
            known = {reason.value: reason for reason in Reason}
            raise PersonDecides(known.get(vote.reason_code, Reason.DISAGREEMENT))
    if len(_chosen(votes)) > 1:
        raise PersonDecides(Reason.DISAGREEMENT)


def can_still_agree(votes: Sequence[Vote], more: int) -> bool:
    """Return whether *more* further voters could bring the votes that are needed."""
    return sum(vote.runbook_id is not None for vote in votes) + more >= VOTES_MIN


def agreed(votes: Sequence[Vote]) -> str:
    """Return the runbook that at least `VOTES_MIN` voters name and none contradicts.

    An abstention neither helps nor hinders. Raises PersonDecides.
    """
    refuse_conflict(votes)
    if not can_still_agree(votes, 0):
        raise PersonDecides(Reason.NO_SECOND_OPINION)
    return _chosen(votes).pop()


def _chosen(votes: Sequence[Vote]) -> set[str]:
    return {vote.runbook_id for vote in votes if vote.runbook_id is not None}
