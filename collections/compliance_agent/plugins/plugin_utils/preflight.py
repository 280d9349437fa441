# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a host from being checked, as typed problems with a remedy each. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

# Runs in every language mode: properties, environment and one native tool, no .NET method but
# those of core types. Prints key=value lines; of whoami's localised text only the SIDs are used.
PROBE = r"""
$sid = [string](whoami.exe /groups)
'language_mode=' + $ExecutionContext.SessionState.LanguageMode
'utc=' + (Get-Date).ToUniversalTime().ToString('s') + 'Z'
'powershell=' + $PSVersionTable.PSVersion
'architecture=' + $env:PROCESSOR_ARCHITECTURE
'native_architecture=' + $env:PROCESSOR_ARCHITEW6432
'high=' + [bool]($sid -match 'S-1-16-(12288|16384)')
'label=' + [bool]($sid -match 'S-1-16-')
"""
# Windows PowerShell of every supported Windows since 2016.
POWERSHELL_WANTED = (5, 1)

REFUSED_LOGIN = (
    r"credentials were rejected|unauthori[sz]ed|\b401\b|authentication fail|failed to authenticate"
    r"|access is denied"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a host cannot be checked, and what to do about it."""

    code: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}. {self.remedy}"


CONNECTION_PROBLEMS = (
    (
        r"clock skew|KRB_AP_ERR_SKEW",
        Problem(
            "clock_skew",
            "Kerberos refused the login: the clocks of host and controller differ",
            "Set both to the time of the domain; the credentials may be right.",
        ),
    ),
    (
        REFUSED_LOGIN,
        Problem(
            "wrong_credentials",
            "the host answered and refused the login",
            "Check user and password, and that the account may log on over the network and is a "
            "local administrator.",
        ),
    ),
    (
        r"certificate verify failed|SSLError|SSL: ",
        Problem(
            "untrusted_certificate",
            "the certificate of the host is not trusted",
            "Name its authority with ansible_winrm_ca_trust_path or ansible_psrp_ca_cert.",
        ),
    ),
    (
        r"no attribute 'kerberos'|kerberos library|requested auth method",
        Problem(
            "library_missing",
            "this controller lacks a library for the login method",
            "Install pypsrp[kerberos] or pywinrm[kerberos], or choose ntlm.",
        ),
    ),
    (
        r"name or service not known|failed to resolve|no such host|getaddrinfo",
        Problem(
            "unknown_name",
            "the name of the host has no address",
            "Mend ansible_host, or the name service of the controller.",
        ),
    ),
)
UNREACHABLE = Problem(
    "E004",
    "the host cannot be reached",
    "Is it on? Does WinRM listen on the port of ansible_port, and does every firewall on the way "
    "let it through? docs/connect.md shows how to look.",
)
_ASKED = (
    "language_mode",
    "utc",
    "powershell",
    "architecture",
    "native_architecture",
    "high",
    "label",
)


def explain_connection(text: str) -> Problem:
    """Return what Ansible's text about a failed connection means."""
    for pattern, problem in CONNECTION_PROBLEMS:
        if re.search(pattern, text, re.IGNORECASE):
            return problem
    return UNREACHABLE


def parse_answer(text: str) -> dict[str, str]:
    """Return the key=value lines of the probe; other lines are ignored."""
    pairs = (line.strip().partition("=") for line in text.splitlines())
    return {key: value for key, mark, value in pairs if mark and re.fullmatch(r"[a-z_]+", key)}


def find_problems(
    answer: Mapping[str, str], controller_now: datetime, skew_limit_seconds: int
) -> list[Problem]:
    """Return all that *answer* shows to be wrong with the session; none if the host is ready."""
    try:
        host_now = datetime.fromisoformat(answer["utc"]).replace(tzinfo=UTC)
        version = tuple(int(part) for part in answer["powershell"].split(".")[:2])
        mode, architecture = answer["language_mode"], answer["architecture"]
        is_high, has_label = answer["high"] == "True", answer["label"] == "True"
        native = answer["native_architecture"]
    except (KeyError, ValueError):
        return [_unreadable(answer)]
    problems = []
    skew = abs(int((host_now - controller_now).total_seconds()))
    if skew > skew_limit_seconds:
        problems.append(
            Problem(
                "clock_skew",
                f"the clock of the host is {skew} s away from the controller's; "
                f"{skew_limit_seconds} s are allowed",
                "Mend the time service: logs, logins and ages depend on it.",
            )
        )
    if mode != "FullLanguage":
        problems.append(
            Problem(
                "constrained_language",
                f"PowerShell runs in {mode} mode, in which nothing can be read",
                "Allow the account in App Control or AppLocker, or sign the collection.",
            )
        )
    if native:
        problems.append(
            Problem(
                "wow64_process",
                f"the session is a 32-bit process ({architecture} on {native})",
                "Use the default endpoint of WinRM, not a 32-bit session configuration.",
            )
        )
    if has_label and not is_high:
        problems.append(
            Problem(
                "not_elevated",
                "the account has no elevated token over the network",
                "Use a domain account that is a local administrator, the built-in Administrator, "
                "or set LocalAccountTokenFilterPolicy=1 on a workgroup host.",
            )
        )
    if version < POWERSHELL_WANTED:
        problems.append(
            Problem(
                "powershell_too_old",
                f"PowerShell is {answer['powershell']}",
                "Install Windows Management Framework 5.1.",
            )
        )
    return problems


def _unreadable(answer: Mapping[str, str]) -> Problem:
    missing = [key for key in _ASKED if key not in answer]
    what = f"it lacks {', '.join(missing)}" if missing else "its utc or powershell cannot be read"
    return Problem(
        "preflight_unreadable",
        f"the host answered something that is not the answer of the probe: {what}",
        "Run with -vvv and look at what the host says, and what a profile script or a login banner "
        "writes.",
    )
