# SPDX-License-Identifier: GPL-3.0-or-later
"""Who decides next about an incident: a rule, the planner, a person. It only ever goes up. Pure."""

from collections.abc import Iterable

from ..models import ResolutionLevel
from .relapse import Bar, PastRepair

# Ends of an attempt after which no other repair is tried: the host, or its owner, forbids it.
PERSON_REASONS = frozenset(
    {"gpo_managed", "tamper_protected", "no_way_back", "rollback_failed", "resumed_too_often"}
)


def next_level(
    incident_id: str,
    history: Iterable[PastRepair],
    *,
    rule_bar: Bar | None,
    rule_is_spent: bool,
    planner_acts: bool,
) -> ResolutionLevel:
    """Return the tier that may try next.

    *rule_bar* is `find_bar` of what the rule would do. *rule_is_spent* says that no rule matches,
    or that the gate has counted its retries (``retries_exhausted``). A cooldown is neither: it
    waits. *planner_acts* is false where the site has the planner off, in shadow or proposing.
    """
    failed = [item for item in history if item.incident_id == incident_id and item.did_not_help]
    is_barred = rule_bar is not None and rule_bar.needs_person
    if is_barred or any(item.reason in PERSON_REASONS for item in failed):
        return ResolutionLevel.L3
    # The planner has one try, and nothing goes down the ladder.
    if any(item.tier is not ResolutionLevel.L1 for item in failed):
        return ResolutionLevel.L3
    if rule_bar is None and not rule_is_spent:
        return ResolutionLevel.L1
    return ResolutionLevel.L2 if planner_acts else ResolutionLevel.L3
