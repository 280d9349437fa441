# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the clock of a host against the controller's: a wrong clock makes wrong ages. Pure."""

from datetime import datetime

from ..models import CheckStatus, ComplianceCheck, Finding
from ..policy import Policy
from .judgement import SHARED_CODES, with_finding


def judge_clock(
    check: ComplianceCheck, policy: Policy, asked_at: datetime, answered_at: datetime
) -> ComplianceCheck:
    """Return *check*, with a finding when the host was read at a time that it cannot have been.

    The host stamped its facts somewhere between question and answer, on the controller's clock; a
    search for updates alone may take a quarter of an hour.
    """
    early, late = asked_at - check.timestamp, check.timestamp - answered_at
    skew = max(0, int(early.total_seconds()), int(late.total_seconds()))
    if skew <= policy.clock_skew_warn_seconds:
        return check
    is_beyond_use = skew > policy.clock_skew_error_seconds
    code = SHARED_CODES["clock_skew"]
    return with_finding(
        check,
        Finding(
            code="clock_skew",
            status=CheckStatus.ERROR if is_beyond_use else CheckStatus.WARNING,
            severity=code.severity,
            message=code.phrase,
            scope="",
            observed=skew,
            expected=policy.clock_skew_warn_seconds,
            gpo_managed=False,
        ),
    )
