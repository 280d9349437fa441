# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords and keys behind a word, a switch or a tag that names them: no log may hold one."""

import re

from .rule import Rule, rule
from .tokens import Kind

# What follows "password:" without being one.
_NO_SECRET = re.compile(
    r"(?:\*{2,}|expired?|never|required|not|none|null|nil|true|false|yes|no|set|unset"
    r"|changed|empty|blank|unknown|ok|off|on"
    r"|enabled|disabled|invalid|incorrect|wrong|policy|reset|mismatch|n/?a|failed"
    r"|failure|accepted|rejected|"
    r"missing|<[^>]{0,40}>|\[[A-Za-z ]{0,20}\]|%%\d{4}|-)[.,;)\]]?",
    re.IGNORECASE,
)
_LABEL = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|contrase(?:ñ|n)a"
    r"|mot de passe|wachtwoord|senha|parola|sifre|şifre|cpassword|admpwd"
    r"|ms-mcs-admpwd|secret|api[_ -]?key|access[_ -]?key(?:[_ -]?id)?|account[_ -]?key"
    r"|shared[_ -]?access[_ -]?key|client[_ -]?secret"
    r"|private[_ -]?key|encryption[_ -]?key|recovery[_ -]?(?:key|password)"
    r"|product[_ -]?key|psk|pre-?shared[_ -]?key"
    r"|(?:access|auth|bearer|refresh|id|session|csrf|api|sas)[_ -]?token|x-api-key"
    r"|community(?: string)?|pin(?: code)?|passkey|otp|cookie)"
)


def _is_secret(match: re.Match[str]) -> bool:
    return _NO_SECRET.fullmatch(match.group("v")) is None


def _looks_secret(match: re.Match[str]) -> bool:
    # Behind a mere switch or word: a value that mixes, or is long.
    value = match.group("v")
    return _is_secret(match) and (
        len(value) >= 16
        or (len(value) >= 4 and not value.isalpha() and not value.startswith(("/", "\\")))
    )


def _looks_mixed(match: re.Match[str]) -> bool:
    # Far behind its word: what is no code, address, path or time of operations.
    value = match.group("v").rstrip(".,)")
    return _is_secret(match) and not re.fullmatch(
        (
            r"0x[0-9A-Fa-f]+|[\w.-]*\\.*|.*://.*|[\d:.TZ+-]+|KB\d+|[A-Za-z]+\d{0,4}|S-1-[\d-]+"
            r"|\{?[0-9A-Fa-f-]{36}\}?"
        ),
        value,
    )


