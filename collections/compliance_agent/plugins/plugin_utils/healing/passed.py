# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks of a host have passed, freshly: what a repair may rest on that needs another check.

To encrypt a disk, or to install updates, without a backup risks what is on it. So such a runbook
names the check that must have passed, and nobody can say in its place that it has. Pure.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ..models import CheckId, CheckStatus, ComplianceCheck

# Our choice: a run repairs what its own checks found, and a step of it may take four hours at most.
FRESH = timedelta(hours=4)
# A host stamps its verdicts by its own clock; one that is further ahead has not passed.
AHEAD = timedelta(minutes=15)
# A check that passes because the site does without proves nothing: there is no backup to rest on.
PASSES_WITHOUT_PROOF = frozenset({"exception_in_force"})


def passed_checks(checks: Iterable[ComplianceCheck], now: datetime) -> frozenset[CheckId]:
    """Return the checks that have passed, by proof, not long before *now*.

    A check that is there twice has passed if its newest verdict has.
    """
    newest: dict[CheckId, ComplianceCheck] = {}
    for check in sorted(checks, key=lambda item: item.timestamp):
        newest[check.check_id] = check
    return frozenset(name for name, check in newest.items() if _is_proof(check, now))


def _is_proof(check: ComplianceCheck, now: datetime) -> bool:
    listed: Any = check.details.get("findings")
    if check.status is not CheckStatus.PASS or not isinstance(listed, list):
        return False
    codes = {item.get("code") for item in listed if isinstance(item, dict)}
    is_fresh = -AHEAD <= now - check.timestamp <= FRESH
    return is_fresh and not codes & PASSES_WITHOUT_PROOF
