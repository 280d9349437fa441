# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that carry a check digit: what tells an identifier from a count."""

import re

# 49 CFR 565.15(c): weights of the 17 places of a VIN, and the value of each letter.
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = dict(
    zip(
        "ABCDEFGHJKLMNPRSTUVWXYZ",
        (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
        strict=True,
    )
)
_CARD_PREFIX = re.compile(
    r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|6(?:011|5)|3(?:0[0-5]|[68])|35"
)
# A recovery password is eight groups, each 11 times a number of 16 bits (Microsoft, "BitLocker
# recovery overview").
_GROUP_FACTOR = 11
_GROUP_LARGEST = 720_885


def luhn(digits: str) -> bool:
    """Return whether the last of *digits* is their check digit (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_card(text: str) -> bool:
    """Return whether *text* is the number of a payment card."""
    digits = re.sub(r"\D", "", text)
    return 13 <= len(digits) <= 19 and _CARD_PREFIX.match(digits) is not None and luhn(digits)


def is_npi(digits: str) -> bool:
    """Return whether ten *digits* are a National Provider Identifier (45 CFR 162.406)."""
    return len(digits) == 10 and digits[0] in "12" and luhn(f"80840{digits}")


def is_dea(text: str) -> bool:
    """Return whether two letters and seven digits are a registration of the DEA."""
    one, two, three, four, five, six, check = (int(digit) for digit in text[2:])
    return ((one + three + five) + 2 * (two + four + six)) % 10 == check


def is_vin(text: str) -> bool:
    """Return whether 17 letters and digits are a vehicle identification number."""
    text = text.upper()
    if not (any(map(str.isdigit, text)) and any(map(str.isalpha, text))):
        return False
    values = [int(letter) if letter.isdigit() else _VIN_VALUES.get(letter, -1) for letter in text]
    if min(values) < 0:
        return False
    rest = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    return text[8] == ("X" if rest == 10 else str(rest))


def is_ssn(text: str) -> bool:
    """Return whether nine digits can be a Social Security number (20 CFR 422.103; SSA, 2011)."""
    digits = re.sub(r"\D", "", text)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area[0] != "9" and group != "00" and serial != "0000"


def is_recovery_password(text: str) -> bool:
    """Return whether eight groups of six digits are a recovery password of BitLocker."""
    groups = [int(group) for group in re.findall(r"\d{6}", text)]
    return len(groups) == 8 and all(
        group % _GROUP_FACTOR == 0 and group <= _GROUP_LARGEST for group in groups
    )


def is_iban(text: str) -> bool:
    """Return whether *text* is an international bank account number (ISO 13616: mod 97 is 1)."""
    text = text.replace(" ", "").upper()
    moved = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