RULES: tuple[Rule, ...] = (
    rule(
        "quoted_password",
        Kind.SECRET,
        (
            rf"(?<![A-Za-z]){_LABEL}s?[\"']?\s{{0,3}}(?:[:=]|=>|:=)\s{{0,3}}(?P<q>[\"'])"
            rf"(?P<v>[^\"'\r\n]{{1,256}})(?P=q)"
        ),
        flags=re.IGNORECASE,
        check=_is_secret,
        needs=(
            "pass pwd kennwort contrase wachtwoord senha parola sifre şifre mot secret key "
            "token psk pre-shared preshared community pin otp cookie "
        ),
    ),
    rule(
        "password",
        Kind.SECRET,
        (
            rf"(?<![A-Za-z])(?<!no )(?<!recovery )(?:[A-Za-z]{{1,12}}[_-])?{_LABEL}s?[\"']?\s{{"
            rf"0,3}}(?:[:=]|=>"
            rf"|:=)\s{{0,3}}(?:(?:is|was)\s)?[\"']?(?P<v>[^\s\"';&<>,]{{1,256}})"
        ),
        flags=re.IGNORECASE,
        check=_is_secret,
        needs=(
            "pass pwd kennwort contrase wachtwoord senha parola sifre şifre mot secret key "
            "token psk pre-shared preshared community pin otp cookie "
        ),
    ),
    rule(
        "spoken_password",
        Kind.SECRET,
        (
            rf"(?<![A-Za-z]){_LABEL}\s{{1,2}}(?:is|was|ist|lautet|es|est|to|of)\s{{1,2}}[\"']?"
            rf"(?P<v>[^\s\"';<>,]{{3,256}})"
        ),
        flags=re.IGNORECASE,
        check=_looks_secret,
        needs=(
            "pass pwd kennwort contrase wachtwoord senha parola sifre şifre mot secret key "
            "token psk pre-shared preshared community pin otp cookie "
        ),
    ),
    rule(
        "described_password",
        Kind.SECRET,
        (
            r"(?<![A-Za-z])(?:password|passwd|pwd|pw|passcode|kennwort|passwort|pin"
            r"|login)\s[^\r\n:=]{1,40}?\s?"
            r"(?:is|was|to|ist|=|:)\s{1,2}[\"']?(?P<v>(?=[^\s]{0,64}[A-Za-z])"
            r"(?=[^\s]{0,64}[\d!@#$%^&*])[^\s\"';<>,]{6,64})"
        ),
        needs="pass pwd pw kennwort pin login",
        flags=re.IGNORECASE,
        check=_looks_mixed,
    ),
    rule(
        "bare_password",
        Kind.SECRET,
        (
            r"(?<![A-Za-z])(?:password|passwd|pwd|kennwort|passwort|pass|pw|pin)\s{1,2}[\"']?"
            r"(?P<v>(?=[^\s]{0,64}[\d!@#$%^&*])[^\s\"';<>,:=]{4,64})"
        ),
        needs="pass pwd kennwort pw pin",
        flags=re.IGNORECASE,
        check=_looks_secret,
    ),
    rule(
        "short_password",
        Kind.SECRET,
        # In capitals PASS is a verdict.
        r"(?<![A-Za-z])(?:[Pp][Ww]|[Pp]ass|[Pp][Ww][Dd])\s?[:=]\s?(?P<v>\S{1,128})",
        needs="pw pass pwd",
        check=_is_secret,
    ),
    rule(
        "xml_password",
        Kind.SECRET,
        (
            r"<(?:\w{1,20}:)?(?:\w{0,24}Password|\w{0,24}Secret|Credentials?|ProductKey"
            r"|\w{0,12}Token)(?:\s[^>]{0,80})?>\s{0,80}(?:<Value>)?\s{0,8}"
            r"(?P<v>[^<\s][^<]{0,512})"
        ),
        needs="<",
        flags=re.IGNORECASE,
    ),
    rule(
        "switch_password",
        Kind.SECRET,
        (
            r"(?<![\w])(?:[/-]{1,2}(?:password|passwd|pass|pwd|rp|p|secret|token|api-?key"
            r"|accountpassword|adminpassword)(?:[: =]\s?|\s))[\"']?"
            r"(?P<v>[^\s\"'/-][^\s\"']{2,128})"
        ),
        needs="/p -p /rp -rp -secret -token -api /secret",
        flags=re.IGNORECASE,
        check=_looks_secret,
    ),
    rule(
        "registry_password",
        Kind.SECRET,
        (
            r"/v\s{1,2}\w{0,24}(?:Password|Secret|Key)\w{0,8}\s[^\r\n]{0,40}?/d\s{1,2}\"?"
            r"(?P<v>[^\s\"]{1,128})"
        ),
        needs="/d",
        flags=re.IGNORECASE,
    ),
    rule(
        "net_use",
        Kind.SECRET,
        (
            r"\bnet\s{1,3}use\s{1,3}(?:[A-Z]:\s{1,3}|\*\s{1,3})?\\\\[^\s\\]{1,64}\\[^\s]{1,128"
            r"}\s{1,3}(?P<v>(?!/)[^\s/\"][^\s\"]{0,128})"
        ),
        needs="net ",
        flags=re.IGNORECASE,
    ),
    rule(
        "net_use_user_first",
        Kind.SECRET,
        (
            r"\bnet\s{1,3}use\b[^\r\n]{0,160}/u(?:ser)?:[^\s]{1,64}\s{1,3}(?P<v>"
            r"(?!/)[^\s/][^\s]{0,128})"
        ),
        needs="net ",
        flags=re.IGNORECASE,
    ),
    rule(
        "net_user",
        Kind.SECRET,
        (
            r"\bnet\s{1,3}user\s{1,3}(?!/)(?:\"[^\"]{1,64}\"|[^\s\"]{1,64})\s{1,3}(?P<v>"
            r"(?!/)[^\s/][^\s]{0,128})"
        ),
        needs="net ",
        flags=re.IGNORECASE,
    ),
    rule(
        "secure_string",
        Kind.SECRET,
        r"ConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?[\"'](?P<v>[^\"'\r\n]{1,256})",
        needs="converttosecurestring convertto-securestring",
        flags=re.IGNORECASE,
    ),
    rule(
        "user_colon",
        Kind.SECRET,
        r"(?<![\w])(?:-u|--user)\s{1,2}[\"']?(?P<v>[^\s:<>\"']{1,64}:[^\s<>\"']{1,128})",
        needs="-u --user",
    ),
    rule(
        "authorization",
        Kind.SECRET,
        (
            r"(?:authorization|www-authenticate|proxy-authorization)[\"']?\s{0,2}[:=]\s{0,2}["
            r"\"']?(?:(?:bearer|basic|digest|ntlm|negotiate|token|aws4-hmac-sha256)\s{1,2})?"
            r"(?P<v>[^\s\"',;]{4,4096})"
        ),
        needs="authoriz authenticate",
        flags=re.IGNORECASE,
        check=_is_secret,
    ),
    rule(
        "cookie",
        Kind.SECRET,
        r"\b(?:set-)?cookie\s{0,2}:\s{0,2}(?P<v>[^\r\n]{4,2048})",
        needs="cookie",
        flags=re.IGNORECASE,
    ),
    rule(
        "connection_string",
        Kind.SECRET,
        r"(?:^|[;\"'\s])(?:uid|user id|username|user)\s{0,2}=\s{0,2}(?P<v>[^;\"'\r\n]{1,128})(?=;)",
        needs=";",
        flags=re.IGNORECASE,
    ),
)
