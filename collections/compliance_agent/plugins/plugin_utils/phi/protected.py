# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of Windows operations that stay: an auditor needs them, and none names a person."""

import re

from .addresses import is_private_address
from .digit_groups import looks_grouped
from .rule import Rule, rule
from .tokens import Kind

_START = r"(?<![A-Za-z0-9])"
_END = r"(?![A-Za-z0-9])"
_TIME = r"\d{1,2}:\d\d(?::\d\d(?:[.,:]\d{1,9})?)?(?:\s?[AaPp][Mm]\b|Z\b|[+-]\d\d:?\d\d(?!\d))?"
# Folders of Windows that users do not name. Temp, spool, Tasks and Users are left out.
_WINDOWS_FOLDER = (
    r"(?:System32|SysWOW64|SysNative|WinSxS|servicing|SoftwareDistribution|Logs|inf"
    r"|INF|Fonts|Boot|assembly"
    r"|Microsoft\.NET|SystemApps|ImmersiveControlPanel|Globalization|PolicyDefinitions|security"
    r"|Panther|Prefetch|rescache|ServiceProfiles|WinStore|diagnostics|SystemResources|Minidump)"
)
_GUID = re.compile(r"\{?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?")
# Of a component of Windows: the token of its publisher's key, and its version.
_SIDE_BY_SIDE = re.compile(r"_[0-9a-f]{16}_\d{1,5}(?:\.\d{1,6}){3}_")
_COMPONENT = r"\\(?!spool|Tasks|Temp|Users)[A-Za-z0-9_.~$@{}()-]{1,128}"


def _is_hash(match: re.Match[str]) -> bool:
    # Digits alone are somebody's number.
    return not match.group().isdigit()


def _is_safe_path(match: re.Match[str]) -> bool:
    # Digits in the name of a file can be a number of somebody; WinSxS is full of those of Windows.
    text = _SIDE_BY_SIDE.sub("_", _GUID.sub("", match.group()))
    if re.search(r"\d{2,}[-_]\d{2,}|\d{3}\.\d{3}\.\d{4}|(?i:mrn|ssn|dob)", text):
        return False
    return "WinSxS" in text or re.search(r"\d{6}", text) is None


def _is_version(match: re.Match[str]) -> bool:
    if looks_grouped(match.group()):
        return False
    parts = [int(part) for part in re.split(r"\D+", match.group()) if part]
    if len(parts) == 3:
        first, second, last = parts
        looks_dotted_date = (1 <= first <= 31 and 1 <= second <= 31 and (1900 <= last <= 2100)) or (
            1900 <= first <= 2100 and 1 <= second <= 12 and 1 <= last <= 31
        )
        short_date = 1 <= first <= 31 and 1 <= second <= 12 and 32 <= last <= 99
        return not (looks_dotted_date or short_date)
    # Four numbers below 256 are an address.
    return len(parts) != 4 or any(part > 255 for part in parts)


