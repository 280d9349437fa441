# SPDX-License-Identifier: GPL-3.0-or-later
"""The second pass: identifiers so plain that one left in a scrubbed text proves a gap (E007)."""

import re

from .checksums import is_card, is_ssn, is_vin
from .rule import Rule, found, rule
from .secret_forms import has_recovery_password
from .tokens import TOKEN, Kind


def _is_grouped_card(match: re.Match[str]) -> bool:
    return is_card(match.group())


RULES: tuple[Rule, ...] = (
    rule(
        "strict_ssn",
        Kind.SSN,
        r"(?<![A-Za-z0-9-])\d{3}([- ])\d\d\1\d{4}(?![A-Za-z0-9-])",
        check=lambda match: is_ssn(match.group()),
    ),
    rule(
        "strict_phone",
        Kind.PHONE,
        (
            r"(?<![\w.-])(?:\+?1[-. ])?(?:\([2-9]\d\d\)\s?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}"
            r"(?![\w-]|\.\d)"
        ),
    ),
    rule(
        "strict_card",
        Kind.CARD,
        r"(?<![\w-])\d{4}(?:([- ])\d{4}\1\d{4}\1\d{4}|([- ])\d{6}\2\d{5})(?![\w-])",
        check=_is_grouped_card,
    ),
    rule(
        "strict_vin",
        Kind.VIN,
        r"(?<![A-Za-z0-9])[A-HJ-NPR-Z0-9]{17}(?![A-Za-z0-9])",
        check=lambda match: is_vin(match.group()),
    ),
    rule(
        "strict_email",
        Kind.EMAIL,
        r"(?<![\w.])[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9-]{1,63}\.[A-Za-z]{2,24}\b",
        needs="@",
    ),
    rule(
        "strict_mbi",
        Kind.ID,
        (
            r"(?<![\w-])[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-[AC-HJKMNP-RT-Y][AC-HJKMNP-"
            r"RT-Y0-9]\d-[AC-HJKMNP-RT-Y]{2}\d\d(?![\w-])"
        ),
    ),
    rule(
        "strict_mrn",
        Kind.MRN,
        r"(?<![A-Za-z])MRN[\s:#=_-]{0,3}\d{4,12}",
        needs="mrn",
        flags=re.IGNORECASE,
    ),
    rule("strict_key", Kind.SECRET, r"-----BEGIN[A-Z ]{0,30}PRIVATE KEY-----", needs="-----begin"),
    rule(
        "strict_token",
        Kind.SECRET,
        (
            r"(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36}"
            r"|xox[abprs]-[A-Za-z0-9-]{20}|eyJ[\w-]{16,4096}\.eyJ[\w-]{8,4096})"
        ),
    ),
)


# Without any of these there is nothing to find; most typed values end here.
_CAN_HOLD = re.compile(r"\d\d|@|-----|eyJ|[A-Za-z0-9]{17}", re.IGNORECASE)


def has_identifier(text: str) -> bool:
    """Return whether *text*, without its tokens, holds a plain identifier or credential."""
    if not _CAN_HOLD.search(text):
        return False
    bare = TOKEN.sub(" ", text)
    lower = bare.lower()
    return has_recovery_password(bare) or next(found(RULES, bare, lower), None) is not None
