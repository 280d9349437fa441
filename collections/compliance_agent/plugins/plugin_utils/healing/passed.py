# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks of a host have passed, freshly: what a repair may rest on that needs another check.

To encrypt a disk, or to install updates, without a backup risks what is on it. So such a runbook
names the check that must have passed, and nobody can say in its place that it has. Pure.

How old a verdict is, only the controller says, by its own clock: when it asked the host. What a
host writes beside its facts is its own word, and its clock may be wrong. How far the clock may be
off is for the policy of the check, which compared both when the answer came: a verdict from beyond
that has not passed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ..models import CheckId, CheckStatus, ComplianceCheck

# Our choice: a run repairs what its own checks found, and a step of it may take four hours at most.
FRESH = timedelta(hours=4)
# A check that passes because the site does without proves nothing: there is no backup to rest on.
PASSES_WITHOUT_PROOF = frozenset({"exception_in_force"})


def passed_checks(
    checks: Iterable[ComplianceCheck], asked_at: datetime, now: datetime
) -> frozenset[CheckId]:
    """Return the checks that have passed, by proof, if the host was asked not long before *now*.

    Both times are the controller's. A check that is there twice has passed if both say so.
    """
    if not is_fresh(asked_at, now):
        return frozenset()
    found = list(checks)
    unproven = {check.check_id for check in found if not _is_proof(check)}
    return frozenset(check.check_id for check in found) - unproven


def is_fresh(asked_at: datetime, now: datetime) -> bool:
    """Return whether a repair may begin *now* on what a host was asked for at *asked_at*.

    Not if that is still to come: the clock was set back, and nobody knows how long ago it was.
    """
    return timedelta(0) <= now - asked_at <= FRESH


def _is_proof(check: ComplianceCheck) -> bool:
    listed: Any = check.details.get("findings")
    if check.status is not CheckStatus.PASS or not isinstance(listed, list):
        return False
    codes = {item.get("code") for item in listed if isinstance(item, dict)}
    return not codes & PASSES_WITHOUT_PROOF
