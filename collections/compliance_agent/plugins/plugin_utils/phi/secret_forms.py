# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are known by their form alone: keys, recovery passwords, tokens of vendors.

Forms of vendors' tokens are those that the vendors publish for secret scanning.
"""

import re

from .checksums import is_recovery_password
from .rule import Rule, rule
from .tokens import Kind


def _is_mixed(match: re.Match[str]) -> bool:
    return not match.group("v").isalpha()


RULES: tuple[Rule, ...] = (
    rule(
        "private_key",
        Kind.SECRET,
        (
            r"-----BEGIN[A-Z0-9 ]{0,30}(?:PRIVATE KEY|CERTIFICATE)(?: BLOCK)?-----[^-]*"
            r"(?:-----END[A-Z0-9 ]{0,40}-----)?"
        ),
        needs="-----begin",
    ),
    rule("recovery_password", Kind.SECRET, r"(?<!\d)\d{6}(?:\s?[-– ]\s?\d{6}){7}(?!\d)"),
    rule("url_login", Kind.SECRET, r"://(?P<v>[^\s/@:]{1,64}:[^\s/@]{1,128})@", needs="://"),
    rule(
        "bearer",
        Kind.SECRET,
        r"\b(?:bearer|basic|ntlm|negotiate)\s{1,2}(?P<v>[A-Za-z0-9+/._~=-]{16,4096})",
        needs="bearer basic ntlm negotiate",
        flags=re.IGNORECASE,
        check=_is_mixed,
    ),
    rule(
        "signature_in_url",
        Kind.SECRET,
        (
            r"[?&;](?:sig|signature|token|access_token|id_token|code|key|apikey|api_key"
            r"|sessionid|sid|jwt|auth)=(?P<v>[^\s&\"'<>]{4,2048})"
        ),
        needs="=",
        flags=re.IGNORECASE,
    ),
    rule(
        "aws",
        Kind.SECRET,
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    rule(
        "vendor_token",
        Kind.SECRET,
        (
            r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}"
            r"|glpat-[\w-]{20,64}|xox[abeprs]-[A-Za-z0-9-]{10,250}|xapp-[A-Za-z0-9-]{10,250}"
            r"|AIza[\w-]{35}|ya29\.[\w-]{20,512}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,128}"
            r"|npm_[A-Za-z0-9]{36}|pypi-[\w-]{16,512}|SG\.[\w-]{16,64}\.[\w-]{16,64}"
            r"|hv[sb]\.[\w-]{20,256}|dop_v1_[0-9a-f]{64}|sk-(?:ant-|proj-)?[\w-]{20,256}"
            r"|AC[0-9a-f]{32}|key-[0-9a-f]{32})"
        ),
    ),
    rule(
        "webhook",
        Kind.SECRET,
        (
            r"hooks\.slack\.com/(?P<v>[\w/]{10,128})|outlook\.office\.com/webhook/"
            r"(?P<v2>[\w@/-]{10,256})|discord(?:app)?\.com/api/webhooks/(?P<v3>[\w/-]{10,256})"
        ),
        needs="hooks.slack webhook",
    ),
    rule(
        "jwt",
        Kind.SECRET,
        r"(?<![A-Za-z0-9])eyJ[\w-]{8,4096}\.[\w-]{4,4096}(?:\.[\w-]{0,4096})?",
        needs="eyj",
    ),
    rule(
        "product_key",
        Kind.SECRET,
        r"(?<![A-Za-z0-9-])[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}(?![A-Za-z0-9-])",
        needs="-",
        flags=re.IGNORECASE,
    ),
    rule(
        "nt_hash",
        Kind.SECRET,
        r"(?<![A-Za-z0-9])[0-9a-f]{32}:[0-9a-f]{32}(?![A-Za-z0-9])",
        needs=":",
        flags=re.IGNORECASE,
    ),
)


def has_recovery_password(text: str) -> bool:
    """Return whether *text* holds a recovery password whose check digits fit."""
    return any(
        is_recovery_password(match.group())
        for match in re.finditer(r"\d{6}(?:\D{1,3}\d{6}){7}", text)
    )
