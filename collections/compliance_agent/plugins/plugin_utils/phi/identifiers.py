# SPDX-License-Identifier: GPL-3.0-or-later
"""Identifiers that are known by their form: numbers with check digits, phones, addresses of nets.

Each pattern begins where no digit precedes, and repeats are bounded: see `rule`.
"""

import re

from .addresses import is_public_address
from .checksums import is_card, is_dea, is_iban, is_vin
from .rule import Rule, rule
from .tokens import Kind

_LEAST_PHONE_DIGITS, _MOST_PHONE_DIGITS = 7, 15
# Before a number, these say that it is a range, a size or a port, not a phone.
_MEASURE = re.compile(
    r"(?:ports?|range|lines?|bytes?|offset|pages?|rows?|records?|ids?|tcp|udp)\W{0,3}$",
    re.IGNORECASE,
)


def _is_phone(match: re.Match[str]) -> bool:
    digits = sum(map(str.isdigit, match.group()))
    return _LEAST_PHONE_DIGITS <= digits <= _MOST_PHONE_DIGITS


def _is_local_phone(match: re.Match[str]) -> bool:
    return _MEASURE.search(match.string[max(0, match.start() - 12) : match.start()]) is None


def _has_letter_and_digit(match: re.Match[str]) -> bool:
    text = match.group()
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


# Known by its sign, so that no path or address of the web hides it.
EMAIL: tuple[Rule, ...] = (
    rule(
        "email",
        Kind.EMAIL,
        (
            r"(?<![\w.%+'-])[\w.%+'-]{1,96}(?:@|%40|\s?\[at\]\s?)[A-Za-z0-9À-ÿ-]{1,63}"
            r"(?:\.[A-Za-z0-9À-ÿ-]{1,63}){0,6}"
        ),
        needs="@ %40 [at]",
    ),
)
RULES: tuple[Rule, ...] = (
    rule(
        "phone",
        Kind.PHONE,
        (
            r"(?<![\d])(?<!\d[.-])(?:\+?1[-. ]{0,2})?(?:\([2-9]\d\d\)[-. ]{0,2}[2-9]\d\d[-. ]?"
            r"\d{4}|[2-9]\d\d[-. ][2-9]\d\d[-. ]\d{4}|[2-9]\d\d[-.][2-9]\d{6})(?:\s{0,2}(?:x"
            r"|ext\.?|extension)\s{0,2}\d{1,6})?(?!\d|[.-]\d)"
        ),
    ),
    rule(
        "phone_abroad",
        Kind.PHONE,
        r"(?<![\w+])(?:\+|00)[1-9][\d ().\-/]{6,20}\d",
        needs="+ 00",
        check=_is_phone,
    ),
    rule(
        "phone_local",
        Kind.PHONE,
        r"(?<![\d.-])(?<!\d )[2-9]\d\d-\d{4}(?![\d-]|\.\d)",
        needs="-",
        check=_is_local_phone,
    ),
    rule("phone_in_brackets", Kind.PHONE, r"\((?P<v>[2-9]\d\d[- .]\d{4})\)", needs="("),
    rule(
        "card",
        Kind.CARD,
        r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-]\d|\d)",
        check=lambda match: is_card(match.group()),
    ),
    rule(
        "vin",
        Kind.VIN,
        r"(?<![A-Za-z0-9])[A-HJ-NPR-Za-hj-npr-z0-9]{17}(?![A-Za-z0-9])",
        check=lambda match: is_vin(match.group()),
    ),
    # Medicare Beneficiary Identifier: CMS, "Understanding the MBI format"; no S, L, O, I, B, Z.
    rule(
        "mbi",
        Kind.ID,
        (
            r"(?<![A-Za-z0-9])[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[- ]?[AC-HJKMNP-RT-Y]["
            r"AC-HJKMNP-RT-Y0-9]\d[- ]?[AC-HJKMNP-RT-Y]{2}\d\d(?![A-Za-z0-9])"
        ),
        flags=re.IGNORECASE,
    ),
    rule(
        "dea",
        Kind.ID,
        r"(?<![A-Za-z0-9])[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}(?![A-Za-z0-9])",
        check=lambda match: is_dea(match.group()),
    ),
    rule(
        "iban",
        Kind.ACCOUNT,
        r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])",
        check=lambda match: is_iban(match.group()),
    ),
    rule(
        "ipv4",
        Kind.IP,
        r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)",
        needs=".",
        check=is_public_address,
    ),
    rule(
        "ipv6",
        Kind.IP,
        (r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])"),
        needs=":",
        check=is_public_address,
    ),
    rule(
        "mac",
        Kind.MAC,
        (
            r"(?<![A-Za-z0-9:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
            r"(?![A-Za-z0-9:-])"
        ),
    ),
    # An identifier of DICOM has longer numbers than the object identifiers of Windows.
    rule(
        "uid",
        Kind.ID,
        r"(?<![\w.])[0-2](?:\.\d{1,39}){5,20}(?![\w.])",
        needs="1. 2.",
        check=lambda match: re.search(r"\d{7}", match.group()) is not None,
    ),
    rule(
        "long_code",
        Kind.ID,
        r"(?<![A-Za-z0-9])(?=[A-Z0-9]{0,20}\d)[A-Z]{1,4}\d{6,12}[A-Z]{0,2}(?![A-Za-z0-9])",
        check=_has_letter_and_digit,
    ),
)
