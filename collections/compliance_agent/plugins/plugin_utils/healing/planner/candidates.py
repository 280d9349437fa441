# SPDX-License-Identifier: GPL-3.0-or-later
"""Which runbooks may be chosen for a case, and why the others may not. Pure.

What is left out here cannot be chosen by anybody: not by a rule of thumb, not by a model, not by a
text that an attacker wrote. That is why every bar stands in this one place.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...models import CheckStatus, Finding, IncidentStatus
from ..parameters import ConnectionSource, PassedSource
from ..registry import Registry
from ..runbooks import Runbook
from .case import Case
from .words import contains, words_of

_CODE = re.compile(r"[a-z][a-z0-9_]*")


class Bar(StrEnum):
    """Why a runbook of the check may not be chosen; the first that holds is named."""

    NOT_AVAILABLE = "not_available"  # the caller did not offer it
    FORBIDDEN = "forbidden"
    DISRUPTIVE = "disruptive"
    REBOOT = "reboot"
    TRIED_BEFORE = "tried_before"  # on this host, and the incident was not resolved by it
    GPO_MANAGED = "gpo_managed"  # a policy owns what it would mend
    ESCALATE_WHEN = "escalate_when"  # the runbook itself says that a person decides
    REPAIRS_NOTHING = "repairs_nothing"  # none of what was found
    NEEDS_PASSED_CHECK = "needs_passed_check"  # another check has to pass first, and has not
    CONNECTION_UNKNOWN = "connection_unknown"  # from where or how the host is reached


@dataclass(frozen=True, slots=True)
class Candidates:
    """All runbooks of the check, those that may be chosen, and the bars of the others."""

    of_check: tuple[Runbook, ...]
    offered: tuple[Runbook, ...]
    barred: tuple[tuple[str, Bar], ...]

    def bar_of(self, runbook_id: str) -> Bar | None:
        """Return why *runbook_id* may not be chosen, or None."""
        return dict(self.barred).get(runbook_id)

    def find(self, runbook_id: str) -> Runbook | None:
        """Return the runbook *runbook_id* if it may be chosen."""
        return next((item for item in self.offered if item.runbook_id == runbook_id), None)


def candidates_of(case: Case, registry: Registry) -> Candidates:
    """Return the candidates for *case*; there may be none."""
    of_check = tuple(registry.for_check(case.incident.check_type))
    bars = {item.runbook_id: next(_bars(item, case), None) for item in of_check}
    return Candidates(
        of_check,
        tuple(item for item in of_check if bars[item.runbook_id] is None),
        tuple((name, why) for name, why in bars.items() if why is not None),
    )


def is_proposed_only(runbook: Runbook) -> bool:
    """Return whether a person has to allow *runbook*, whatever anybody thinks of the choice."""
    return runbook.needs_person or runbook.requires_reboot or runbook.maintenance_window_only


def _bars(runbook: Runbook, case: Case) -> Iterator[Bar]:
    site, mends = case.constraints, set(runbook.repairs)
    if runbook.runbook_id not in case.available:
        yield Bar.NOT_AVAILABLE
    if runbook.runbook_id in site.forbidden_runbooks:
        yield Bar.FORBIDDEN
    if runbook.is_disruptive and not site.disruptive_allowed:
        yield Bar.DISRUPTIVE
    if runbook.requires_reboot and not site.reboot_allowed:
        yield Bar.REBOOT
    if _was_tried(runbook, case):
        yield Bar.TRIED_BEFORE
    if any(item.gpo_managed and item.code in mends for item in case.open_findings):
        yield Bar.GPO_MANAGED
    if _is_triggered(runbook.escalate_when, case.findings):
        yield Bar.ESCALATE_WHEN
    # An unread source is repaired by nothing: ERROR proves no fault.
    if not any(item.code in mends for item in _faults(case.open_findings)):
        yield Bar.REPAIRS_NOTHING
    yield from _missing(runbook, case)


def _missing(runbook: Runbook, case: Case) -> Iterator[Bar]:
    """Yield what the run would have to know for *runbook*, and does not."""
    for parameter in runbook.parameters.values():
        source = parameter.source
        if isinstance(source, PassedSource) and source.passed not in case.passed:
            yield Bar.NEEDS_PASSED_CHECK
        # What is known of the connection is the default, by `healer.with_known`.
        is_unknown = parameter.required and parameter.default is None
        if isinstance(source, ConnectionSource) and is_unknown:
            yield Bar.CONNECTION_UNKNOWN


def _faults(findings: Iterable[Finding]) -> Iterator[Finding]:
    return (item for item in findings if item.status is not CheckStatus.ERROR)


def _was_tried(runbook: Runbook, case: Case) -> bool:
    earlier = (case.incident, *case.recent)
    return any(
        item.runbook_id == runbook.runbook_id and item.status is not IncidentStatus.RESOLVED
        for item in earlier
        if item.check_type is case.incident.check_type
    )


def _is_triggered(triggers: Iterable[str], findings: Sequence[Finding]) -> bool:
    """Return whether one of *triggers*, a code or words of a phrase, is among *findings*.

    What asks for nothing counts, too: that another product protects the host is no fault, and
    still a reason to leave Defender alone.
    """
    codes = {item.code for item in findings}
    phrases = [words_of(text) for item in findings for text in (item.message, item.code)]
    for trigger in triggers:
        if trigger in codes:
            return True
        # A name with underscores is a code that is not here, not a word.
        is_code = _CODE.fullmatch(trigger) and "_" in trigger
        if not is_code and any(contains(phrase, words_of(trigger)) for phrase in phrases):
            return True
    return False
