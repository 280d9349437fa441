# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that is written in hexadecimal: 4a616e6520446f65 is a name, and looks like a hash."""

import re

from .rule import Rule, rule
from .tokens import Kind

_NO_DIGIT = re.compile("[^0-9A-Fa-f]")
_WORDLIKE = frozenset(" .,;:@-_'=/\\")
_LEAST_SHARE = 0.8
_FEWEST_LETTERS = 4
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


def _reads(match: re.Match[str]) -> bool:
    """Return whether the bytes are text, which those of a hash or an address are by no chance."""
    digits = _NO_DIGIT.sub("", match.group("v"))
    if len(digits) % 2 or digits.isdigit():
        return False
    return any(_is_text(bytes.fromhex(digits), encoding) for encoding in _ENCODINGS)


def _is_text(data: bytes, encoding: str) -> bool:
    try:
        text = data.decode(encoding).strip("\0\r\n")
    except UnicodeDecodeError:
        return False
    if encoding != "utf-8" and max(text, default="\uffff") > "\u024f":
        return False  # two bytes of anything are a letter of some script
    telling = sum(letter.isalnum() or letter in _WORDLIKE for letter in text)
    return (
        len(text) >= _FEWEST_LETTERS and text.isprintable() and telling >= _LEAST_SHARE * len(text)
    )


RULES: tuple[Rule, ...] = (
    rule(
        "hexadecimal_text",
        Kind.ID,
        (
            r"(?<![A-Za-z0-9])(?:0[xX])?(?P<v>[0-9A-Fa-f]{12,4096}"
            r"|[0-9A-Fa-f]{2}(?:[ :,-](?:0x)?[0-9A-Fa-f]{2}){5,1024})(?![A-Za-z0-9])"
        ),
        check=_reads,
    ),
)