# Exact forms, which not even a label in front makes somebody's.
EXACT: tuple[Rule, ...] = (
    rule("token", Kind.WORD, rf"<(?:{'|'.join(Kind)}):[0-9a-f]{{8}}>|<UNSCRUBBABLE>", needs="<"),
    rule(
        "guid",
        Kind.WORD,
        rf"{_START}\{{?[0-9A-Fa-f]{{8}}-(?:[0-9A-Fa-f]{{4}}-){{3}}[0-9A-Fa-f]{{12}}\}}?{_END}",
        needs="-",
    ),
    rule(
        "sid", Kind.WORD, rf"{_START}S-1-\d{{1,14}}(?:-\d{{1,10}}){{0,15}}{_END}(?!-)", needs="s-1-"
    ),
    rule("kb", Kind.WORD, rf"{_START}KB\s?\d{{6,7}}{_END}", needs="kb", flags=re.IGNORECASE),
    rule(
        "cve",
        Kind.WORD,
        rf"{_START}(?:CVE-\d{{4}}-\d{{4,7}}|MS\d\d-\d{{3}}|ADV\d{{6}}){_END}",
        needs="cve- ms adv",
        flags=re.IGNORECASE,
    ),
    rule(
        "hex", Kind.WORD, rf"{_START}0x[0-9A-Fa-f]{{1,16}}{_END}", needs="0x", flags=re.IGNORECASE
    ),
    rule("percent", Kind.WORD, r"%%\d{4,10}", needs="%%"),
    rule(
        "control",
        Kind.WORD,
        rf"{_START}(?:45 CFR )?16[024]\.\d{{3}}(?:\([A-Za-z0-9]{{1,4}}\)){{0,5}}",
        needs="16",
    ),
    rule(
        "runbook",
        Kind.WORD,
        (
            rf"{_START}(?:RB-WIN-[A-Z_]{{2,20}}-\d{{3}}|L[123]-[A-Z_]{{2,20}}-\d{{3}}"
            rf"|EB-\d{{8}}-\d{{3,9}}|E00[1-7]){_END}"
        ),
        needs="rb-win l1- l2- l3- eb- e00",
    ),
    rule("run", Kind.WORD, rf"{_START}\d{{8}}T\d{{6}}Z-[0-9a-f]{{8}}{_END}", needs="z-"),
)
LOOSE: tuple[Rule, ...] = (
    rule(
        "hash",
        Kind.WORD,
        (
            rf"{_START}(?:[0-9a-f]{{128}}|[0-9a-f]{{64}}|[0-9a-f]{{40}}|[0-9a-f]{{32}}"
            rf"|[0-9a-f]{{16}}){_END}(?!:[0-9a-f]{{32}})"
        ),
        check=_is_hash,
        flags=re.IGNORECASE,
    ),
    rule(
        "address",
        Kind.WORD,
        (
            r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?!\w|\.\d)"
            r"|(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:%\w{1,8}|/\d{1,3})?(?![\w:])"
        ),
        check=is_private_address,
    ),
    rule("time", Kind.WORD, rf"(?<![\d.:-])(?:\d\.)?{_TIME}{_END}", needs=":"),
    rule("zone", Kind.WORD, r"(?<=:\d\d)(?:Z\b|[+-]\d\d:?\d\d(?!\d))", needs=":"),
    rule(
        "version",
        Kind.WORD,
        (
            r"(?<![A-Za-z0-9.-])v?\d{1,6}(?:\.\d{1,6}){2,4}(?![A-Za-z0-9]|\.\d|-\d)"
            r"|(?<![A-Za-z0-9.-])[vV]\d{1,3}(?:\.\d{1,6}){0,4}(?![A-Za-z0-9])"
        ),
        check=_is_version,
    ),
    rule(
        "named_version",
        Kind.WORD,
        (
            r"(?:version|(?<![A-Za-z])ver\.?|release|build|engine|platform|signature|firmware|bios)"
            r"\W{0,3}"
            r"(?:is |to |from |= ?)?v?\d{1,6}(?:\.\d{1,6}){1,4}(?![A-Za-z0-9])"
        ),
        needs="ver release build engine platform signature firmware bios",
        flags=re.IGNORECASE,
    ),
    rule(
        "oid",
        Kind.WORD,
        (
            r"(?<![\w.-])1\.3\.6\.1(?:\.\d{1,6}){1,12}(?![\w.])|(?<![\w.-])"
            r"(?:1\.2\.840\.113549|2\.16\.840\.1\.101\.3|2\.5\.29)(?:\.\d{1,3}){1,8}(?![\w.])"
        ),
        needs="1.3.6 1.2.840.113549 2.16.840 2.5.29",
    ),
    rule(
        "thousands",
        Kind.WORD,
        r"(?<![\w.,-])\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,3})?(?![\w,-])",
        needs=",",
    ),
    rule(
        "windows_path",
        Kind.WORD,
        (
            r"(?:[A-Za-z]:|%SystemRoot%|%windir%|\\SystemRoot|\\\?\?\\[A-Z]:"
            rf"|\\Device\\HarddiskVolume\d)\\?(?:\\?Windows)?\\{_WINDOWS_FOLDER}"
            rf"(?:{_COMPONENT}){{0,12}}"
        ),
        needs="\\",
        check=_is_safe_path,
        flags=re.IGNORECASE,
    ),
    rule(
        "registry",
        Kind.WORD,
        (
            r"(?:HKLM|HKEY_LOCAL_MACHINE|HKCR|HKEY_CLASSES_ROOT|\\REGISTRY\\MACHINE)(?::?\\"
            r"(?:SOFTWARE|SYSTEM|SECURITY|SAM|HARDWARE|BCD00000000|COMPONENTS|DRIVERS)(?:\\"
            r"(?:Microsoft|Policies|CurrentControlSet|ControlSet00\d|WOW6432Node|Classes|RXACT"
            r"|Setup)(?:\\(?!ProfileList|Users)[A-Za-z0-9_.{}-]{1,64}){0,12})?)?"
        ),
        needs="hk \\registry",
        flags=re.IGNORECASE,
        check=_is_safe_path,
    ),
    rule(
        "privilege",
        Kind.WORD,
        rf"{_START}Se[A-Z][A-Za-z]{{3,40}}Privilege{_END}",
        needs="privilege",
    ),
    rule(
        "constant",
        Kind.WORD,
        (
            rf"{_START}(?:[A-Z]{{2,8}}_(?:[ESIW]|ERR|AP_ERR)_|(?:ERROR|STATUS|HRESULT|NERR"
            r"|TRUST|CERT|NTE|SEC|WSA|E)_)"
            rf"[A-Z][A-Z0-9_]{{3,60}}{_END}"
        ),
        needs="_",
    ),
    rule(
        "channel",
        Kind.WORD,
        rf"{_START}Microsoft-Windows(?:-[A-Za-z][A-Za-z0-9]{{0,30}}){{1,6}}(?:/[A-Za-z]{{3,20}})?",
        needs="microsoft-windows-",
    ),
    # Short names of commits, chunks and components; in capitals it may be anybody's code.
    rule(
        "short_hash",
        Kind.WORD,
        rf"{_START}(?=[0-9]{{0,7}}[a-f])(?=[a-f]{{0,7}}[0-9])[0-9a-f]{{8}}{_END}",
    ),
    rule(
        "package",
        Kind.WORD,
        (
            r"(?:Package_(?:for_[A-Za-z0-9]{2,30}|\d{1,5}_for_KB\d{6,7})|(?:Microsoft|OpenSSH"
            r"|Windows|Multimedia)-[A-Za-z0-9.-]{3,80}(?:-Package|-Deployment|-WOW64|-Feature"
            r"|Capability))~[0-9a-f]{16}~[a-z0-9]{2,6}~[a-z-]{0,8}~[\d.]{3,24}"
        ),
        needs="~",
    ),
    rule(
        "url",
        Kind.WORD,
        (
            r"https?://(?:[a-z0-9-]{1,40}\.){0,4}(?:microsoft\.com|windowsupdate\.com"
            r"|windows\.com|windows\.net|azure\.com|msftconnecttest\.com|digicert\.com"
            r"|office\.com|office365\.com|live\.com|aka\.ms)(?::\d{2,5})?"
            r"(?:/[A-Za-z0-9._~%+-]{0,64}){0,8}"
        ),
        needs="http",
        flags=re.IGNORECASE,
        check=_is_safe_path,
    ),
    rule(
        "account",
        Kind.WORD,
        (
            r"(?:NT AUTHORITY|NT SERVICE|BUILTIN|IIS APPPOOL|Font Driver Host|Window Manager"
            r"|NT VIRTUAL MACHINE|AUTORITE NT|NT-AUTORITÄT|VORDEFINIERT)\\(?:SYSTEM"
            r"|ANONYMOUS LOGON|LOCAL SERVICE|NETWORK SERVICE|NETWORK|SERVICE|BATCH|INTERACTIVE"
            r"|IUSR|Authenticated Users|Administrators|Users|Backup Operators"
            r"|Event Log Readers|Remote Desktop Users|Guests|DefaultAppPool|DWM-\d{1,2}"
            r"|UMFD-\d{1,2}|TrustedInstaller|MSSQL[\w$]{1,20}|[A-Za-z]{2,20}(?= |$))"
        ),
        needs=(
            "authority\\ service\\ builtin\\ apppool\\ host\\ manager\\ machine\\ autorit"
            " vordefiniert\\"
        ),
        flags=re.IGNORECASE,
    ),
    rule(
        "device",
        Kind.WORD,
        (
            r"(?:\\\\\?\\Volume\{[0-9A-Fa-f-]{36}\}\\?|\\\\\.\\PHYSICALDRIVE\d{1,2}"
            r"|\\Device\\(?:[A-Za-z]{2,30}\d{0,3}|\d{8})|(?:PCI|USB|ACPI|HID|HDAUDIO|SCSI)\\"
            r"(?:VEN|VID"
            r"|DEV)_[0-9A-F]{4}(?:&[A-Z]{2,6}_[0-9A-Fa-f]{1,8}){0,6})"
        ),
        needs="\\",
    ),
    rule(
        "sddl",
        Kind.WORD,
        r"[OGDS]:(?:[A-Z]{2}|S-1-[\d-]{1,80})?(?:\([A-Z;0-9a-fx-]{4,80}\)){1,40}",
        needs="(a;",
    ),
)
RULES = EXACT + LOOSE
