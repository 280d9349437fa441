# SPDX-License-Identifier: GPL-3.0-or-later
"""Identifiers that stick to what is around them: "total 41,2512-13-316520 ms" holds 512-13-3165.

Their own joints and labels tell them, so that only they go, and no token of operations hides them.
A number without joints cannot be told from the digits around it.
"""

import re

from .checksums import is_ssn
from .rule import Rule, rule
from .tokens import Kind

# A dash of any kind, or another sign between two groups, with or without a space on either side.
_JOINT = "[ \u00a0]?[-\u2010-\u2015\u2212_/.][ \u00a0]?|[ \u00a0]"
# 2026-11-041500 is a day and a time, and holds 026-11-0415.
_DAY = re.compile(r"(?:19|20)\d\d[-./](?:0[1-9]|1[0-2])[-./](?:0[1-9]|[12]\d|3[01])")
# 104/11/2025 and 104.11.2025 end in a day.
_DAY_FIRST = re.compile(r"\d(?:0[1-9]|[12]\d|3[01])[./](?:0[1-9]|1[0-2])[./](?:19|20)\d\d(?!\d)")


def _is_ssn(match: re.Match[str]) -> bool:
    text, start = match.string, match.start()
    if _DAY.match(text, max(0, start - 1)) or _DAY_FIRST.match(text, start):
        return False
    return is_ssn(match.group())


RULES: tuple[Rule, ...] = (
    rule("stuck_ssn", Kind.SSN, rf"\d{{3}}(?P<joint>{_JOINT})\d\d(?P=joint)\d{{4}}", check=_is_ssn),
    rule(
        "stuck_phone",
        Kind.PHONE,
        (
            rf"\([2-9]\d\d\)[ -]?[2-9]\d\d-\d{{4}}"
            rf"|[2-9]\d\d(?P<joint>{_JOINT})[2-9]\d\d(?P=joint)\d{{4}}"
            r"|\+1[ -]?[2-9]\d\d[ -]?[2-9]\d\d[ -]?\d{4}"
        ),
    ),
    rule(
        "stuck_mrn",
        Kind.MRN,
        r"mrn(?:[\s:#=_-]{1,3}\d{4,12}|\d{5,12})",
        needs="mrn",
        flags=re.IGNORECASE,
    ),
)
