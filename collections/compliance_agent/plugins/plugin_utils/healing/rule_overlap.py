# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules can never win, and which two want different things of one incident. Pure.

Decided, not guessed: a pattern is a set of incidents over finite fields (status, OS, codes,
severities, statuses of findings, owner), groups count as in or out, and messages are codes. The
incidents are all that the contract's models allow, of which a judge makes some only; so a rule that
is called shadowed is, and one that no real host can reach may go unnamed.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ..checks.judgement import BY_WEIGHT
from ..models import ActionType, CheckStatus, Severity
from .rule_table import BAD_STATUSES, RuleTable, Trait, first
from .rule_targets import Target
from .rules import HostOs

Situation = tuple[CheckStatus, HostOs | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Shadowed:
    """*rule* never wins: before it, the rules *by* take all that it matches."""

    rule: Target
    by: tuple[Target, ...]  # empty: it matches nothing at all


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two rules of one priority that can match the same incident and ask for different things."""

    rules: tuple[Target, Target]
    status: CheckStatus
    codes: tuple[str, str]  # a finding of each


def shadows(table: RuleTable, codes: Collection[str]) -> Iterator[Shadowed]:
    """Yield the rules of *table* that never win; *codes* are all that the check can report."""
    for number in range(len(table.targets)):
        takers = _takers(table, number, codes)
        if takers is not None:
            yield Shadowed(
                table.targets[number], tuple(table.targets[taker] for taker in sorted(takers))
            )


def conflicts(table: RuleTable, codes: Collection[str]) -> Iterator[Conflict]:
    """Yield each pair of *table* whose order only their ids decide, though the order matters."""
    for number, left in enumerate(table.targets):
        for right in table.targets[number + 1 :]:
            if right.rule.priority != left.rule.priority:
                break  # they are sorted
            if _wish(left) != _wish(right) and (meeting := _meeting(left, right, codes)):
                yield Conflict((left, right), *meeting)


def _takers(table: RuleTable, number: int, codes: Collection[str]) -> set[int] | None:
    """Return the rules that win wherever rule *number* matches; None if it wins somewhere.

    An incident may hold any findings for information, so every earlier rule with an excluded code
    that this one does not exclude can be kept away. The rest must be avoided by one finding that
    this rule is for, and by one that gives the check its status.
    """
    target = table.targets[number]
    allowed = [code for code in codes if code not in target.excluded]
    earlier = sum(
        1 << place
        for place, other in enumerate(table.targets[:number])
        if other.excluded <= target.excluded
    )
    takers: set[int] = set()
    for situation in _situations(target):
        rivals = earlier & table.active(*situation)
        worst = BY_WEIGHT.index(situation[0])
        own = [
            trait
            for trait in _traits(target, [code for code in allowed if code in target.codes])
            if BY_WEIGHT.index(trait.status) >= worst
        ]
        free = []
        for trait in own:
            if taken := rivals & table.touched(trait):
                takers.add(first(taken))
            else:
                free.append(trait)
        if any(trait.status is situation[0] for trait in free):
            return None
        if free:
            others = _every_trait(allowed, situation[0])
            taken_by = [rivals & table.touched(trait) for trait in others]
            if not all(taken_by):
                return None
            takers |= {first(taken) for taken in taken_by}
    return takers


def _situations(target: Target) -> Iterator[Situation]:
    """Yield every kind of check and host that *target* is for, in no more groups than it asks."""
    pattern = target.rule.pattern
    systems: Sequence[HostOs | None] = pattern.os or (*HostOs, None)
    groups: list[tuple[str, ...]] = [(group,) for group in pattern.host_groups or ()]
    yield from product(pattern.status, systems, groups or [()])


def _traits(target: Target, codes: Collection[str]) -> Iterator[Trait]:
    """Yield every kind of finding with one of *codes* that *target* is for."""
    pattern = target.rule.pattern
    owned = (
        (False,)
        if target.runbook is not None
        else (False, True)
        if pattern.gpo_managed is None
        else (pattern.gpo_managed,)
    )
    severities = pattern.severity or tuple(Severity)
    statuses = pattern.finding_status or BAD_STATUSES
    yield from map(Trait._make, product(codes, severities, statuses, owned))


def _every_trait(codes: Collection[str], status: CheckStatus) -> Iterator[Trait]:
    yield from map(Trait._make, product(codes, Severity, (status,), (False, True)))


def _wish(target: Target) -> tuple[ActionType, str, tuple[tuple[str, str], ...]]:
    values = tuple(sorted((name, repr(value)) for name, value in target.values.items()))
    runbook = target.runbook.runbook_id if target.runbook else ""
    return (target.rule.action.type, runbook, values)


def _meeting(
    left: Target, right: Target, codes: Collection[str]
) -> tuple[CheckStatus, tuple[str, str]] | None:
    """Return the status and the findings of an incident that both match, if there is one."""
    one, other = left.rule.pattern, right.rule.pattern
    every = (*HostOs, None)
    if not set(one.os or every) & set(other.os or every):
        return None  # groups never keep two rules apart: a host may be in all of them
    allowed = set(codes) - left.excluded - right.excluded
    ours, theirs = sorted(left.codes & allowed), sorted(right.codes & allowed)
    if not ours or not theirs:
        return None
    for status in sorted(set(one.status) & set(other.status), key=BY_WEIGHT.index):
        worst = BY_WEIGHT.index(status)
        # Findings of other codes can give the check its status, as any code can be of any status.
        if all(
            any(BY_WEIGHT.index(found) >= worst for found in pattern.finding_status or BAD_STATUSES)
            for pattern in (one, other)
        ):
            return status, (ours[0], theirs[0])
    return None
