# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of one check, compiled: every question about them is a few operations on bits. Pure.

Rule number i, in the order in which rules win, is bit i of a whole number. A set of rules is such a
number, so a thousand rules are asked at once and the winner is the lowest bit. The matcher and the
linter use the same table: what one calls shadowed, the other can never choose.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar

from ..models import CheckStatus, Severity
from .rule_targets import Target
from .rules import HostOs

K = TypeVar("K")
Masks = Mapping[K, int]

BAD_STATUSES = (CheckStatus.FAIL, CheckStatus.ERROR, CheckStatus.WARNING)


class Trait(NamedTuple):
    """What rules see of one finding."""

    code: str
    severity: Severity
    status: CheckStatus
    gpo_managed: bool


@dataclass(frozen=True, slots=True)
class RuleTable:
    """Who matches what, by every key that a pattern has."""

    targets: tuple[Target, ...]
    by_status: Masks[CheckStatus]
    by_os: Masks[HostOs | None]
    by_group: Masks[str]
    any_group: int
    by_code: Masks[str]
    by_severity: Masks[Severity]
    by_finding_status: Masks[CheckStatus]
    by_gpo: Masks[bool]
    forbidden: Masks[str]
    vetoed: Masks[str]

    @classmethod
    def of(cls, targets: Iterable[Target]) -> Self:
        """Return the table of the enabled ones of *targets*, which are all of one check."""
        ordered = sorted(
            (target for target in targets if target.rule.enabled),
            key=lambda target: target.rule.order,
        )

        def masks(keys: Callable[[Target], Collection[K]]) -> dict[K, int]:
            return _masks([keys(target) for target in ordered])

        return cls(
            targets=tuple(ordered),
            by_status=masks(lambda target: target.rule.pattern.status),
            by_os=masks(lambda target: target.rule.pattern.os or (*HostOs, None)),
            by_group=masks(lambda target: target.rule.pattern.host_groups or ()),
            any_group=_masks(
                [() if target.rule.pattern.host_groups else (True,) for target in ordered]
            ).get(True, 0),
            by_code=masks(lambda target: target.codes),
            by_severity=masks(lambda target: target.rule.pattern.severity or tuple(Severity)),
            by_finding_status=masks(
                lambda target: target.rule.pattern.finding_status or BAD_STATUSES
            ),
            by_gpo=masks(_gpo_values),
            forbidden=masks(lambda target: target.forbidden),
            vetoed=masks(lambda target: target.vetoed),
        )

    def active(self, status: CheckStatus, os: HostOs | None, groups: Iterable[str]) -> int:
        """Return the rules that are for such a check on such a host."""
        in_groups = self.any_group
        for group in groups:
            in_groups |= self.by_group.get(group, 0)
        return self.by_status.get(status, 0) & self.by_os.get(os, 0) & in_groups

    def touched(self, trait: Trait) -> int:
        """Return the rules that such a finding is enough for; none for one that is no fault."""
        return (
            self.by_code.get(trait.code, 0)
            & self.by_severity.get(trait.severity, 0)
            & self.by_finding_status.get(trait.status, 0)
            & self.by_gpo.get(trait.gpo_managed, 0)
        )


def excluding(masks: Masks[str], codes: Iterable[str]) -> int:
    """Return the rules that the presence of *codes* keeps from matching."""
    excluded = 0
    for code in codes:
        excluded |= masks.get(code, 0)
    return excluded


def first(rules: int) -> int:
    """Return the number of the rule that wins among *rules*, which is not empty."""
    return (rules & -rules).bit_length() - 1


def _gpo_values(target: Target) -> tuple[bool, ...]:
    if target.runbook is not None:
        # What a policy owns comes back after the repair, so no repair is for it.
        return (False,)
    wanted = target.rule.pattern.gpo_managed
    return (True, False) if wanted is None else (wanted,)


def _masks(keys: Sequence[Collection[K]]) -> dict[K, int]:
    masks: dict[K, int] = {}
    for number, wanted in enumerate(keys):
        for key in wanted:
            masks[key] = masks.get(key, 0) | 1 << number
    return masks
