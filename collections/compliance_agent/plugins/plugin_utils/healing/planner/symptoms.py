# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded planner: two ways to find the runbook that share nothing but the case. Pure.

`vote_by_code` follows the codes of the findings to the runbook that claims to mend them.
`vote_by_symptom` compares the words of our fixed phrases with the symptoms that the author of a
runbook wrote down. Neither reads a value that a host gave, so no text on a host can move them. Both
rank every runbook of the check and abstain if the best one may not be chosen: a bar makes the next
best no better.

On the 118 labelled incidents and the shipped runbooks they agree on 73 of the 74 that have a
repair and on none of the 44 that are a person's: ``python -m bench.planner --rules rules``. One
author wrote labels and symptoms, so expect less of other words. They do not make up for a missing
``escalate_when``: both see the fault, and neither sees why it is left to a person.
"""

from collections import Counter
from collections.abc import Iterable

from ...judges import JUDGES
from ...models import CheckStatus
from ..runbooks import Runbook
from .candidates import Candidates
from .case import Case
from .reasons import PersonDecides, Reason
from .votes import Vote, reason_of, within
from .words import words_of

# A single word in common is chance.
SHARED_WORDS_MIN = 2
# The best must lead the second by half: near ties are how words go wrong.
LEAD_NUMERATOR, LEAD_DENOMINATOR = 3, 2
# A word that all runbooks of a check share says nothing about one of them; whole numbers only.
_RARE_WORD = 840


def refuse_hopeless(case: Case, candidates: Candidates) -> None:
    """Return if somebody may vote at all; raises PersonDecides.

    A proven or urgent fault that no runbook mends is a person's, and with it the whole incident:
    to mend what stands beside it would look like care.
    """
    mended = {code for runbook in candidates.of_check for code in runbook.repairs}
    decisive = (*case.leading, *case.grave)
    if any(item.status is CheckStatus.ERROR for item in case.open_findings):
        raise PersonDecides(Reason.NOT_ALL_WAS_READ)
    if any(item.gpo_managed for item in decisive):
        raise PersonDecides(Reason.GPO_MANAGED)
    if any(item.code not in mended for item in decisive):
        raise PersonDecides(Reason.FAULT_WITHOUT_RUNBOOK)
    if not candidates.offered:
        raise PersonDecides(_why_nothing_is_left(candidates))


def _why_nothing_is_left(candidates: Candidates) -> Reason:
    reasons = {reason_of(why) for _name, why in candidates.barred} - {Reason.CHOICE_BARRED}
    return reasons.pop() if len(reasons) == 1 else Reason.NO_CANDIDATE


def vote_by_code(case: Case, candidates: Candidates) -> Vote:
    """Vote for the one runbook that mends the worst findings, if there is one."""
    catalogue = JUDGES[case.incident.check_type].catalogue
    named: set[str] = set()
    for finding in case.leading:
        mends = {item.runbook_id for item in candidates.of_check if finding.code in item.repairs}
        entry = catalogue.get(finding.code)
        # Where several can mend it, the check says which one is meant for it.
        chosen = {entry.runbook} & mends if entry is not None and entry.runbook else set()
        named |= chosen or mends
    if len(named) != 1:
        return Vote("codes", None, "several_causes" if named else "no_runbook")
    return within(Vote("codes", named.pop(), "code_is_mended"), candidates)


def vote_by_symptom(case: Case, candidates: Candidates) -> Vote:
    """Vote for the runbook whose symptoms have the most words of the worst findings.

    Each of them votes by itself, and they must agree: the words of two causes together would point
    at whatever lies between them.
    """
    phrases = {item.code: f"{item.message} {item.code.replace('_', ' ')}" for item in case.leading}
    votes = {_nearest(set(words_of(text)), candidates.of_check) for text in phrases.values()}
    if len(votes) > 1:
        return Vote("symptoms", None, "several_causes")
    return within(votes.pop(), candidates)


def _nearest(seen: set[str], runbooks: Iterable[Runbook]) -> Vote:
    scores = _scores(seen, runbooks)
    if not scores:
        return Vote("symptoms", None, "no_symptom")
    (score, best), *others = scores
    second = others[0][0] if others else 0
    if score * LEAD_DENOMINATOR < second * LEAD_NUMERATOR:
        return Vote("symptoms", None, "near_tie")
    return Vote("symptoms", best, "symptoms_match")


def _scores(seen: set[str], runbooks: Iterable[Runbook]) -> list[tuple[int, str]]:
    """Return score and id of each runbook that shares enough words with *seen*, best first."""
    words = {item.runbook_id: _symptom_words(item) for item in runbooks}
    spread = Counter(word for found in words.values() for word in found)
    shared = {name: found & seen for name, found in words.items()}
    scores = [
        (sum(_RARE_WORD // spread[word] for word in common), name)
        for name, common in shared.items()
        if len(common) >= SHARED_WORDS_MIN
    ]
    return sorted(scores, key=lambda item: (-item[0], item[1]))


def _symptom_words(runbook: Runbook) -> set[str]:
    return {word for text in runbook.symptoms for word in words_of(text.replace("_", " "))}
