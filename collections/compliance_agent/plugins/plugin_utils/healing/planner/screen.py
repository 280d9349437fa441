# SPDX-License-Identifier: GPL-3.0-or-later
"""Find text that speaks to a planner, or that Windows would run, in what a host reported. Pure.

The second line only. The first is structure: the embedded planner reads no value of a host, a model
can answer with the ids of the candidates only, and a runbook probes the fault before it acts. A hit
means that somebody writes where only readings should be, and that is for a person to see.

Words alone are no hit: "default password policy", "host halted" and "the instructions of the
vendor" are what hosts say. Patterns want a command with its object, or an order with its addressee.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from .case import Case

# What one finding can hold at most; more is not a reading of ours.
TEXT_LENGTH_MAX = 4096
# Letters of other scripts that look like Latin ones: the ones in use for fakes (Unicode TR 39).
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u04bb\u0432\u043a\u043c"
    "\u043d\u0442\u03b1\u03b5\u03bf\u03c1\u03bd\u03b9\u03ba\u03c4\u03c5",
    "aeopcyxisjdhbkmhtaeopviktu",
)
# What PowerShell and cmd drop from a command, so that fakes are full of it.
_DROPPED = re.compile("[`^\"']")
_LATIN = re.compile(r"[a-zA-Z]")

_ORDERS = {
    "override": (
        r"\b(?:ignore|disregard|forget|override|bypass|ignorier\w*|vergiss|ignorez|oubliez|ignora"
        r"|olvida)\b.{0,40}\b(?:instruct\w*|previous|above|prior|rules?|prompt|guard\w*"
        r"|anweisung\w*|regeln|consignes|r[eè]gles|instruc\w*|reglas)\b"
    ),
    "role_marker": (
        r"<\|[^|>]{0,40}\|>|</?\s*(?:system|assistant|user|incident|data|tool|inst|s)\s*>"
        r"|\[/?\s*inst\s*\]|```|(?:^|[\n.;])\s*#{0,3}\s*(?:system|assistant|user|developer)\s*:"
        r"|\bbegin data\b|\bend data\b"
    ),
    "address": (
        r"\b(?:you|the (?:planner|model|assistant|agent|llm|ai)|planner|assistant)\s*,?\s*"
        r"(?:are|must|should|shall|will|may|can|need to|have to|please)\b.{0,40}"
        r"\b(?:now|run|choose|select|apply|use|pick|execute|return|answer|reply|respond|output)\b"
        r"|\b(?:please|always|just|kindly)\s+(?:run|choose|select|apply|use|pick|execute|return"
        r"|answer|reply|respond)\b"
        r"|\b(?:answer|reply|respond|return|output)\s+(?:only\s+)?(?:with|as)\b.{0,30}"
        r"\b(?:json|runbook|id|confidence|escalate)\b"
    ),
    "answer_words": (
        r"\b(?:runbook_?id|escalat(?:e|ion_reason)|confidence(?:_percent)?|reasoning)\b\s*[:=]"
        r"|\b(?:do not|don.?t|never|no need to|without) escalat\w*|\bescalation is (?:not|off)\b"
        r"|\bpre-?approved\b|\bapproved (?:change|by|for)\b|\bapproval (?:is )?(?:given|granted"
        r"|not (?:needed|required))\b"
    ),
    "runbook_named": r"\brb[-_ ]?win[-_ ]?[a-z]+[-_ ]?\d+|\brunbook\b",
}
_COMMANDS = {
    "encoded_command": (
        r"\b(?:powershell|pwsh)(?:\.exe)?\b.{0,80}\s[-/]e[ncodema]*\s+[a-z0-9+/=]{8,}"
        r"|\s-e(?:nc|ncodedcommand)\s+[a-z0-9+/=]{8,}|\bfrombase64string\b"
    ),
    "evaluated_text": r"\binvoke-expression\b|\biex\s*[(&$]|\|\s*iex\b|\[scriptblock\]::create",
    "download": (
        r"\bdownload(?:string|file|data)\b|\b(?:invoke-webrequest|invoke-restmethod|iwr|irm)\s"
        r"|\bstart-bitstransfer\b|\bcertutil\b.{0,40}-urlcache|\bbitsadmin\b.{0,40}/transfer"
        r"|\bmshta\b.{0,20}(?:http|javascript|vbscript)|\bregsvr32\b.{0,40}/i:http"
    ),
    "deletion": (
        r"\b(?:remove-item|rm|del|erase|rd|rmdir)\s.{0,80}(?:-recurse|-force|\s-r\b|/s\b|/q\b)"
        r"|\bformat-volume\b|\bformat(?:\.com)?\s+[a-z]:|\bclear-disk\b|\bdiskpart\b"
        r"|\bcipher\b\s+/w|\bsdelete\b"
    ),
    "backup_loss": (
        r"\bvssadmin\b.{0,20}\b(?:delete|resize)|\bwbadmin\b.{0,20}\bdelete"
        r"|\bshadowcopy\b.{0,20}\bdelete|\bremove-wb\w+|\bbcdedit\b.{0,20}/(?:set|delete)"
    ),
    "log_loss": (
        r"\bwevtutil(?:\.exe)?\s+(?:cl|clear-log)\b|\bclear-eventlog\b|\bremove-eventlog\b"
        r"|\bauditpol\b.{0,20}/(?:clear|remove)"
    ),
    "protection_off": (
        r"\b(?:set|add)-mppreference\b.{0,80}(?:disable|exclusion)"
        r"|\buninstall-windowsfeature\b|\b(?:disable|suspend)-bitlocker\b"
        r"|\bmanage-bde\b.{0,40}-(?:off|protectors|pause)|\bremove-bitlockerkeyprotector\b"
        r"|\bnetsh\b.{0,60}\bstate\s+off|\bset-netfirewallprofile\b.{0,60}\b(?:false|off)\b"
        r"|\b(?:stop|remove)-service\b|\bsc(?:\.exe)?\s+(?:stop|delete|config)\s"
        r"|\bnet(?:\.exe)?\s+stop\s"
    ),
    "account_or_persistence": (
        r"\bnet1?(?:\.exe)?\s+(?:user|localgroup)\b.{0,60}/add|\bnew-localuser\b"
        r"|\badd-localgroupmember\b|\bschtasks\b.{0,40}/create|\bregister-scheduledtask\b"
        r"|\breg(?:\.exe)?\s+(?:add|delete)\s|\bset-executionpolicy\b"
    ),
    "chained_command": (
        r"[;&|]{1,2}\s*(?:powershell|pwsh|cmd|start-process|remove-|set-|invoke-|net\s|sc\s|reg\s"
        r"|shutdown\b)|\$\(|\bshutdown\b\s+[/-][rsfta]\b|\brestart-computer\b|\bstop-computer\b"
    ),
}
_RULES = tuple(
    (name, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for name, pattern in {**_ORDERS, **_COMMANDS}.items()
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One text that should not be there: which rule found it, and where. Never the text."""

    rule: str
    place: str


