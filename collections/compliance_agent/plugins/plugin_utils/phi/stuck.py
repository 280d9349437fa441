# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of people that stick to other digits: "total 41,2512-13-316520 ms" holds 512-13-3165.

Their own joints tell them, so that only they go. A number without joints, or one whose joints are
those of versions, cannot be told from the digits around it.
"""

import re

from .rule import Rule, rule
from .tokens import Kind

# 2026-11-041500 is a day and a time, and holds 026-11-0415.
_DAY = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")


def _is_no_day(match: re.Match[str]) -> bool:
    return not _DAY.match(match.string, max(0, match.start() - 1))


RULES: tuple[Rule, ...] = (
    rule("stuck_ssn", Kind.SSN, r"\d{3}-\d\d-\d{4}", needs="-", check=_is_no_day),
    rule(
        "stuck_phone",
        Kind.PHONE,
        (
            r"(?:\([2-9]\d\d\)[ -]?|[2-9]\d\d-)[2-9]\d\d-\d{4}"
            r"|\+1[ -]?[2-9]\d\d[ -]?[2-9]\d\d[ -]?\d{4}"
        ),
        needs="- +1",
    ),
)