def screen(case: Case) -> tuple[Hit, ...]:
    """Return what is suspicious in the texts of *case* that somebody else wrote."""
    hits = (Hit(rule, place) for place, text in _texts(case) for rule in rules_hit(text))
    return tuple(dict.fromkeys(hits))


def rules_hit(text: str) -> list[str]:
    """Return the names of the rules that *text* hits, read as a person would read it."""
    # What is longer is a hit by itself, and need not cost more.
    plain = unicodedata.normalize("NFKC", text[:TEXT_LENGTH_MAX])
    visible = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    folded = visible.translate(_LOOKALIKES)
    bare = _DROPPED.sub("", folded)
    hit = [name for name, rule in _RULES if any(map(rule.search, (folded, bare)))]
    if len(text) > TEXT_LENGTH_MAX:
        hit.append("too_long")
    if len(visible) != len(plain):
        hit.append("invisible_letters")
    if any(_mixes_scripts(word) for word in visible.split()):
        hit.append("mixed_scripts")
    return hit


def _mixes_scripts(word: str) -> bool:
    """Return whether Latin and look-alike letters stand in one word; umlauts are Latin."""
    return bool(_LATIN.search(word)) and word.lower().translate(_LOOKALIKES) != word.lower()


def _texts(case: Case) -> Iterator[tuple[str, str]]:
    for number, finding in enumerate(case.findings):
        where = f"findings[{number}]"
        yield f"{where}.scope", finding.scope
        yield from _walk(f"{where}.observed", finding.observed)
        yield from _walk(f"{where}.expected", finding.expected)
    recent = ((f"recent[{number}]", item) for number, item in enumerate(case.recent))
    for where, incident in (("incident", case.incident), *recent):
        yield f"{where}.incident_id", incident.incident_id
        yield f"{where}.site_id", incident.site_id
        yield f"{where}.host_id", incident.host_id
        yield f"{where}.evidence_bundle_id", incident.evidence_bundle_id or ""


def _walk(place: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for item in value:
            yield from _walk(f"{place}[]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            # A key is text of the same author; its place must not repeat it.
            yield f"{place}.*", key
            yield from _walk(f"{place}.*", item)
