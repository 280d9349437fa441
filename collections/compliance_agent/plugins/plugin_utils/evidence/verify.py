# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify the evidence of a site offline: python3 verify.py DIRECTORY --key PUBLIC_KEY.

One file, standard library only, Python 3.9 or newer: it lies beside the evidence and must work
years later on a machine that has nothing of this project. That is why it is longer than our other
modules. Sealing, the index and the verify play use this same file, so there is no second opinion.
What the files hold is described in the reference page "Evidence". The sections below:

1. What is wrong: exit codes and problems.     7. What the parts of a run say together.
2. Canonical text.                             8. Who reads lines, runs, heads, and the log.
3. Keys and signatures.                        9. A site, an export, a draft.
4. Documents: the fields of all that is        10. Their files.
   signed, and bundles read by their bytes.    11. Reports and the command line.
5. The log: hashes, tiles, checkpoints,        12. Ed25519.
   proofs.
6. Which key is trusted where in the log.

A site is read in the order of its log. Each leaf must have its file or line, and each file or line
its leaf: so a bundle, a host, a run or the end of the log cannot vanish. DIRECTORY may also be an
export, which has proofs instead of the whole log.

Bundles of the first release have no log. They are accepted, with a note, where they are what that
release wrote (``schema_version`` 1) and numbered before the first run in the log. What a later
release wrote is a problem without its leaf, so taking the log away makes no evidence look old.

Signature and leaf fix every byte of a bundle, and a run is logged only after all of it was parsed
here and found canonical. So most bundles are not parsed again: signature, place, verdict and
scrubbing are taken from the bytes before and after the facts; no fact can imitate those, as
`Skimmer` says. The first and the last line of each file, one in 32 of the others, whatever is not
plain, and whatever does not hold are parsed, and so is every line with ``--strict``. That also
finds what a broken or false signer wrote: text that readers could read in two ways (a member twice,
a float, an integer beyond 2^53, not UTF-8 or not in normal form C), text that is not canonical, a
policy that is not that of its digest.
"""

import argparse
import base64
import errno
import hashlib
import io
import json
import os
import re
import stat
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Optional, Union

try:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey
except ImportError:  # the slow way below gives the same answers
    VerifyKey = None  # type: ignore[assignment, misc]

# --------------------------------------------------------------------------------------------------
# 1. What is wrong
# --------------------------------------------------------------------------------------------------

OK, USAGE, BAD_SIGNATURE, ALTERED, GAP, UNKNOWN_KEY, UNREADABLE = 0, 2, 3, 4, 5, 6, 7
MISSING_HOST, REVOKED_KEY = 8, 9
NAMES: Mapping[int, str] = {
    OK: "ok",
    USAGE: "usage",
    BAD_SIGNATURE: "bad_signature",
    ALTERED: "altered",
    GAP: "gap",
    UNKNOWN_KEY: "unknown_key",
    UNREADABLE: "unreadable",
    MISSING_HOST: "missing_host",
    REVOKED_KEY: "revoked_key",
}


class Rejected(Exception):
    """Something is wrong with a document: the exit code that it means, and a sentence."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def require(is_right: bool, reason: str, code: int = ALTERED) -> None:  # noqa: FBT001 - a condition
    """Return if *is_right*, else raise Rejected."""
    if not is_right:
        raise Rejected(code, reason)


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where. Unknown parts are empty, an unknown line is 0.

    *document_id* is the id of the bundle or of the statement.
    """

    code: int
    reason: str
    file: str
    line: int = 0
    document_id: str = ""
    host_id: str = ""
    check: str = ""

    @property
    def name(self) -> str:
        """Return the name of the exit code."""
        return NAMES[self.code]

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        names = filter(None, (self.document_id, self.host_id, self.check))
        return ": ".join(filter(None, (shown(place), shown(" ".join(names)), self.reason)))


@dataclass(frozen=True)
class Note:
    """Something to know that is no problem: a stable name, a sentence, and where."""

    name: str
    text: str
    file: str

    def __str__(self) -> str:
        return f"note: {shown(self.file)}: {self.text}"


def shown(text: str) -> str:
    """Return *text* fit for a terminal: a tampered line must not move the cursor."""
    return text if text.isprintable() else ascii(text)


def counted(number: int, noun: str) -> str:
    """Return ``1 bundle`` or ``2 bundles``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_MOST_NAMES = 10


def listed(names: Iterable[str]) -> str:
    """Return *names*, each once, as one text that does not get too long."""
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - _MOST_NAMES
    text = ", ".join(map(shown, distinct[:_MOST_NAMES]))
    return f"{text} and {more} more" if more > 0 else text


# --------------------------------------------------------------------------------------------------
# 2. Canonical text: RFC 8785 without floats and large integers
# --------------------------------------------------------------------------------------------------

LARGEST_INTEGER, LONGEST_INTEGER, SAFE_DIGITS = 2**53 - 1, 17, 16


def parse_json(text: bytes) -> Any:
    """Return the value of *text*, keys in canonical order; raises ValueError, RecursionError."""
    return json.loads(
        text.decode("utf-8"),
        object_pairs_hook=_sorted_object,
        parse_float=_refuse_number,
        parse_int=_small_integer,
        parse_constant=_refuse_number,
    )


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 text of what ``parse_json`` parsed: its objects are in order already."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def parse_line(line: bytes) -> dict[str, Any]:
    """Return the object whose canonical text *line* is, newline included; raises Rejected."""
    document = _parse_quickly(line)
    if isinstance(document, dict):
        return document
    if not line.endswith(b"\n"):
        raise Rejected(ALTERED, "the line is cut off")
    try:
        document = parse_json(line)
        text = canonical(document) + b"\n"
    except (ValueError, RecursionError) as error:
        raise Rejected(ALTERED, f"not a line that was signed: {shown(str(error))}") from None
    if text != line:
        raise Rejected(ALTERED, "not a line that was signed: it is not in canonical form")
    if not unicodedata.is_normalized("NFC", text.decode("utf-8")):
        raise Rejected(ALTERED, "not a line that was signed: not in Unicode normal form C")
    if not isinstance(document, dict):
        raise Rejected(ALTERED, "not an object")
    return document


def _parse_quickly(line: bytes) -> Any:
    """Return the value of a canonical *line*, or None if only a closer look can tell.

    What the C encoder writes again to the very same text had no member twice and none out of
    order. It sorts by code points, which is the order of RFC 8785 up to U+FFFF.
    """
    try:
        text = line.decode("utf-8")
        if not text.isascii() and (
            len(text.encode("utf-16-le")) > 2 * len(text)
            or not unicodedata.is_normalized("NFC", text)
        ):
            return None
        document = _READER.decode(text)
        return document if _WRITER.encode(document) + "\n" == text else None
    except (ValueError, RecursionError):
        return None


def _sorted_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    # RFC 8785 section 3.2.3 sorts by UTF-16 code units; beyond ASCII that can be another order.
    names = sorted(found) if "".join(found).isascii() else sorted(found, key=_utf16)
    return {name: found[name] for name in names}


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


def _refuse_number(text: str) -> Any:
    raise ValueError(f"{text[:24]} is not a whole number")


def _small_integer(text: str) -> int:
    if len(text) < SAFE_DIGITS:
        return int(text)
    # Long digits are refused unread: turning them into a number takes quadratic time.
    if len(text) > LONGEST_INTEGER or abs(int(text)) > LARGEST_INTEGER:
        raise ValueError(f"{text[:24]} is beyond 2^53")
    return int(text)


_READER = json.JSONDecoder(
    parse_float=_refuse_number, parse_int=_small_integer, parse_constant=_refuse_number
)
_WRITER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False
)

# --------------------------------------------------------------------------------------------------
# 3. Keys and signatures
# --------------------------------------------------------------------------------------------------

PUBLIC_KEY = re.compile(r"(?:ed25519:)?([A-Za-z0-9+/]{43}=)(?:\s+([0-9a-f]{16}))?")
KEY_BYTES, SIGNATURE_BYTES = 32, 64


def read_keys(given: Sequence[str]) -> dict[str, bytes]:
    """Return the keys in *given*, each a file or the key itself; raises OSError and ValueError."""
    keys: dict[str, bytes] = {}
    for item in given:
        file = Path(item)
        keys.update(parse_keys(file.read_text(encoding="ascii") if file.is_file() else item))
    return keys


def parse_keys(text: str) -> dict[str, bytes]:
    """Return key_id to raw key for each line ``ed25519:<base64> <key_id>``; raises ValueError.

    A bare base64 key is one too. The key_id is the start of the SHA-256 of the raw key.
    """
    keys = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        match = PUBLIC_KEY.fullmatch(line)
        if match is None:
            raise ValueError("not a public key: expected ed25519:<44 letters of base64> <key_id>")
        raw = base64.b64decode(match[1])
        key_id = hashlib.sha256(raw).hexdigest()[:16]
        if base64.b64encode(raw).decode() != match[1] or match[2] not in {None, key_id}:
            raise ValueError(f"the public key {match[2]} is damaged: it reads as {key_id}")
        keys[key_id] = raw
    if not keys:
        raise ValueError("no public key in it")
    return keys


def check_signature(body: bytes, signature: str, public_key: bytes) -> None:
    """Return if *signature* (base64) is that of *body* by *public_key*, else raise Rejected."""
    check_digest(hashlib.sha256(body).digest(), signature, public_key)


def check_digest(digest: bytes, signature: str, public_key: bytes) -> None:
    """Return if *signature* (base64) is that of the 32 bytes *digest*, else raise Rejected."""
    raw = decode_base64(signature)
    if raw is None or len(raw) != SIGNATURE_BYTES:
        raise Rejected(BAD_SIGNATURE, "the signature is missing or malformed")
    if not is_signed(public_key, digest, raw):
        raise Rejected(BAD_SIGNATURE, "the signature does not fit the content")


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether *signature* (64 bytes) is that of *message*, by PyNaCl where it is there."""
    verify = ed25519_verify if VerifyKey is None else _nacl_verify
    return verify(public_key, message, signature)


def decode_base64(text: str) -> Optional[bytes]:
    """Return the bytes of *text*, or None if it is not the one text of them.

    base64 has spare bits: two texts of one signature would be two lines that both verify.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def _nacl_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


# --------------------------------------------------------------------------------------------------
# 4. Documents: bundles, coverage statements, statements about keys
# --------------------------------------------------------------------------------------------------

CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
OUTCOMES: Mapping[str, str] = {
    "PASS": "success",
    "WARNING": "partial",
    "FAIL": "failure",
    "ERROR": "failure",
}
# What a repair may be called, by what the check says of it afterwards: success is a PASS only.
REPAIR_OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "PASS": ("success", "partial", "failure"),
    "WARNING": ("partial", "failure"),
    "FAIL": ("partial", "failure"),
    "ERROR": ("failure",),
}
# Why a bundle has no verdict, and the status that it must have then: never PASS.
WITHOUT_VERDICT: Mapping[str, str] = {
    "unreachable": "ERROR",
    "collector_failed": "ERROR",
    "collector_timeout": "ERROR",
    "not_evaluated": "ERROR",
    "interrupted": "ERROR",
    "waived": "WARNING",
}
FLAG, ERROR_CODES = "E007", ("E004",)
UNLOGGED_VERSION, LOGGED_VERSION = 1, 2  # of pre_state: the first release had no log
REVOCATION_REASONS = ("compromised", "lost", "superseded")

BUNDLE_ID = re.compile(r"EB-(\d{8})-(\d{6}|[1-9]\d{6,})", re.ASCII)
# No 24:00, which Python reads as the next day from 3.13 on and refuses before.
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3])(?::[0-5]\d){2}Z", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
KEY_ID = re.compile(r"[0-9a-f]{16}")
DIGEST = re.compile(r"[0-9a-f]{64}")
ROOT_TEXT = re.compile(r"[A-Za-z0-9+/]{43}=")

# A rule is a type, a pattern, a function, an object of rules, or a tuple of alternatives: values
# and rules. ``obeys`` reads them.
_Rule = Any


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_instant(value: Any) -> bool:
    if type(value) is not str or not TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value[:-1])
    except ValueError:
        return False
    return True


def _is_list_of_texts(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _are_counts(value: Any) -> bool:
    return type(value) is dict and all(map(_is_count, value.values()))


def _are_checks(value: Any) -> bool:
    return type(value) is list and value == [check for check in CHECKS if check in value]


def _list_of(rule: _Rule) -> Callable[[Any], bool]:
    return lambda value: type(value) is list and all(obeys(item, rule) for item in value)


# The evidence bundle of the interface contract.
BUNDLE_FIELDS: Mapping[str, _Rule] = {
    "actions": _is_list_of_texts,
    "bundle_id": BUNDLE_ID,
    "check": CHECKS,
    "hipaa_controls": _is_list_of_texts,
    "host_id": str,
    "outcome": ("success", "failure", "partial"),
    "phi_scrubbed": bool,
    "post_state": dict,
    "pre_state": dict,
    "signature": str,
    "site_id": NAME,
    "timestamp": _is_instant,
}
_PAIR: Mapping[str, _Rule] = {"host_id": str, "check": CHECKS}
COVERAGE_FIELDS: Mapping[str, _Rule] = {
    "schema_version": (1,),
    "kind": ("coverage",),
    "statement_id": str,
    "site_id": NAME,
    "run_id": NAME,
    "key_id": KEY_ID,
    "provenance": dict,
    "signature": str,
    "status": ("complete", "interrupted"),
    "started_at": _is_instant,
    "sealed_at": _is_instant,
    "clock_set_back_seconds": _is_count,
    "scope": {
        "inventory_hosts": _is_count,
        "inventory_sha256": DIGEST,
        "hosts": _is_count,
        "hosts_sha256": DIGEST,
        "checks": _are_checks,
    },
    "expected": _is_count,
    "obtained": _is_count,
    "not_scheduled": {"hosts": _is_list_of_texts, "checks": _are_checks, "pairs": _list_of(_PAIR)},
    "missing": _list_of(
        {**_PAIR, "reason_code": tuple(WITHOUT_VERDICT), "error_code": (None, *ERROR_CODES)}
    ),
    "bundles": {"count": _is_count, "first": (None, BUNDLE_ID), "last": (None, BUNDLE_ID)},
    "log": {"first_index": _is_count, "root_before": ROOT_TEXT},
    "journal": {
        "lines": _is_count,
        "sha256": DIGEST,
        "lost_bytes": _is_count,
        "damaged_at_line": (None, _is_count),
    },
    "scrubbing": {
        "ruleset_version": str,
        "ruleset_sha256": DIGEST,
        "counts": _are_counts,
        "flagged": _is_list_of_texts,
    },
}
_STATEMENT_FIELDS: Mapping[str, _Rule] = {
    "schema_version": (1,),
    "statement_id": str,
    "site_id": NAME,
    "issued_at": _is_instant,
    "key_id": KEY_ID,
    "signature": str,
}
KEY_STATEMENT_FIELDS: Mapping[str, Mapping[str, _Rule]] = {
    "key_rotation": {
        **_STATEMENT_FIELDS,
        "kind": ("key_rotation",),
        "old_key": PUBLIC_KEY,
        "new_key": PUBLIC_KEY,
        "successor_signature": str,
    },
    "key_revocation": {
        **_STATEMENT_FIELDS,
        "kind": ("key_revocation",),
        "revoked_key_id": KEY_ID,
        "compromised_at": _is_instant,
        "reason_code": REVOCATION_REASONS,
    },
}


def check_fields(document: Any, fields: Mapping[str, _Rule], what: str) -> None:
    """Return if *document* has exactly *fields* and each fits its rule, else raise Rejected."""
    if not isinstance(document, dict):
        raise Rejected(ALTERED, "not an object")
    if "signature" not in document:
        raise Rejected(BAD_SIGNATURE, "the signature is missing")
    if type(document["signature"]) is not str:
        raise Rejected(BAD_SIGNATURE, "signature is not a str")
    if document.keys() != fields.keys():
        changed = sorted(document.keys() ^ fields.keys())
        raise Rejected(ALTERED, f"not the fields of a {what}: {shown(', '.join(changed))}")
    for name, rule in fields.items():
        if not obeys(document[name], rule):
            raise Rejected(ALTERED, f"{name} is not what a {what} holds there")


def obeys(value: Any, rule: _Rule) -> bool:
    """Return whether *value* is what *rule* allows."""
    if isinstance(rule, type):
        return type(value) is rule
    if isinstance(rule, re.Pattern):
        return type(value) is str and rule.fullmatch(value) is not None
    if isinstance(rule, tuple):  # alternatives; True is no 1 here
        return any(
            obeys(value, item)
            if callable(item) or isinstance(item, re.Pattern)
            else type(value) is type(item) and value == item
            for item in rule
        )
    if isinstance(rule, Mapping):
        return (
            type(value) is dict
            and value.keys() == rule.keys()
            and all(obeys(value[name], inner) for name, inner in rule.items())
        )
    return bool(rule(value))


class Line(NamedTuple):
    """One stored line: what it says, the digest that was signed, and the digest of the whole."""

    document: dict[str, Any]
    signed_digest: bytes
    sha256: str


# The end of each canonical bundle: no other member comes after these three.
_SIGNATURE_MEMBER = b',"signature":"'
_END = re.compile(
    rb',"signature":"([A-Za-z0-9+/]{86}==)"'
    rb'(,"site_id":"([A-Za-z0-9._-]+)","timestamp":"([0-9TZ:-]+)"\})\n'
)


def read_bundle(line: bytes) -> Line:
    """Return what the stored *line* of a bundle holds; raises Rejected. No signature is checked."""
    place = line.rfind(_SIGNATURE_MEMBER)
    end = _END.fullmatch(line, place) if place > 0 else None
    if end is None:
        return read_statement(line, BUNDLE_FIELDS, "bundle")
    document = parse_line(line)
    check_fields(document, BUNDLE_FIELDS, "bundle")
    return Line(document, *_digests(line, place, end[2]))


def _digests(line: bytes, place: int, rest: bytes) -> tuple[bytes, str]:
    """Return the digest that was signed and that of the line; *place* is that of the signature."""
    whole = hashlib.sha256(memoryview(line)[:place])  # once for both
    body = whole.copy()
    body.update(rest)
    whole.update(memoryview(line)[place:-1])
    return body.digest(), whole.hexdigest()


def read_statement(line: bytes, fields: Mapping[str, _Rule], what: str) -> Line:
    """Return what a stored *line* holds; raises Rejected. No signature is checked."""
    document = parse_line(line)
    check_fields(document, fields, what)
    unsigned = {"signature", "successor_signature"}
    body = {name: value for name, value in document.items() if name not in unsigned}
    digest = hashlib.sha256(canonical(body)).digest()
    return Line(document, digest, hashlib.sha256(line[:-1]).hexdigest())


def check_bundle_content(bundle: Mapping[str, Any]) -> None:
    """Return if the parts of *bundle* agree with each other, else raise Rejected."""
    state = bundle["pre_state"]
    _check_outcome(bundle)
    version = state.get("schema_version")
    if obeys(version, (LOGGED_VERSION,)):
        _check_logged_state(bundle, state)
    elif not obeys(version, (UNLOGGED_VERSION,)):
        raise Rejected(ALTERED, "pre_state.schema_version is none that this program knows")


def _check_outcome(bundle: Mapping[str, Any]) -> None:
    if bundle["timestamp"][:10].replace("-", "") != bundle["bundle_id"][3:11]:
        raise Rejected(ALTERED, "bundle_id and timestamp name different days")
    if bundle.get("actions") or bundle.get("post_state"):
        _check_repair(bundle["pre_state"], bundle["post_state"], bundle["outcome"])
    elif OUTCOMES.get(str(bundle["pre_state"].get("status"))) != bundle["outcome"]:
        raise Rejected(ALTERED, "outcome and pre_state.status do not belong together")


def _check_repair(before: Mapping[str, Any], after: Mapping[str, Any], outcome: str) -> None:
    if outcome not in REPAIR_OUTCOMES.get(str(after.get("status")), ()):
        raise Rejected(ALTERED, "outcome and post_state.status do not belong together")
    first, last = str(before.get("checked_at")), str(after.get("checked_at"))
    # Nobody but the check, made again, can say that a repair has worked.
    is_seen_again = _is_instant(first) and _is_instant(last) and first <= last
    if outcome != "failure" and not is_seen_again:
        raise Rejected(ALTERED, "post_state.checked_at is not after pre_state.checked_at")


def _check_verdict(state: Mapping[str, Any]) -> None:
    reason, seen_at = state.get("reason_code"), state.get("checked_at", "")
    if seen_at is None:
        # What nobody observed is never a PASS.
        if type(reason) is not str or WITHOUT_VERDICT.get(reason) != state["status"]:
            raise Rejected(ALTERED, "without a verdict, status and reason_code say otherwise")
    elif not _is_instant(seen_at):
        raise Rejected(ALTERED, "pre_state.checked_at is not what a bundle holds there")


_SCRUBBING: Mapping[str, _Rule] = {
    "ruleset_version": str,
    "ruleset_sha256": DIGEST,
    "counts": _are_counts,
    "error_code": (None, FLAG),
}


def _check_logged_state(bundle: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    if bundle["phi_scrubbed"] is not True:
        raise Rejected(ALTERED, "phi_scrubbed is not true")
    if not obeys(state.get("scrubbing"), _SCRUBBING):
        raise Rejected(ALTERED, "pre_state.scrubbing is not what a bundle holds there")
    if not obeys(state.get("error_code", ""), (None, *ERROR_CODES)):
        raise Rejected(ALTERED, "pre_state.error_code is not what a bundle holds there")
    _check_verdict(state)
    policy_sha256 = state["provenance"].get("policy_sha256")
    if policy_sha256 is not None:
        digest = hashlib.sha256(canonical(state.get("policy"))).hexdigest()
        require(policy_sha256 == digest, "provenance.policy_sha256 is not that of its policy")


def number_of(bundle_id: str) -> tuple[str, int]:
    """Return day (``YYYYMMDD``) and number of a bundle_id."""
    _prefix, day, number = bundle_id.split("-")
    return day, int(number)


def provenance_of(bundle: Mapping[str, Any], name: str) -> str:
    """Return a text of ``pre_state.provenance``; raises Rejected."""
    provenance = bundle["pre_state"].get("provenance")
    value = provenance.get(name) if isinstance(provenance, dict) else None
    if not isinstance(value, str):
        raise Rejected(ALTERED, f"pre_state.provenance has no {name}")
    return value


def _promised(bundle: Mapping[str, Any]) -> int:
    """Return how many bundles the run of *bundle* signed, or -1 where it does not say."""
    count = bundle["pre_state"]["provenance"].get("run_bundles")
    return count if type(count) is int else -1


# What stands before and after the facts in a canonical bundle of a check. No text in it has an
# escape or is beyond ASCII: whatever is not as plain as that is parsed.
_HEAD = re.compile(
    rb'\{"actions":\[\],"bundle_id":"(EB-[0-9]{8}-(?:[0-9]{6}|[1-9][0-9]{6,}))","check":"([a-z_]+)",'
    rb'"hipaa_controls":\[(?:TEXT(?:,TEXT)*)?\],"host_id":(TEXT),"outcome":"([a-z]+)",'
    rb'"phi_scrubbed":true,"post_state":\{\},"pre_state":\{'
    rb'"checked_at":(null|"[0-9TZ:-]+"),"error_code":(null|"E004"),'.replace(
        b"TEXT", rb'"[^"\\\x00-\x1f\x7f-\xff]+"'
    )
)
_PROVENANCE_MEMBER, _SCRUBBING_MEMBER = b',"provenance":{', b',"scrubbing":'
_ORIGIN_PART: Mapping[str, _Rule] = {
    "provenance": dict,
    "reason_code": str,
    "remediation_available": bool,
    "schema_version": (LOGGED_VERSION,),
}
_LAST_PART: Mapping[str, _Rule] = {
    "scrubbing": _SCRUBBING,
    "status": tuple(OUTCOMES),
    "waiver": (None, dict),
}
_MOST_PARTS = 4096


class Skimmer:
    """Takes from the bytes of a bundle what the walk needs, and does not parse the facts.

    Signature and leaf fix every byte, so this is about reading the right ones, whatever a host made
    its facts say. The head is matched from the first byte on. The end is what follows the last
    ``,"provenance":{``. In JSON, a quote after a comma opens or closes a text, and what follows
    here shows that it opens one: a member of that name begins, in the facts or after them. Strict
    parsing of the end, in two parts, then shows that its object ends where ``signature`` begins,
    so the object is a member of the bundle itself: in canonical order, ``pre_state``.
    """

    def __init__(self) -> None:
        # Bundles of a run and check end alike, and have one time.
        self._parts: dict[bytes, Optional[dict[str, Any]]] = {}
        self._instant = ""

    def skim(self, line: bytes) -> Optional[Line]:
        """Return what was taken from *line*, or None where it must be parsed."""
        head, place = _HEAD.match(line), line.rfind(_SIGNATURE_MEMBER)
        foot = _END.fullmatch(line, place) if head and place > 0 else None
        start = line.rfind(_PROVENANCE_MEMBER, 0, place)
        if head is None or foot is None or start < head.end() - 1:
            return None
        first, _member, second = line[start + 1 : place].partition(_SCRUBBING_MEMBER)
        origin = self._parse(b"{" + first + b"}\n", _ORIGIN_PART)
        last = self._parse(b'{"scrubbing":' + second + b"\n", _LAST_PART)
        time = foot[4].decode()
        if not (origin and last and self._is_instant(time) and head[2].decode() in CHECKS):
            return None
        bundle_id, check, host, outcome, checked_at, error = head.groups()
        document = {
            "bundle_id": bundle_id.decode(),
            "check": check.decode(),
            "host_id": host[1:-1].decode(),
            "outcome": outcome.decode(),
            "phi_scrubbed": True,
            "pre_state": {
                "checked_at": None if checked_at == b"null" else checked_at[1:-1].decode(),
                "error_code": None if error == b"null" else error[1:-1].decode(),
                **origin,
                **last,
            },
            "signature": foot[1].decode(),
            "site_id": foot[3].decode(),
            "timestamp": time,
        }
        return Line(document, *_digests(line, place, foot[2]))

    def _is_instant(self, text: str) -> bool:
        if text != self._instant and _is_instant(text):
            self._instant = text
        return text == self._instant

    def _parse(self, text: bytes, rules: Mapping[str, _Rule]) -> Optional[dict[str, Any]]:
        if text not in self._parts:
            if len(self._parts) == _MOST_PARTS:
                self._parts.clear()
            try:
                part = parse_line(text)
            except Rejected:
                part = {}
            self._parts[text] = part if obeys(part, rules) else None
        return self._parts[text]


class Leaf(NamedTuple):
    """One entry of the log, and where it stands."""

    at: int
    kind: str
    document_id: str
    sha256: str
    host_id: str = ""
    check: str = ""

    def names(self) -> tuple[str, str, str]:
        """Return what a problem says of whose leaf it is."""
        return self.document_id, self.host_id, self.check

    def text(self) -> bytes:
        """Return the text that the log holds."""
        parts = {"id": self.document_id, "kind": self.kind, "sha256": self.sha256}
        if self.kind == "bundle":
            parts = {"check": self.check, "host_id": self.host_id, **parts}
        return canonical(parts)


_KEY_KIND = b'"kind":"key_'
_KEY_STATEMENT_ID = re.compile(r"KS-\d{8}T\d{6}Z-[0-9a-f]{16}", re.ASCII)
# These become names of files.
LEAF_IDS: Mapping[str, re.Pattern[str]] = {
    "bundle": BUNDLE_ID,
    "coverage": re.compile(f"CS-{NAME.pattern}"),
    "key_rotation": _KEY_STATEMENT_ID,
    "key_revocation": _KEY_STATEMENT_ID,
}
# No escape, no control character: then the text is canonical as it stands.
_BUNDLE_ENTRY = re.compile(
    rf'\{{"check":"({"|".join(CHECKS)})","host_id":"([^"\\\x00-\x1f\x7f-\xff]+)",'
    rf'"id":"({BUNDLE_ID.pattern})","kind":"bundle","sha256":"([0-9a-f]{{64}})"\}}'.encode()
)


def parse_leaf(entry: bytes, at: int) -> Leaf:
    """Return the leaf that *entry* of the log is, which stands *at*; raises Rejected."""
    usual = _BUNDLE_ENTRY.fullmatch(entry)
    if usual is None:
        return _parse_unusual_leaf(entry, at)
    check, host, document_id, _day, _number, digest = usual.groups()
    return Leaf(at, "bundle", document_id.decode(), digest.decode(), host.decode(), check.decode())


def _parse_unusual_leaf(entry: bytes, at: int) -> Leaf:
    try:
        parts = parse_json(entry)
        leaf = Leaf(at, parts["kind"], parts["id"], parts["sha256"])
        if leaf.kind == "bundle":
            leaf = leaf._replace(host_id=parts["host_id"], check=parts["check"])
        is_whole = all(type(part) is str for part in leaf[1:]) and leaf.text() == entry
    except (ValueError, RecursionError, KeyError, TypeError):
        is_whole = False
    require(
        is_whole and leaf.kind in LEAF_IDS and DIGEST.fullmatch(leaf.sha256) is not None,
        f"entry {at} of the log is no leaf",
    )
    is_named = LEAF_IDS[leaf.kind].fullmatch(leaf.document_id) is not None
    if not is_named or (leaf.kind == "bundle" and leaf.check not in CHECKS):
        raise Rejected(ALTERED, f"entry {at} of the log has no id or no check of ours")
    return leaf


# --------------------------------------------------------------------------------------------------
# 5. The log: hashes, proofs, signed notes, tiles
# --------------------------------------------------------------------------------------------------
# The log. What a site signed are the entries of a Merkle tree (RFC 6962 section 2.1) that only ever
# grows. It lies in a folder as c2sp.org/tlog-tiles says: ``checkpoint`` is the signed head,
# ``tile/entries/<N>`` has the entries, ``tile/<L>/<N>`` the hashes; ``checkpoints/`` keeps every
# head that was ever signed. The functions take that folder as *log*; they return what they read, or
# raise Rejected: ALTERED for what does not fit, GAP for a file that is missing.

# RFC 6962 section 2.1: a prefix keeps an entry from passing for a node of the tree.
LEAF_PREFIX, NODE_PREFIX, HASH_BYTES = b"\x00", b"\x01", 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
# c2sp.org/tlog-tiles: hashes or entries in a full file; two bytes hold the length of an entry.
TILE_HEIGHT, TILE_WIDTH, LENGTH_BYTES, LARGEST_ENTRY = 8, 256, 2, 2**16 - 1
# c2sp.org/signed-note: the number of the Ed25519 algorithm, and limits as golang.org/x/mod has.
NOTE_ED25519, KEY_HASH_BYTES = b"\x01", 4
LARGEST_NOTE, MOST_SIGNATURES = 1_000_000, 100
# A log's size has at most twelve digits, which is what the names of kept checkpoints have room for.
HEAD_LINES = 3
LOG_SIZE = re.compile(r"0|[1-9][0-9]{0,11}")
ARCHIVE_DIGITS, ARCHIVE_NAME = 12, re.compile(r"checkpoints((?:/[0-9]{3}){4})")
PROOF_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Head:
    """How many entries a log has, and the root over them (32 bytes): it names one content."""

    size: int
    root: bytes


@dataclass(frozen=True)
class Checkpoint:
    """A head that was signed, the key_ids of the trusted keys that did, and the signed note."""

    origin: str
    head: Head
    signers: tuple[str, ...]
    note: bytes


@dataclass(frozen=True)
class NoteSignature:
    """One signature line of a note; *key_hash* has four bytes and is no proof of anything."""

    name: str
    key_hash: bytes
    signature: bytes


@dataclass(frozen=True)
class LogProof:
    """A parsed .tlog-proof, nothing of it checked; *extra* is not even authenticated."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: Optional[bytes]


class RunningRoot:
    """The root of a log that is read from its first leaf on; keeps one hash per bit of its size."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        # Roots of the whole subtrees that the leaves so far make, the largest first.
        self.peaks: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """Take the hash of the next leaf."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self.peaks.pop(), node)
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over the leaves so far."""
        return fold(self.peaks)

    def head(self) -> Head:
        """Return size and root: to be compared with what a checkpoint of this size says."""
        return Head(self.size, self.root())


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf that holds *entry*."""
    return hashlib.sha256(LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two others."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root over whole subtrees, the largest first."""
    if not peaks:
        return EMPTY_ROOT
    node = peaks[-1]
    for peak in reversed(peaks[:-1]):
        node = node_hash(peak, node)
    return node


def fold_rows(rows: Sequence[Sequence[bytes]]) -> bytes:
    """Return the root over the last, partial tile of each level, the lowest first."""
    return fold([peak for row in reversed(rows) for peak in RunningRoot(row).peaks])


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of *leaves*, which are read once and not kept."""
    return RunningRoot(leaves).root()


def check_inclusion(leaf: bytes, index: int, proof: Sequence[bytes], head: Head) -> None:
    """Return if *proof* shows that *leaf* is leaf number *index* (from 0) of the log at *head*.

    By RFC 9162 section 2.1.3.2; the proofs are those of RFC 6962 section 2.1.1.
    """
    if not 0 <= index < head.size:
        raise Rejected(ALTERED, f"a log of {head.size} has no entry {index}")
    _refuse_short_hashes([leaf, *proof])
    node = leaf
    for sibling, is_left in _way_up(index, head.size - 1, proof):
        node = node_hash(sibling, node) if is_left else node_hash(node, sibling)
    if node != head.root:
        raise Rejected(ALTERED, f"the proof of entry {index} leads to another root")


def check_consistency(old: Head, new: Head, proof: Sequence[bytes]) -> None:
    """Return if *proof* shows that the log at *new* begins with all that it had at *old*.

    By RFC 9162 section 2.1.4.2; the proofs are those of RFC 6962 section 2.1.2. From an empty log,
    and between equal sizes, the proof is empty and the roots speak.
    """
    if not 0 <= old.size <= new.size:
        raise Rejected(ALTERED, f"a log of {old.size} cannot become one of {new.size}")
    _refuse_short_hashes([old.root, new.root, *proof])
    if old.size in {0, new.size}:
        _check_trivially(old, new, proof)
        return
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    # An old log that is one whole subtree is itself where the proof starts.
    hashes = list(proof) if place else [old.root, *proof]
    if not hashes:
        raise Rejected(ALTERED, "the proof is too short")
    before = after = hashes[0]
    for sibling, is_left in _way_up(place, last, hashes[1:]):
        before = node_hash(sibling, before) if is_left else before
        after = node_hash(sibling, after) if is_left else node_hash(after, sibling)
    if (before, after) != (old.root, new.root):
        raise Rejected(ALTERED, f"the log of {new.size} does not continue that of {old.size}")


def _check_trivially(old: Head, new: Head, proof: Sequence[bytes]) -> None:
    expected = new.root if old.size == new.size else EMPTY_ROOT
    if old.root != expected or (new.size == 0 and new.root != EMPTY_ROOT):
        raise Rejected(ALTERED, f"a log of {old.size} has two roots")
    if proof:
        raise Rejected(ALTERED, "the proof is too long")


def _way_up(place: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each hash of *proof* and whether it stands to the left of what was proven so far.

    *place* is that of a node in its level, *last* that of the last one there.
    """
    for sibling in proof:
        if last == 0:
            raise Rejected(ALTERED, "the proof is too long")
        is_left = place & 1 == 1 or place == last
        yield sibling, is_left
        # A subtree that has no right neighbour rises unchanged.
        while is_left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last:
        raise Rejected(ALTERED, "the proof is too short")


def _refuse_short_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(item) != HASH_BYTES for item in hashes):
        raise Rejected(ALTERED, f"a hash of a proof does not have {HASH_BYTES} bytes")


def read_checkpoint(note: bytes, origin: str, keys: Mapping[str, bytes]) -> Checkpoint:
    """Return the checkpoint of the log *origin* if one of *keys* (key_id to 32 bytes) signed it.

    By c2sp.org/tlog-checkpoint: the text is origin, size and root, a line each. Lines that follow
    are signed too, and mean nothing here.
    """
    text, signers = open_note(note, origin, keys)
    named, head = parse_head(text)
    if named != origin:
        raise Rejected(ALTERED, f"the checkpoint is of {shown(named)}, not of {shown(origin)}")
    return Checkpoint(origin, head, signers, note)


def parse_head(text: str) -> tuple[str, Head]:
    """Return origin and head that the *text* of a checkpoint names; nothing is verified."""
    *lines, rest = text.split("\n")
    if len(lines) < HEAD_LINES or rest or not all(lines):
        raise Rejected(ALTERED, "a checkpoint has an origin, a size and a root, a line each")
    if LOG_SIZE.fullmatch(lines[1]) is None:
        raise Rejected(ALTERED, "the size of a checkpoint is no number")
    head = Head(int(lines[1]), _decode_hash(lines[2]))
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise Rejected(ALTERED, "the root of an empty log is not that of nothing")
    return lines[0], head


def open_note(note: bytes, name: str, keys: Mapping[str, bytes]) -> tuple[str, tuple[str, ...]]:
    """Return the text of a note, and the key_ids of those of *keys* that signed it as *name*.

    By c2sp.org/signed-note, Ed25519: what is signed is the text itself, not a digest of it. Others
    may have signed as well; but where one of ours is named and did not, nothing is believed.
    """
    text, signatures = parse_note(note)
    hashes = {key_id: note_key_hash(name, key) for key_id, key in keys.items()}
    signers = []
    for item in signatures:
        known = [key_id for key_id in keys if (name, hashes[key_id]) == (item.name, item.key_hash)]
        fitting = [
            key_id for key_id in known if is_signed(keys[key_id], text.encode(), item.signature)
        ]
        if known and not fitting:
            raise Rejected(BAD_SIGNATURE, f"the signature of the key {known[0]} does not fit")
        signers += fitting
    if not signers:
        named = ", ".join(f"{item.name}+{item.key_hash.hex()}" for item in signatures)
        raise Rejected(UNKNOWN_KEY, f"only keys that are not trusted signed it: {shown(named)}")
    return text, tuple(dict.fromkeys(signers))


def parse_note(note: bytes) -> tuple[str, tuple[NoteSignature, ...]]:
    """Return the text of a note and its signatures, of which none is verified."""
    if len(note) > LARGEST_NOTE:
        raise Rejected(ALTERED, f"a note has at most {LARGEST_NOTE} bytes")
    try:
        letters = note.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected(ALTERED, "a note is UTF-8") from None
    text, blank, block = letters.rpartition("\n\n")
    if any(letter < " " and letter != "\n" for letter in letters):
        raise Rejected(ALTERED, "a note has a control character")
    if not blank or not block.endswith("\n"):
        raise Rejected(ALTERED, "a note ends in whole signature lines after a blank one")
    lines = block[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise Rejected(ALTERED, f"a note has at most {MOST_SIGNATURES} signatures")
    return f"{text}\n", tuple(map(_parse_signature, lines))


def _parse_signature(line: str) -> NoteSignature:
    dash, _space, rest = line.partition(" ")
    name, _space, encoded = rest.partition(" ")
    raw = decode_base64(encoded)
    if dash != "\u2014" or not is_note_name(name) or raw is None or len(raw) <= KEY_HASH_BYTES:
        raise Rejected(ALTERED, "a signature line of the note is malformed")
    return NoteSignature(name, raw[:KEY_HASH_BYTES], raw[KEY_HASH_BYTES:])


def is_note_name(name: str) -> bool:
    """Return whether *name* can stand in a signature line: not empty, no space, no plus."""
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


def note_key_hash(name: str, public_key: bytes) -> bytes:
    """Return the four bytes that tell the keys of one *name* apart: a hint, never a proof."""
    named = name.encode("utf-8") + b"\n" + NOTE_ED25519 + public_key
    return hashlib.sha256(named).digest()[:KEY_HASH_BYTES]


def check_proof(text: bytes, entry: bytes, origin: str, keys: Mapping[str, bytes]) -> Checkpoint:
    """Return the checkpoint under which the .tlog-proof *text* shows that *entry* was logged."""
    proof = parse_proof(text)
    checkpoint = read_checkpoint(proof.checkpoint, origin, keys)
    check_inclusion(leaf_hash(entry), proof.index, proof.hashes, checkpoint.head)
    return checkpoint


def parse_proof(text: bytes) -> LogProof:
    """Return the parts of a .tlog-proof, by c2sp.org/tlog-proof; the checkpoint stays as it is."""
    top, blank, checkpoint = text.partition(b"\n\n")
    try:
        lines = top.decode("ascii").split("\n")
    except UnicodeDecodeError:
        lines = []
    if not blank or lines[:1] != [PROOF_HEADER]:
        raise Rejected(ALTERED, f"not a proof: it does not begin with {PROOF_HEADER}")
    del lines[0]
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0)[len("extra ") :])
        if extra is None:
            raise Rejected(ALTERED, "the extra line of the proof is not base64")
    word, _space, index = lines[0].partition(" ") if lines else ("", "", "")
    if word != "index" or LOG_SIZE.fullmatch(index) is None:
        raise Rejected(ALTERED, "the proof names no index")
    return LogProof(int(index), tuple(map(_decode_hash, lines[1:])), checkpoint, extra)


def _decode_hash(text: str) -> bytes:
    raw = decode_base64(text)
    if raw is None or len(raw) != HASH_BYTES:
        raise Rejected(ALTERED, f"a line is not the base64 of {HASH_BYTES} bytes")
    return raw


def tile_path(level: int, index: int, width: int) -> str:
    """Return the name, below the log, of a tile that holds *width* hashes (1 to 256)."""
    return f"tile/{level}/{_tile_name(index, width)}"


def entries_path(index: int, width: int) -> str:
    """Return the name, below the log, of a file that holds *width* entries (1 to 256)."""
    return f"tile/entries/{_tile_name(index, width)}"


def archive_path(size: int) -> str:
    """Return the name, below the log, of the kept checkpoint of *size*: 000/000/010/048."""
    digits = f"{size:0{ARCHIVE_DIGITS}d}"
    return "checkpoints/" + "/".join(digits[at : at + 3] for at in range(0, len(digits), 3))


def tile_width(level: int, index: int, size: int) -> int:
    """Return how many hashes a tile has in a log of *size* entries; 0 if there is no such tile."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH))


def _tile_name(index: int, width: int) -> str:
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    return "/".join(parts) + ("" if width == TILE_WIDTH else f".p/{width}")


def read_tile(log: Path, level: int, index: int, size: int) -> list[bytes]:
    """Return the hashes that a tile has in a log of *size* entries, none of them verified."""
    width = tile_width(level, index, size)
    names = {count: tile_path(level, index, count) for count in (width, TILE_WIDTH)}
    count, data = _read_first(log, names, TILE_WIDTH * HASH_BYTES)
    if len(data) != count * HASH_BYTES:
        raise _wrong_length(names[count], is_short=len(data) < count * HASH_BYTES)
    return [data[at : at + HASH_BYTES] for at in range(0, width * HASH_BYTES, HASH_BYTES)]


def read_entries(log: Path, index: int, size: int) -> list[bytes]:
    """Return the entries of one file in a log of *size* entries, none of them verified."""
    name, count, data = _entries_file(log, index, size)
    entries, end = [], 0
    for _entry in range(count):
        start = end + LENGTH_BYTES
        end = start + int.from_bytes(data[end:start], "big")
        entries.append(data[start:end])
    if end != len(data):
        raise _wrong_length(name, is_short=end > len(data))
    return entries[: tile_width(0, index, size)]


def _entries_file(log: Path, index: int, size: int) -> tuple[str, int, bytes]:
    """Return the name of a file of entries, how many it should hold, and what it holds."""
    width = tile_width(0, index, size)
    names = {count: entries_path(index, count) for count in (width, TILE_WIDTH)}
    count, data = _read_first(log, names, TILE_WIDTH * (LENGTH_BYTES + LARGEST_ENTRY))
    return names[count], count, data


def walk_log(log: Path, head: Head) -> Iterator[bytes]:
    """Yield each entry of *log*, and check every file of it up to *head*.

    Raises Rejected for a file that is missing or has not the right length, for hashes that are not
    those of what lies below them, and for another root. The root is compared after the last entry:
    nothing that was yielded may be believed before this ends.
    """
    return (entry for entry, _leaf in _walk_hashed(log, head))


def _walk_hashed(log: Path, head: Head) -> Iterator[tuple[bytes, bytes]]:
    rows = _TileRows(log, head.size)
    for index in range(-(-head.size // TILE_WIDTH)):
        entries = [(entry, leaf_hash(entry)) for entry in read_entries(log, index, head.size)]
        rows.add([leaf for _entry, leaf in entries])
        yield from entries
    if rows.finish() != head.root:
        raise Rejected(ALTERED, f"the {head.size} entries of the log have another root")


class _TileRows:
    """Compares the tiles of all levels with the hashes that they must hold, as those come up."""

    def __init__(self, log: Path, size: int) -> None:
        self._log = log
        self._size = size
        # For each level the hashes of the tile that is not whole yet, and the number of that tile.
        self._rows: list[list[bytes]] = []
        self._indexes: list[int] = []

    def add(self, hashes: Sequence[bytes], level: int = 0) -> None:
        if level == len(self._rows):
            self._rows.append([])
            self._indexes.append(0)
        self._rows[level] += hashes
        if len(self._rows[level]) == TILE_WIDTH:
            self._compare(level)
            whole, self._rows[level] = root_of(self._rows[level]), []
            self._indexes[level] += 1
            self.add([whole], level + 1)

    def finish(self) -> bytes:
        """Compare the tiles that did not become whole; return the root over everything."""
        for level, row in enumerate(self._rows):
            if row:
                self._compare(level)
        return fold_rows(self._rows)

    def _compare(self, level: int) -> None:
        index, row = self._indexes[level], self._rows[level]
        if read_tile(self._log, level, index, self._size) != row:
            name = tile_path(level, index, len(row))
            raise Rejected(ALTERED, f"{name} does not fit what lies below it")


def check_part(log: Path, part: "_Tile", size: int) -> None:
    """Return if a narrower copy of a tile is how that begins in a log of *size*; raises Rejected.

    Readers with an older head take their hashes and entries from it. It may be gone by now: a log
    removes the parts of a tile that became whole.
    """
    if part.level is None:
        entries = read_entries(log, part.number, size)[: part.width]
        begin = b"".join(len(item).to_bytes(LENGTH_BYTES, "big") + item for item in entries)
    else:
        begin = b"".join(read_tile(log, part.level, part.number, size)[: part.width])
    try:
        with open_regular(log / part.path) as stream:
            found = stream.read(len(begin) + 1)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Rejected(UNREADABLE, f"{part.path} cannot be read: {error.strerror}") from None
    require(found == begin, f"{part.path} is not how its tile begins")


def archived_sizes(log: Path) -> list[int]:
    """Return the sizes of the checkpoints that *log* keeps, the smallest first.

    Each must be the start of the log: compare it with ``RunningRoot`` when that many are read.
    """
    sizes = []
    for file in sorted((log / "checkpoints").glob("**/*")):
        if file.is_dir():
            continue
        match = ARCHIVE_NAME.fullmatch(file.relative_to(log).as_posix())
        if match is None:
            raise Rejected(ALTERED, f"{shown(str(file))} is not the name of a checkpoint")
        sizes.append(int(match[1].replace("/", "")))
    return sizes


def _read_first(log: Path, names: Mapping[int, str], limit: int) -> tuple[int, bytes]:
    """Return the content of the first of *names* that exists, and how many items it should hold.

    A log may drop a part of a tile once the whole tile is there, so that is where it is looked for
    next.
    """
    for count, name in names.items():
        try:
            with open_regular(log / name) as stream:
                return count, stream.read(limit + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Rejected(UNREADABLE, f"{name} cannot be read: {error.strerror}") from None
    raise Rejected(GAP, f"{next(iter(names.values()))} is missing")


def _wrong_length(name: str, *, is_short: bool) -> Rejected:
    return Rejected(ALTERED, f"{name} is {'truncated' if is_short else 'too long'}")


# --------------------------------------------------------------------------------------------------
# 6. Which key is trusted where in the log
# --------------------------------------------------------------------------------------------------


class Moment(NamedTuple):
    """A place in the log: an index, and the highest time that the log has reached there."""

    at: int
    time: str


class KeyStatement(NamedTuple):
    """A rotation or revocation, and the index of its leaf."""

    at: int
    line: Line


class _Revocation(NamedTuple):
    at: int
    compromised_at: str
    own_statement_id: str  # of what the key signed itself, else empty


def read_key_statement(line: bytes, kind: str) -> Line:
    """Return the statement about a key in *line*; raises Rejected.

    A rotation names both of its keys, so their signatures are checked here; whether to believe
    them, and who signed a revocation, is for `Trust` to say.
    """
    read = read_statement(line, KEY_STATEMENT_FIELDS[kind], kind.replace("_", " "))
    statement = read.document
    if kind == "key_rotation":
        old, new = _keys_of(statement)
        require(statement["key_id"] == old[0] != new[0], "key_id is not that of the old key")
        check_digest(read.signed_digest, statement["signature"], old[1])
        check_digest(read.signed_digest, statement["successor_signature"], new[1])
        subject = new[0]
    else:
        subject = statement["revoked_key_id"]
        is_past = statement["compromised_at"] <= statement["issued_at"]
        require(is_past, "compromised_at is later than issued_at")
    time = re.sub("[-:]", "", statement["issued_at"])
    is_named = statement["statement_id"] == f"KS-{time}-{subject}"
    require(is_named, "statement_id is not made of the time and the key")
    return read


def _keys_of(rotation: Mapping[str, Any]) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    """Return key_id and key of the old and of the new key; raises Rejected."""
    return _only_key(rotation["old_key"]), _only_key(rotation["new_key"])


def _only_key(line: str) -> tuple[str, bytes]:
    try:
        key_id, raw = next(iter(parse_keys(line).items()))
    except ValueError as error:
        raise Rejected(ALTERED, str(error)) from None
    is_whole = line == f"ed25519:{base64.b64encode(raw).decode()} {key_id}"
    require(is_whole, "a public key is not written as ed25519:<base64> <key_id>")
    return key_id, raw


class Trust:
    """The keys that were given, and what the statements in the log make of them.

    A rotation extends trust forward, to a new key from its leaf on, and backward, to the old key
    of a key that was given, before its leaf. A revocation ends it.
    """

    def __init__(self, given: Mapping[str, bytes], statements: Iterable[KeyStatement] = ()) -> None:
        self._given = given
        self._statements = sorted(statements, key=lambda item: item.at)
        self._raw: dict[str, bytes] = {}
        self._spans: dict[str, list[tuple[int, Optional[int]]]] = {}
        self._revoked: dict[str, _Revocation] = {}
        self._follow()

    def key(self, key_id: str, moment: Moment, statement_id: str = "") -> bytes:
        """Return the key *key_id* if it is trusted at *moment*, else raise Rejected.

        *statement_id* is that of a statement which the key signs: it may announce its own end.
        """
        if not self._covers(key_id, moment.at):
            where = " at this place in the log" if key_id in self._raw else ""
            raise Rejected(
                UNKNOWN_KEY, f"names the key {shown(key_id)}, which is not trusted{where}"
            )
        revoked = self._revoked.get(key_id)
        if revoked and (not statement_id or statement_id != revoked.own_statement_id):
            if moment.at >= revoked.at:
                raise Rejected(REVOKED_KEY, f"signed with the key {key_id} after it was revoked")
            if moment.time >= revoked.compromised_at:
                since = f"after it was compromised at {revoked.compromised_at}"
                raise Rejected(REVOKED_KEY, f"signed with the key {key_id} {since}")
        return self._raw[key_id]

    def with_statements(self, statements: Iterable[KeyStatement]) -> "Trust":
        """Return what the same keys are with *statements*."""
        return Trust(self._given, statements)

    def has_revocations(self) -> bool:
        """Return whether times matter."""
        return bool(self._revoked)

    def disbelieve(self, statement_id: str) -> None:
        """Follow the statements again without this one: its signer was not to be trusted."""
        self._statements = [
            item for item in self._statements if item.line.document["statement_id"] != statement_id
        ]
        self._follow()

    def signers(self, note: bytes, origin: str, moment: Moment, last: str) -> tuple[str, ...]:
        """Return the trusted keys that signed the checkpoint *note*; raises Rejected if none did.

        It is judged as if it were part of its last leaf, the statement *last*: who rotates or
        revokes a key signs the head that shows it too. That of a rotation needs the new key.
        """
        trusted = {}
        for key_id in self._raw:
            try:
                trusted[key_id] = self.key(key_id, moment, last)
            except Rejected:
                continue
        try:
            signers = read_checkpoint(note, origin, trusted).signers
        except Rejected as rejected:
            if rejected.code != UNKNOWN_KEY:
                raise
        else:
            self._require_heir(note, origin, last)
            return signers
        # Say more than that where a key that we know of is not trusted there.
        _text, known = open_note(note, origin, self._raw)
        self.key(known[0], moment, last)
        return known

    def _require_heir(self, note: bytes, origin: str, last: str) -> None:
        """Return if *last* is no rotation, or the new key signed *note* too; else raise Rejected.

        Else who kept the old key could make up a past that ends with its rotation. Whether the new
        key may be trusted is another matter: it may have been stolen since.
        """
        for _at, line in self._statements:
            statement = line.document
            if (statement["kind"], statement["statement_id"]) == ("key_rotation", last):
                heir, _raw = _keys_of(statement)[1]
                _text, known = open_note(note, origin, self._raw)
                require(heir in known, f"the new key {heir} did not sign it", code=BAD_SIGNATURE)

    def _covers(self, key_id: str, index: int) -> bool:
        spans = self._spans.get(key_id, ())
        return any(first <= index and (end is None or index <= end) for first, end in spans)

    def _follow(self) -> None:
        self._revoked = {}
        self._spread()
        # A rotation by a key that was revoked is disbelieved when the log is followed to it.
        for at, line in self._statements:
            if line.document["kind"] == "key_revocation" and self._is_by_trusted(at, line):
                self._revoke(at, line.document)

    def _is_by_trusted(self, at: int, line: Line) -> bool:
        """Return whether a revocation counts; times are looked at when the log is followed."""
        signer = line.document["key_id"]
        signature = decode_base64(line.document["signature"]) or b""
        return self._covers(signer, at) and is_signed(
            self._raw[signer], line.signed_digest, signature
        )

    def _revoke(self, at: int, statement: Mapping[str, Any]) -> None:
        is_own = statement["key_id"] == statement["revoked_key_id"]
        own = statement["statement_id"] if is_own else ""
        new = _Revocation(at, statement["compromised_at"], own)
        old = self._revoked.get(statement["revoked_key_id"], new)
        earlier = min(old.compromised_at, new.compromised_at)
        self._revoked[statement["revoked_key_id"]] = old._replace(compromised_at=earlier)

    def _spread(self) -> None:
        self._raw = dict(self._given)
        self._spans = {key_id: [(0, None)] for key_id in self._given}
        rotations = [
            (at, *_keys_of(line.document))
            for at, line in self._statements
            if line.document["kind"] == "key_rotation"
        ]
        # Backward first: only a key that was given vouches for those before it.
        for at, old, new in reversed(rotations):
            if self._covers(new[0], at):
                self._add(old, (0, at))
        for at, old, new in rotations:
            if self._covers(old[0], at):
                self._add(new, (at, None))

    def _add(self, key: tuple[str, bytes], span: tuple[int, Optional[int]]) -> None:
        key_id, raw = key
        self._raw[key_id] = raw
        self._spans.setdefault(key_id, []).append(span)


# --------------------------------------------------------------------------------------------------
# 7. What the parts of a run say together
# --------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What the bundles of one run say together; the statement of the run must say the same."""

    ids: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    flagged: list[str] = field(default_factory=list)
    replaced: Counter[str] = field(default_factory=Counter)
    rulesets: set[tuple[str, str]] = field(default_factory=set)
    times: set[str] = field(default_factory=set)
    promises: set[int] = field(default_factory=set)

    def add(self, bundle: Mapping[str, Any]) -> None:
        """Take up one bundle of a release with a log."""
        state, scrubbing = bundle["pre_state"], bundle["pre_state"]["scrubbing"]
        bundle_id, host, check = _names_of(bundle)
        self.ids.append(bundle_id)
        self.pairs.append((host, check))
        self.times.add(bundle["timestamp"])
        self.promises.add(_promised(bundle))
        self.replaced.update(scrubbing["counts"])
        self.rulesets.add((scrubbing["ruleset_version"], scrubbing["ruleset_sha256"]))
        if scrubbing["error_code"] == FLAG:
            self.flagged.append(bundle_id)
        if state["checked_at"] is None:
            codes = {name: state[name] for name in ("reason_code", "error_code")}
            self.missing.append({"host_id": host, "check": check, **codes})


def check_coverage(statement: Mapping[str, Any], tally: Tally) -> Iterator[tuple[int, str]]:
    """Yield exit code and sentence for each thing that *statement* says and the bundles do not."""
    yield from _check_scope(statement, tally)
    yield from _check_sums(statement, tally)
    bundles = statement["bundles"]
    ends = (tally.ids[0], tally.ids[-1]) if tally.ids else (None, None)
    if bundles["count"] != len(tally.ids) or tally.promises - {bundles["count"]}:
        yield GAP, f"says {bundles['count']} bundles, but there are {len(tally.ids)}"
    elif (bundles["first"], bundles["last"]) != ends:
        yield ALTERED, "names other bundles as the first and the last"
    if tally.times - {statement["sealed_at"]}:
        yield ALTERED, "says another time of sealing than its bundles"
    if statement["missing"] != tally.missing:
        yield ALTERED, "says something else of what is missing than its bundles"
    if statement["status"] != "interrupted" and any(
        item["reason_code"] == "interrupted" for item in tally.missing
    ):
        yield ALTERED, "says that the run was complete, and its bundles that it was interrupted"
    scrubbing = statement["scrubbing"]
    if scrubbing["flagged"] != tally.flagged:
        yield ALTERED, f"says something else of {FLAG} than its bundles"
    rules = {(scrubbing["ruleset_version"], scrubbing["ruleset_sha256"])}
    if +Counter(scrubbing["counts"]) != +tally.replaced or tally.rulesets - rules:
        yield ALTERED, "says something else of the scrubbing than its bundles"


def _check_scope(statement: Mapping[str, Any], tally: Tally) -> Iterator[tuple[int, str]]:
    scope, apart = statement["scope"], statement["not_scheduled"]
    hosts = {host for host, _check in tally.pairs}
    if len(hosts) < scope["hosts"]:
        yield MISSING_HOST, f"is for {counted(scope['hosts'], 'host')}, its bundles of {len(hosts)}"
    elif len(hosts) != scope["hosts"] or names_digest(hosts) != scope["hosts_sha256"]:
        yield ALTERED, "is for other hosts than its bundles"
    everywhere = hosts.union(apart["hosts"])
    if len(everywhere) != scope["inventory_hosts"] or scope["inventory_hosts"] != len(hosts) + len(
        apart["hosts"]
    ):
        yield ALTERED, "its hosts and those not scheduled are not the inventory"
    elif names_digest(everywhere) != scope["inventory_sha256"]:
        yield ALTERED, "its hosts and those not scheduled are not the inventory that it names"
    checks = {check for _host, check in tally.pairs}
    if set(scope["checks"]) != checks or set(apart["checks"]) != set(CHECKS) - checks:
        yield ALTERED, "is for other checks than its bundles"
    others = [(pair["host_id"], pair["check"]) for pair in apart["pairs"]]
    is_within = all(host in hosts and check in checks for host, check in others)
    distinct = len({*tally.pairs, *others})
    # As many different ones as there can be, and none twice.
    if not is_within or not distinct == len(tally.pairs) + len(others) == len(hosts) * len(checks):
        yield GAP, "its bundles are not one for each host and check that it is for"


def _check_sums(statement: Mapping[str, Any], tally: Tally) -> Iterator[tuple[int, str]]:
    scope, apart = statement["scope"], statement["not_scheduled"]
    if statement["expected"] != scope["inventory_hosts"] * len(CHECKS):
        yield ALTERED, "expected is not six checks for each host of the inventory"
    unscheduled = len(apart["hosts"]) * len(CHECKS) + len(apart["pairs"])
    unscheduled += scope["hosts"] * len(apart["checks"])
    if statement["expected"] != statement["obtained"] + len(statement["missing"]) + unscheduled:
        yield ALTERED, "expected is not obtained, missing and not scheduled together"
    if statement["obtained"] != len(tally.pairs) - len(tally.missing):
        yield ALTERED, "says another number of verdicts than its bundles"


def _check_log_place(
    statement: Mapping[str, Any], first_index: int, root: Optional[bytes]
) -> Iterator[tuple[int, str]]:
    log = statement["log"]
    if log["first_index"] != first_index:
        yield ALTERED, f"says that its run begins at entry {log['first_index']}, not {first_index}"
    elif root is not None and decode_base64(log["root_before"]) != root:
        yield ALTERED, "says another root of the log before its run"


def _check_clock(
    statement: Mapping[str, Any], before: Optional[str], *, is_export: bool
) -> Iterator[tuple[int, str]]:
    if before is None and is_export:
        return  # an export does not hold the statement before its first
    now = datetime.fromisoformat(statement["sealed_at"][:-1])
    behind = 0.0
    if before is not None:
        behind = max(0.0, (datetime.fromisoformat(before[:-1]) - now).total_seconds())
    if statement["clock_set_back_seconds"] != behind:
        yield ALTERED, f"was sealed {behind:.0f} s before the statement before it, and says not so"


def _notes_of(statement: Mapping[str, Any], file: str) -> Iterator[Note]:
    if statement["status"] == "interrupted":
        yield Note("interrupted_run", "the run was killed before its end", file)
    if statement["clock_set_back_seconds"]:
        seconds = statement["clock_set_back_seconds"]
        yield Note("clock_set_back", f"the clock had been set back by {seconds} s", file)
    flagged = statement["scrubbing"]["flagged"]
    if flagged:
        text = f"{FLAG}, {counted(len(flagged), 'bundle')}: {listed(flagged)}"
        yield Note("scrubbing_flagged", text, file)


def names_digest(names: Iterable[str]) -> str:
    """Return the SHA-256 of the canonical form of the sorted *names*, in hexadecimal."""
    return hashlib.sha256(canonical(sorted(names))).hexdigest()


def _check_logged(read: Line, leaf: Leaf) -> None:
    if (read.sha256, read.document["statement_id"]) != (leaf.sha256, leaf.document_id):
        raise Rejected(ALTERED, "is signed, but is not what the log holds")


MISPLACED = "lies in a file that is not of its run and day"


class Place(NamedTuple):
    """Where a line lies, and what it must say because of that; empty is not known."""

    file: str
    site_id: str
    run_id: str
    day: str

    def check(self, bundle: Mapping[str, Any]) -> None:
        """Return if *bundle* belongs here, else raise Rejected."""
        if self.site_id and bundle["site_id"] != self.site_id:
            raise Rejected(ALTERED, f"is of site {shown(bundle['site_id'])}, not {self.site_id}")
        if provenance_of(bundle, "run_id") != self.run_id or bundle["timestamp"][:10] != self.day:
            raise Rejected(ALTERED, MISPLACED)


def _names_of(bundle: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what *bundle* claims to be; all bundles of a host share one text of its name."""
    return bundle["bundle_id"], sys.intern(bundle["host_id"]), sys.intern(bundle["check"])


class Seen(NamedTuple):
    """A line that was read: its number, what it claims to be, and its digest if all of it held."""

    number: int
    document_id: str
    host_id: str
    check: str
    sha256: str

    def names(self) -> tuple[str, str, str]:
        """Return what a problem says of whose line it is."""
        return self.document_id, self.host_id, self.check

    def is_of(self, leaf: Leaf) -> bool:
        """Return whether *leaf* is the leaf of this line."""
        return self[1:] == (leaf.document_id, leaf.host_id, leaf.check, leaf.sha256)


# --------------------------------------------------------------------------------------------------
# 8. Who reads lines, runs, heads, and the log
# --------------------------------------------------------------------------------------------------

_READ_BYTES = 2**16
# The longest line: a bundle has at most 5 MiB of facts, a letter of which may take six bytes.
LARGEST_LINE = 2**26
# Lines with a lower digest are parsed on every way through a site: one in 32.
SAMPLED_BELOW = "08"
END_OF_TIME = "9999-12-31T23:59:59Z"
UNLOGGED = "not in the log: added, or the log lost its end, or a sealing did not end"


class _Signed(NamedTuple):
    """A head that the log must have had: kept beside it, kept elsewhere, or seen before."""

    file: str
    head: Head
    origin: str = ""
    note: bytes = b""


ORIGIN = "hipaa.compliance_agent/"


def _read_head(file: Path) -> _Signed:
    """Return the head in *file*, whose signatures are not checked yet; raises Rejected."""
    note = _bytes(file)
    origin, head = parse_head(parse_note(note)[0])
    is_ours = origin.startswith(ORIGIN) and NAME.fullmatch(origin[len(ORIGIN) :]) is not None
    require(is_ours, f"is of the log {shown(origin[:99])}, which is none of a site")
    return _Signed(str(file), head, origin, note)


@dataclass
class LogReader:
    """Gives the entries of the log in *folder*, and its root at each of them."""

    folder: Path
    head: Head
    _before: RunningRoot = field(default_factory=RunningRoot)

    def root(self) -> bytes:
        """Return the root of the log before the entry that was yielded last, or of all of it."""
        return self._before.root()

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Yield index and text of each entry; raises Rejected as `walk_log` does."""
        for entry, leaf in _walk_hashed(self.folder, self.head):
            yield self._before.size, entry
            self._before.add(leaf)

    def key_statements(self) -> Iterator[Leaf]:
        """Yield the leaves of statements about keys, which are few; raises Rejected."""
        for number in range(-(-self.head.size // TILE_WIDTH)):
            if _KEY_KIND not in _entries_file(self.folder, number, self.head.size)[2]:
                continue
            entries = read_entries(self.folder, number, self.head.size)
            for at, entry in enumerate(entries, start=number * TILE_WIDTH):
                if _KEY_KIND in entry:
                    yield parse_leaf(entry, at)


@dataclass
class Report:
    """What was read, and what is wrong with it.

    *size* and *root* are those of the log that was read, *unlogged* counts bundles from before it.
    """

    bundles: int = 0
    unlogged: int = 0
    runs: int = 0
    hosts: set[str] = field(default_factory=set)
    key_ids: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    site_id: str = ""
    size: int = 0
    root: bytes = EMPTY_ROOT

    def exit_code(self) -> int:
        """Return the smallest exit code of all problems, or 0."""
        return min((problem.code for problem in self.problems), default=OK)

    def reject(self, rejected: Rejected, file: Union[Path, str], *place: Any) -> None:
        """Take up what was *rejected*; *place* is line, id, host and check, as far as known."""
        self.problems.append(Problem(rejected.code, rejected.reason, str(file), *place))

    def tell(self, code: int, reason: str, file: Union[Path, str], *place: Any) -> None:
        """Take up a problem, as `reject` does."""
        self.problems.append(Problem(code, reason, str(file), *place))

    def has_unreadable(self, file: str) -> bool:
        """Return whether *file* was told to be unreadable."""
        return any((item.code, item.file) == (UNREADABLE, file) for item in self.problems)

    def check_site(self, document: Mapping[str, Any]) -> None:
        """Return if *document* is of the site that the log is of, else raise Rejected."""
        if document["site_id"] != self.site_id:
            raise Rejected(ALTERED, f"is of site {document['site_id']}, not {self.site_id}")


_NO_LEAF = Leaf(-1, "", "", "")


@dataclass
class Course:
    """Where in the log the reader is: whom it trusts there, and what came before."""

    trust: Trust
    time: str = ""  # the highest that the log has reached
    before: Optional[str] = None  # the time of the latest statement
    last: Leaf = _NO_LEAF  # the leaf of the latest statement

    def hear(self, time: str) -> None:
        """Take up the time of a statement."""
        self.time, self.before = max(self.time, time), time


@dataclass
class LineReader:
    """Reads the lines of bundles, by their bytes where that is enough."""

    report: Report
    course: Course
    is_strict: bool = False
    _skimmer: Skimmer = field(default_factory=Skimmer)

    def read(
        self, file: Path, place: Place, first_index: Optional[int] = None
    ) -> tuple[Tally, list[Seen]]:
        """Read the bundles of a run; the leaf of the first is at *first_index*, if there is one."""
        tally, seen = Tally(), list[Seen]()
        may_skim = first_index is not None and not self.is_strict
        for number, line, is_last in self.numbered(file):
            moment = Moment((first_index or 0) + number - 1, self.course.time)
            is_within = number > 1 and not is_last
            skimmed = may_skim and is_within and self._skim(line, number, place, moment)
            line_seen, bundle = skimmed or self.parse(line, number, place, moment)
            if bundle and bundle["pre_state"]["schema_version"] != LOGGED_VERSION:
                reason = "is of a release that had no log, and stands in one"
                self.report.tell(ALTERED, reason, file, number, *line_seen.names())
            elif bundle:
                tally.add(bundle)
            seen.append(line_seen)
        return tally, seen

    def numbered(self, file: Path) -> Iterator[tuple[int, bytes, bool]]:
        """Yield number and text of each line, and whether it is the last."""
        try:
            number, line = 0, b""
            for number, following in enumerate(_lines(file)):
                if number:
                    yield number, line, False
                line = following
            if line:
                yield number + 1, line, True
        except FileNotFoundError:
            return  # whose leaves miss it says so
        except OSError as error:
            self.report.tell(UNREADABLE, f"cannot be read: {error.strerror}", file)

    def parse(
        self, line: bytes, number: int, place: Place, moment: Moment
    ) -> tuple[Seen, Optional[dict[str, Any]]]:
        """Parse one line; return what it claims to be, and the bundle if all of it holds."""
        names = ("", "", "")
        self.report.bundles += 1
        try:
            read = read_bundle(line)
            bundle = read.document
            names = _names_of(bundle)
            self.report.hosts.add(bundle["host_id"])
            self._check_signed(read, place, moment)
            check_bundle_content(bundle)
        except Rejected as rejected:
            self.report.reject(rejected, place.file, number, *names)
            return Seen(number, *names, ""), None
        return Seen(number, *names, read.sha256), bundle

    def _skim(
        self, line: bytes, number: int, place: Place, moment: Moment
    ) -> Optional[tuple[Seen, dict[str, Any]]]:
        """Read one line by its bytes; return None where it must be parsed, also to say why not."""
        read = self._skimmer.skim(line)
        if read is None or read.sha256 < SAMPLED_BELOW:
            return None
        bundle = read.document
        try:
            self._check_signed(read, place, moment)
            _check_outcome(bundle)
            _check_verdict(bundle["pre_state"])
        except Rejected:
            return None
        self.report.bundles += 1
        self.report.hosts.add(bundle["host_id"])
        return Seen(number, *_names_of(bundle), read.sha256), bundle

    def _check_signed(self, read: Line, place: Place, moment: Moment) -> None:
        """Return if a bundle belongs to *place* and a key that is trusted there signed it."""
        bundle = read.document
        place.check(bundle)
        key_id = provenance_of(bundle, "key_id")
        self.report.key_ids.add(key_id)
        time = max(moment.time, bundle["timestamp"])
        key = self.course.trust.key(key_id, Moment(moment.at, time))
        check_digest(read.signed_digest, bundle["signature"], key)


def check_order(seen: Sequence[Seen], file: Path, report: Report) -> None:
    """Check that the numbers of the lines that hold follow each other."""
    due = None
    for line in seen:
        if not line.sha256:
            due = None
            continue
        day, number = number_of(line.document_id)
        if due not in {None, (day, number)}:
            reason = "does not follow the bundle before it"
            report.tell(GAP, reason, file, line.number, *line.names())
        due = (day, number + 1)


def compare(leaves: Sequence[Leaf], seen: Sequence[Seen], place: Place, report: Report) -> bool:
    """Compare the lines of a run with its leaves; return whether each has its own, in order."""
    if len(leaves) == len(seen) and all(map(Seen.is_of, seen, leaves)):
        return True
    if not seen and report.has_unreadable(place.file):
        return False  # it is there, so its lines are not missing
    by_id = {leaf.document_id: leaf for leaf in leaves}
    found: dict[str, int] = {}
    last = -1
    for line in seen:
        leaf = by_id.get(line.document_id)
        if leaf is None and not line.sha256 and line.number <= len(leaves):
            # Nobody can read which it was: it counts for the one that stood there.
            found.setdefault(leaves[line.number - 1].document_id, line.number)
        if line.sha256:
            try:
                _check_line(line, leaf, found.get(line.document_id, 0), last)
            except Rejected as rejected:
                report.reject(rejected, place.file, line.number, *line.names())
        if leaf is not None:
            found.setdefault(line.document_id, line.number)
            last = max(last, leaf.at)
    lost = [leaf for leaf in leaves if leaf.document_id not in found]
    for code, reason, names in _losses(lost, leaves, place.run_id):
        report.tell(code, reason, place.file, 0, *names)
    # Whatever the cause, this is never passed over in silence.
    if not any(problem.file == place.file for problem in report.problems):
        report.tell(ALTERED, "its lines are not the leaves of its run", place.file)
    return False


def _check_line(line: Seen, leaf: Optional[Leaf], earlier: int, last: int) -> None:
    """Return if a line that holds is that of *leaf*, after the leaf *last*; else raise Rejected."""
    if leaf is None:
        raise Rejected(GAP, f"is {UNLOGGED}")
    if earlier:
        raise Rejected(GAP, f"the same bundle_id occurs in line {earlier}")
    if not line.is_of(leaf):
        raise Rejected(ALTERED, "is signed, but is not what the log holds")
    if leaf.at < last:
        raise Rejected(GAP, "is out of order: the log has it earlier")


def _losses(
    lost: Sequence[Leaf], leaves: Sequence[Leaf], run_id: str
) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield what to say of leaves without a line, and of whom: a run, a host, or one bundle."""
    if leaves and len(lost) == len(leaves):
        what = f"{counted(len(leaves), 'bundle')} of {listed(leaf.host_id for leaf in leaves)}"
        yield GAP, f"all of run {run_id} is missing: {what}", ()
        return
    whole = Counter(leaf.host_id for leaf in leaves)
    gone = Counter(leaf.host_id for leaf in lost)
    for host, number in gone.items():
        if number == whole[host]:
            reason = f"all {counted(number, 'bundle')} of this host are missing in this run"
            yield MISSING_HOST, reason, ("", host)
    for leaf in lost:
        if gone[leaf.host_id] != whole[leaf.host_id]:
            yield GAP, "is in the log, but its line is missing", leaf.names()


@dataclass
class Heads:
    """The heads that the log must have had, the smallest first; *own* is that of the log itself."""

    report: Report
    course: Course
    own: Path
    waiting: list[_Signed] = field(default_factory=list)

    def expect(
        self, log: Path, checkpoint: Optional[Path], after: Optional[tuple[int, bytes]]
    ) -> None:
        """Read the heads that *log* keeps and the one that was kept elsewhere."""
        if after:
            self.waiting.append(_Signed("the head that was verified before", Head(*after)))
        files = [checkpoint] if checkpoint else []
        try:
            files += [log / archive_path(size) for size in archived_sizes(log)]
        except Rejected as rejected:
            self.report.reject(rejected, log)
        for file in files:
            try:
                signed = _read_head(file)
                is_named = file == checkpoint or file == log / archive_path(signed.head.size)
                require(is_named, f"is the head of a log of {signed.head.size}")
                self.waiting.append(signed)
            except Rejected as rejected:
                self.report.reject(rejected, file)
        self.waiting.sort(key=lambda signed: signed.head.size)

    def reach(self, origin: str, at: int, root: Optional[bytes]) -> None:
        """Compare the heads of this size, and those within a run that is over, with the log."""
        while self.waiting and self.waiting[0].head.size <= at:
            signed = self.waiting.pop(0)
            if self.are_signers_trusted(signed, origin) and signed.head != Head(at, root or b""):
                reason = f"the log does not extend this head of {signed.head.size}: "
                self.report.tell(GAP, reason + "it was rewritten", signed.file)

    def are_signers_trusted(self, signed: _Signed, origin: str) -> bool:
        """Check who signed a head, as the log stands where it has been read to."""
        if not signed.note:
            return True
        at = max(0, signed.head.size - 1)
        last = self.course.last.document_id if self.course.last.at == at else ""
        try:
            moment = Moment(at, self.course.time)
            signers = self.course.trust.signers(signed.note, origin, moment, last)
        except Rejected as rejected:
            self.report.reject(rejected, signed.file)
            return False
        self.report.key_ids.update(signers)
        return True

    def refuse_larger(self) -> None:
        """Report heads that the log has not reached; one without a trusted signer shows nothing."""
        size = self.report.size
        for signed in self.waiting:
            if signed.head.size <= size:
                continue  # the log could not be read so far
            if self.are_signers_trusted(
                signed, ORIGIN + self.report.site_id if size else signed.origin
            ):
                reason = f"the log was rolled back: it has {size} entries, and "
                reason += f"{shown(signed.file)} is the head of {signed.head.size}"
                self.report.tell(GAP, reason, self.own)

    def check_tiles(self, files: "_Files", *, is_log_read: bool) -> None:
        """Report tiles that the walk had no use for: of a longer log, or changed copies."""
        longer = []
        for tile in files.tiles():
            if tile.end() > self.report.size:
                longer.append(tile.path)
            elif is_log_read and tile.width < TILE_WIDTH:
                try:
                    check_part(self.own.parent, tile, self.report.size)
                except Rejected as rejected:
                    self.report.reject(rejected, self.own.parent)
        if longer:
            reason = f"is the head of {self.report.size} entries, and {longer[0]} is of a longer "
            reason += "log: it was rolled back, or a sealing did not end"
            self.report.tell(GAP, reason, self.own)


@dataclass
class Numbers:
    """The numbers that bundles have on each day, in the order of the log."""

    report: Report
    is_export: bool
    first: Optional[tuple[str, int]] = None  # day and number of the first bundle in the log
    _due: dict[str, int] = field(default_factory=dict)

    def check(self, leaves: Sequence[Leaf], day: str, site: Path) -> None:
        """Report gaps between the *leaves* of a run, and those of another *day* than its own."""
        for leaf in leaves:
            of_day, number = number_of(leaf.document_id)
            if self.first is None:  # bundles without a log may stand before it
                self.first = (of_day, number)
                self._due[of_day] = number
            # An export may begin within a day; that it has all in between, the indexes show.
            due = self._due.get(of_day, number if self.is_export else 1)
            self._due[of_day] = number + 1
            if number != due:
                reason = f"stands in the log where EB-{of_day}-{due:06d} was due"
                self.report.tell(GAP, reason, site, 0, *leaf.names())
            if day and of_day != day.replace("-", ""):
                reason = f"stands in the log with a run of {day}"
                self.report.tell(ALTERED, reason, site, 0, *leaf.names())


@dataclass
class RunReader:
    """Reads the runs that the log speaks of; those before the entry *skip* were verified before."""

    report: Report
    course: Course
    files: "_Files"
    lines: LineReader
    numbers: Numbers
    skip: int = 0

    def read(self, leaves: list[Leaf], end: Leaf, root: Optional[bytes]) -> None:
        """Verify a run: its bundles, and the statement whose leaf is *end*."""
        run_id = end.document_id[len("CS-") :]
        coverage = self.files.take_coverage(run_id)
        if end.at < self.skip:
            self._pass_over(coverage, run_id, leaves, end)
            return
        self.report.runs += 1
        before, first_index = self.course.before, end.at - len(leaves)
        statement = self._read_coverage(coverage, end)
        day = statement["sealed_at"][:10] if statement else ""
        self.numbers.check(leaves, day, self.files.site)
        file = self.files.take_bundles(run_id, day)
        place = Place(str(file), self.report.site_id, run_id, day or file.parent.name)
        if file != self.files.bundle_file(place.day, run_id):
            self.report.tell(ALTERED, MISPLACED, file)
        tally, seen = self.lines.read(file, place, first_index)
        is_whole = compare(leaves, seen, place, self.report)
        if statement is None:
            return
        said = [*_check_log_place(statement, first_index, root)]
        if is_whole:
            said += check_coverage(statement, tally)
            said += _check_clock(statement, before, is_export=self.numbers.is_export)
        for code, reason in said:
            self.report.tell(code, reason, coverage, 0, end.document_id)

    def _pass_over(self, coverage: Path, run_id: str, leaves: list[Leaf], end: Leaf) -> None:
        """Hear of a run that was verified before; only its numbers and its time are needed."""
        self.files.take_bundles(run_id, "")
        self.numbers.check(leaves, "", self.files.site)
        if end.at + 1 == self.skip or self.course.trust.has_revocations():
            self._read_coverage(coverage, end)

    def _read_coverage(self, file: Path, end: Leaf) -> Optional[dict[str, Any]]:
        """Return the statement of a run if it can be believed."""
        try:
            read = read_coverage(_bytes(file), end.at, self.course, self.report)
            statement = read.document
            _check_logged(read, end)
            self.report.check_site(statement)
            day, run_id = statement["sealed_at"][:10], statement["run_id"]
            require(file == self.files.coverage_file(day, run_id), MISPLACED)
        except Rejected as rejected:
            self.report.reject(rejected, file, 0, end.document_id)
            return None
        self.course.hear(statement["sealed_at"])
        if end.at >= self.skip:
            self.report.notes.extend(_notes_of(statement, str(file)))
        return statement


def read_coverage(line: bytes, index: int, course: Course, report: Report) -> Line:
    """Return the coverage statement in *line* if a key that is trusted signed it, else raise."""
    read = read_statement(line, COVERAGE_FIELDS, "coverage statement")
    statement, provenance = read.document, read.document["provenance"]
    for name in ("run_id", "key_id"):
        if provenance.get(name, statement[name]) != statement[name]:
            raise Rejected(ALTERED, f"provenance.{name} is not its {name}")
    if statement["statement_id"] != f"CS-{statement['run_id']}":
        raise Rejected(ALTERED, "statement_id is not made of the run_id")
    moment = Moment(index, max(course.time, statement["sealed_at"]))
    key = course.trust.key(statement["key_id"], moment)
    check_digest(read.signed_digest, statement["signature"], key)
    report.key_ids.add(statement["key_id"])
    return read


@dataclass
class LogFollower:
    """Follows the log from its first leaf to its last, and sees that each has its file or line."""

    report: Report
    course: Course
    files: "_Files"
    runs: RunReader
    heads: Heads

    def follow(self, log: "_Reader", own: _Signed) -> bool:
        """Follow the log up to the head *own*; return whether it could be read to its end."""
        self.report.site_id, self.report.size = own.origin[len(ORIGIN) :], own.head.size
        run: list[Leaf] = []
        root: Optional[bytes] = None
        try:
            self._learn_trust(log)
            for at, entry in log.entries():
                if not run:
                    root = log.root()
                    self.heads.reach(own.origin, at, root)
                run.append(parse_leaf(entry, at))
                if run[-1].kind != "bundle":
                    self.course.last = run[-1]
                    self._read_group(run, root)
                    run = []
        except Rejected as rejected:
            self.report.reject(rejected, log.folder)
            return False
        if run:
            self.report.reject(_without_end(run, "the log ends within a run: {}"), log.folder)
        self.report.root = own.head.root
        self.heads.reach(own.origin, own.head.size, log.root())
        self.heads.are_signers_trusted(own, own.origin)
        return True

    def _learn_trust(self, log: "_Reader") -> None:
        """Find out first what the log says of keys: trust reaches back as well as forward."""
        statements = []
        for leaf in log.key_statements():
            try:
                file = self.files.key_statement(leaf.document_id)
                read = read_key_statement(_bytes(file), leaf.kind)
                _check_logged(read, leaf)
                statements.append(KeyStatement(leaf.at, read))
            except Rejected:
                continue  # told at its place in the log
        self.course.trust = self.course.trust.with_statements(statements)

    def _read_group(self, group: list[Leaf], root: Optional[bytes]) -> None:
        """Check a statement, the last of *group*, and the bundles before it."""
        *leaves, end = group
        if end.kind == "coverage":
            self.runs.read(leaves, end, root)
            return
        if leaves:
            self.report.reject(
                _without_end(leaves, "{} have no statement of their run"), self.files.site
            )
        file = self.files.take_key_statement(end.document_id)
        try:
            self._read_key_statement(read_key_statement(_bytes(file), end.kind), end)
        except Rejected as rejected:
            self.report.reject(rejected, file, 0, end.document_id)
            self.course.trust.disbelieve(end.document_id)

    def _read_key_statement(self, read: Line, leaf: Leaf) -> None:
        statement = read.document
        _check_logged(read, leaf)
        self.report.check_site(statement)
        self.course.hear(statement["issued_at"])
        moment = Moment(leaf.at, self.course.time)
        key = self.course.trust.key(statement["key_id"], moment, leaf.document_id)
        check_digest(read.signed_digest, statement["signature"], key)
        self.report.key_ids.add(statement["key_id"])


def _without_end(leaves: Sequence[Leaf], reason: str) -> Rejected:
    return Rejected(GAP, reason.format(f"{leaves[0].document_id} to {leaves[-1].document_id}"))


@dataclass
class UnloggedReader:
    """Reads the files that no leaf speaks of: of the first release, or a problem."""

    report: Report
    files: "_Files"
    lines: LineReader
    numbers: Numbers
    # Where each bundle of the first release stands, by its day and number.
    _places: dict[tuple[str, int], str] = field(default_factory=dict)

    def read(self, *, is_log_read: bool) -> None:
        """Read all that is left; if the log could not be read, that was told already."""
        for file in self.files.left_bundles():
            newer = self._read_run(file)
            if newer and is_log_read:
                reason = f"{counted(len(newer), 'bundle')} of {listed(newer)}: {UNLOGGED}"
                self.report.tell(GAP, reason, file)
        self._find_gaps()
        for file in self.files.left_statements() if is_log_read else ():
            self.report.tell(GAP, UNLOGGED, file)
        if self.report.unlogged:
            text = f"{counted(self.report.unlogged, 'bundle')} from before the log: "
            text += "signatures and numbers only"
            where = str(self.files.site / "bundles")
            self.report.notes.append(Note("unlogged_bundles", text, where))

    def _read_run(self, file: Path) -> list[str]:
        """Read a file of bundles; return the hosts of those that must have a leaf."""
        newer, promised, number = [], set(), 0
        if file != self.files.bundle_file(file.parent.name, file.stem):
            self.report.tell(ALTERED, MISPLACED, file)
        # Nothing shows when these were signed, so a key that was ever revoked is not enough.
        moment = Moment(0, END_OF_TIME)
        for number, line, _is_last in self.lines.numbered(file):
            place = Place(str(file), self.report.site_id, file.stem, file.parent.name)
            seen, bundle = self.lines.parse(line, number, place, moment)
            if bundle is None:
                continue
            is_old = bundle["pre_state"]["schema_version"] == UNLOGGED_VERSION
            if not is_old or self.numbers.is_export:
                newer.append(seen.host_id)
                continue
            self.report.unlogged += 1
            self.report.site_id = self.report.site_id or bundle["site_id"]
            promised.add(_promised(bundle))
            self._check_place(seen, file)
        if not number:
            self.report.tell(UNREADABLE, "is empty", file)
        elif promised - {number, -1}:
            reason = f"holds {number} of the {max(promised)} bundles that its run signed"
            self.report.tell(GAP, reason, file)
        return newer

    def _check_place(self, seen: Seen, file: Path) -> None:
        place = number_of(seen.document_id)
        if place in self._places:
            reason = f"the same bundle_id occurs in {self._places[place]}"
            self.report.tell(GAP, reason, file, seen.number, *seen.names())
        elif self.numbers.first and place >= self.numbers.first:
            reason = "is not in the log, and not from before it"
            self.report.tell(GAP, reason, file, seen.number, *seen.names())
            return
        self._places.setdefault(place, f"{file}:{seen.number}")

    def _find_gaps(self) -> None:
        """Look for numbers that are missing before the log began."""
        known, first = dict(self._places), self.numbers.first
        if first and (known or first[1] > 1) and not self.numbers.is_export:
            known.setdefault(first, "the first run in the log")
        before = ("", 0)
        for day, number in sorted(known):
            due = before[1] + 1 if before[0] == day else 1
            if number > due:
                names = f"EB-{day}-{due:06d}", f"EB-{day}-{number - 1:06d}"
                what = f"{names[0]} is" if due == number - 1 else f"{names[0]} to {names[1]} are"
                file, _colon, line = known[day, number].rpartition(":")
                reason = f"{what} missing before this"
                self.report.tell(GAP, reason, file or line, int(line) if file else 0)
            before = (day, number)


# --------------------------------------------------------------------------------------------------
# 9. A site, an export, a draft
# --------------------------------------------------------------------------------------------------


_FOLDERS = ("bundles", "coverage", "keys", "log", "proofs")
_NO_FOLDER = (FileNotFoundError, NotADirectoryError)


class Verifier(Report):
    """Verifies evidence against *keys* (key_id to 32 bytes) and reports what is wrong.

    With ``after=(size, root)`` the next `read_site` verifies only what came later. One Verifier
    reads one directory; *is_strict* parses each bundle of it whole, as is done anyway with what is
    in no log.
    """

    def __init__(self, keys: Mapping[str, bytes], *, is_strict: bool = False) -> None:
        super().__init__()
        self._course = Course(Trust(keys))
        self._lines = LineReader(self, self._course, is_strict)

    def read_site(
        self,
        site: Path,
        checkpoint: Optional[Path] = None,
        after: Optional[tuple[int, bytes]] = None,
    ) -> None:
        """Verify a site: each run in the order of the log, then what has no leaf. Or an export.

        *after* is a head (size, root) up to which all was verified before: the log must extend it,
        and only bundles of later runs are read. The leaves before it are hashed again, and what
        they say of keys is heard again, since trust depends on it.
        """
        if self._has_unreadable_folder(site):
            return
        if (site / "export.json").exists():
            self._read_export(site, checkpoint)
            return
        files, own = _Files(site), site / "log" / "checkpoint"
        if not files.has_evidence():
            self.tell(UNREADABLE, "there are no bundles here", site)
            return
        self._check_public_keys(files)
        heads, numbers = Heads(self, self._course, own), Numbers(self, is_export=False)
        heads.expect(site / "log", checkpoint, after)
        is_read = True
        if files.has_log():
            try:
                signed = _read_head(own)
            except Rejected as rejected:
                self.reject(rejected, own)
                is_read = False
                if rejected.code == UNREADABLE:
                    heads.waiting.clear()  # nobody knows what it says: nothing to compare with
            else:
                follower = self._follower(files, heads, numbers, after[0] if after else 0)
                is_read = follower.follow(LogReader(site / "log", signed.head), signed)
                heads.check_tiles(files, is_log_read=is_read)
        heads.refuse_larger()
        UnloggedReader(self, files, self._lines, numbers).read(is_log_read=is_read)
        self.notes.extend(_notes_of_unfinished(site))

    def _check_public_keys(self, files: "_Files") -> None:
        for file in files.public_keys():
            try:
                text = _bytes(file).decode("ascii")
                is_of_name = list(parse_keys(text)) == [file.stem]
            except Rejected as rejected:
                self.reject(rejected, file)
                continue
            except ValueError:
                is_of_name = False
            if not is_of_name:
                self.tell(ALTERED, "is not the public key of its name", file)

    def _has_unreadable_folder(self, site: Path) -> bool:
        """Report each folder that cannot be listed: what lies in it must not pass for missing."""
        errors: list[OSError] = []
        for folder in (site, *(site / name for name in _FOLDERS)):
            for _folder, names, _files in os.walk(folder, onerror=errors.append):
                if folder == site:
                    names.clear()  # a journal is not for everybody, and no evidence
        refused = [error for error in errors if not isinstance(error, _NO_FOLDER)]
        for error in refused:
            self.tell(UNREADABLE, f"cannot be read: {error.strerror}", error.filename)
        return bool(refused)

    def read_file(self, file: Path) -> None:
        """Verify the bundles of one run alone; the file is ``<day>/<run_id>.jsonl``."""
        place = Place(str(file), self.site_id, file.stem, file.parent.name)
        tally, seen = self._lines.read(file, place)
        if not seen:
            self.tell(UNREADABLE, "is empty, or not there", file)
        elif len(tally.ids) == len(seen) and tally.promises != {len(seen)}:
            reason = f"holds {len(seen)} of the {max(tally.promises)} bundles that its run signed"
            self.tell(GAP, reason, file)
        check_order(seen, file, self)

    def read_draft(self, bundles: Path, statement: Path) -> None:
        """Verify the two files of a run that is in no log yet, wherever they lie."""
        try:
            said = read_coverage(_bytes(statement), 0, self._course, self).document
        except Rejected as rejected:
            self.reject(rejected, statement)
            return
        self._course.hear(said["sealed_at"])
        place = Place(str(bundles), said["site_id"], said["run_id"], said["sealed_at"][:10])
        tally, seen = self._lines.read(bundles, place)
        check_order(seen, bundles, self)
        if len(tally.ids) == len(seen):
            for code, reason in check_coverage(said, tally):
                self.tell(code, reason, statement, 0, said["statement_id"])

    def _read_export(self, export: Path, checkpoint: Optional[Path]) -> None:
        """Verify an export: some runs of a log, and a proof of each leaf against one checkpoint.

        It does not show what the log held before and after, nor the root that it had then.
        """
        files, numbers = _Files(export), Numbers(self, is_export=True)
        self._check_public_keys(files)
        heads = Heads(self, self._course, export / "checkpoint")
        try:
            manifest = _read_manifest(_bytes(export / "export.json"))
            signed = _read_head(heads.own)
            named = (ORIGIN + manifest["site_id"], manifest["tree_size"])
            is_of_head = named == (signed.origin, signed.head.size)
            require(is_of_head, "names another site or size than the checkpoint")
        except Rejected as rejected:
            self.reject(rejected, export / "export.json")
            return
        reader = ExportReader(export, manifest, signed.head, signed.note)
        is_read = self._follower(files, heads, numbers, 0).follow(reader, signed)
        if reader.left_out:
            ends = (f"{first} to {last}" for first, last in reader.left_out)
            text = f"it does not hold the entries {listed(ends)} of the log, of {signed.head.size}"
            self.notes.append(Note("not_in_export", text, str(export)))
        heads.expect(export, checkpoint, None)
        for kept in heads.waiting:
            if heads.are_signers_trusted(kept, signed.origin) and kept.head != signed.head:
                reason = "the export does not show that its log extends this head"
                self.tell(GAP, reason, kept.file)
        UnloggedReader(self, files, self._lines, numbers).read(is_log_read=is_read)

    def _follower(self, files: "_Files", heads: Heads, numbers: Numbers, skip: int) -> LogFollower:
        runs = RunReader(self, self._course, files, self._lines, numbers, skip)
        return LogFollower(self, self._course, files, runs, heads)


def verify_draft(bundles: Path, statement: Path, keys: Mapping[str, bytes]) -> list[Problem]:
    """Return what is wrong with the two files of a run that is in no log yet."""
    verifier = Verifier(keys)
    verifier.read_draft(bundles, statement)
    return verifier.problems


def _notes_of_unfinished(site: Path) -> Iterator[Note]:
    for file in sorted((site / "journal").glob("*")):
        name, text = "damaged_journal", "the part of a journal that could not be sealed"
        if file.suffix == ".jsonl":
            name, text = "unsealed_journal", "a run that is not sealed"
        yield Note(name, text, str(file))
    for file in sorted((site / ".sealing").glob("*")):
        yield Note("unfinished_sealing", "a sealing that did not end", str(file))


def _bytes(file: Path) -> bytes:
    try:
        with open_regular(file) as stream:
            content = stream.read(LARGEST_LINE + 1)
    except FileNotFoundError:
        raise Rejected(GAP, "is missing") from None
    except OSError as error:
        raise Rejected(UNREADABLE, f"cannot be read: {error.strerror}") from None
    require(len(content) <= LARGEST_LINE, f"has more than {LARGEST_LINE} bytes")
    return content


def _lines(file: Path) -> Iterator[bytes]:
    """Yield the lines of *file*, up to one that is too long; raises OSError."""
    with open_regular(file, _READ_BYTES) as stream:
        while line := stream.readline(LARGEST_LINE):
            yield line
            if len(line) == LARGEST_LINE:
                return  # it is cut off, which is told when it is parsed


def open_regular(file: Path, buffering: int = -1) -> BinaryIO:
    """Open a file for reading; raises OSError, too, for a pipe or a device.

    Who put one among the evidence would have the verifier wait for ever, or read without end.
    """
    mode = file.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "it is no regular file")
    return file.open("rb", buffering)


# --------------------------------------------------------------------------------------------------
# 10. Their files
# --------------------------------------------------------------------------------------------------

_TILE = re.compile(r"tile/([0-9]{1,2}|entries)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")


class _Tile(NamedTuple):
    """What the name of a tile says; *level* is None for a file of entries."""

    path: str
    level: Optional[int]
    number: int
    width: int

    def end(self) -> int:
        """Return how many entries a log with this tile has at least."""
        return (self.number * TILE_WIDTH + self.width) << TILE_HEIGHT * (self.level or 0)


def _read_tile_name(path: str) -> Optional[_Tile]:
    """Return what *path* below the log says, or None if it is the name of no tile."""
    match = _TILE.fullmatch(path)
    if match is None:
        return None
    level = None if match[1] == "entries" else int(match[1])
    number = int(match[2].replace("/", "").replace("x", ""))
    return _Tile(path, level, number, int(match[3] or TILE_WIDTH))


class _Files:
    """The files of a site or an export; what the log speaks of is taken away, the rest stays."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self._bundles = sorted((site / "bundles").glob("**/*.jsonl"))
        self._coverage = sorted((site / "coverage").glob("**/*.json"))
        self._keys = sorted((site / "keys").glob("*.json"))
        self._by_run: dict[tuple[str, str], list[Path]] = {}
        for file in [*self._bundles, *self._coverage]:
            self._by_run.setdefault((file.suffix, file.stem), []).append(file)
        self._taken: set[Path] = set()

    def has_evidence(self) -> bool:
        """Return whether there is anything to verify."""
        return bool(self._bundles or self._coverage or self._keys) or self.has_log()

    def has_log(self) -> bool:
        """Return whether the site shows a trace of a log; the first release had none."""
        return bool(self._coverage or self._keys or any((self.site / "log").glob("*")))

    def tiles(self) -> Iterator[_Tile]:
        """Yield what lies in the log under the name of a tile."""
        log = self.site / "log"
        for file in sorted((log / "tile").glob("**/*")):
            tile = _read_tile_name(file.relative_to(log).as_posix())
            if tile is not None:
                yield tile

    def bundle_file(self, day: str, run_id: str) -> Path:
        """Return where the bundles of a run must lie."""
        return self.site / "bundles" / day / f"{run_id}.jsonl"

    def coverage_file(self, day: str, run_id: str) -> Path:
        """Return where the statement of a run must lie."""
        return self.site / "coverage" / day / f"{run_id}.json"

    def take_bundles(self, run_id: str, day: str) -> Path:
        """Return the file of a run, that of *day* if there are several, or where it would lie."""
        found = self._by_run.get((".jsonl", run_id), [])
        expected = self.bundle_file(day or "*", run_id)
        return self._take(
            next((file for file in found if file == expected), *found[:1] or [expected])
        )

    def take_coverage(self, run_id: str) -> Path:
        """Return the statement of a run, or where it would lie."""
        found = self._by_run.get((".json", run_id), [])
        return self._take(found[0] if found else self.coverage_file("*", run_id))

    def key_statement(self, statement_id: str) -> Path:
        """Return where a statement about a key lies."""
        return self.site / "keys" / f"{statement_id}.json"

    def take_key_statement(self, statement_id: str) -> Path:
        """Return where a statement about a key lies, and take it away."""
        return self._take(self.key_statement(statement_id))

    def public_keys(self) -> list[Path]:
        """Return the public halves: no reason to trust, and yet none may say another key."""
        return sorted((self.site / "keys").glob("*.pub"))

    def left_bundles(self) -> list[Path]:
        """Return the files of bundles that were not taken."""
        return [file for file in self._bundles if file not in self._taken]

    def left_statements(self) -> list[Path]:
        """Return the statements that were not taken."""
        return [file for file in [*self._coverage, *self._keys] if file not in self._taken]

    def _take(self, file: Path) -> Path:
        self._taken.add(file)
        return file


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MANIFEST_FIELDS: Mapping[str, _Rule] = {
    "kind": ("export",),
    "schema_version": (1,),
    "site_id": NAME,
    "from": _DAY,
    "to": _DAY,
    "tree_size": _is_count,
    "runs": _list_of(NAME),
}


def _read_manifest(text: bytes) -> dict[str, Any]:
    try:
        manifest = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise Rejected(ALTERED, f"is no manifest of an export: {shown(str(error))}") from None
    if not obeys(manifest, MANIFEST_FIELDS):
        raise Rejected(ALTERED, "has not the fields of a manifest of an export")
    return dict(manifest)


@dataclass
class ExportReader:
    """Gives the leaves of an export as `LogReader` gives those of a log, each with its proof.

    A leaf is computed from its line, so that a leaf without a line is a gap between the indexes.
    """

    folder: Path
    manifest: Mapping[str, Any]
    head: Head
    note: bytes
    # Where the log has entries that the export has not: first and last of each stretch.
    left_out: list[tuple[int, int]] = field(default_factory=list)

    def root(self) -> None:
        """Return None: an export does not show the root that the log had earlier."""
        return

    def key_statements(self) -> Iterator[Leaf]:
        """Yield the leaves of statements about keys; raises Rejected."""
        for file in sorted((self.folder / "keys").glob("*.json")):
            line = parse_line(_bytes(file))
            kind, statement_id = str(line.get("kind")), str(line.get("statement_id"))
            is_named = kind in KEY_STATEMENT_FIELDS and statement_id == file.stem
            require(is_named, f"keys/{file.name} is not the statement of its name")
            digest = hashlib.sha256(_bytes(file)[:-1]).hexdigest()
            yield self._proved(Leaf(-1, kind, statement_id, digest))

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Yield index and text of each leaf in the order of the log; raises Rejected."""
        groups = [[leaf] for leaf in self.key_statements()]
        groups += [self._run(run_id) for run_id in self.manifest["runs"]]
        groups.sort(key=lambda group: group[0].at)
        self.left_out = [*_between((leaf.at for group in groups for leaf in group), self.head.size)]
        due: Optional[int] = None
        for group in groups:
            first, is_run = group[0].at, group[-1].kind == "coverage"
            if due is not None and first < due:
                raise Rejected(GAP, f"{group[-1].document_id} stands in the log where another does")
            if due is not None and first > due and is_run:
                raise Rejected(
                    GAP, f"entries {due} to {first - 1} of the log are not in the export"
                )
            if is_run or first == due:
                due = group[-1].at + 1
            for leaf in group:
                yield leaf.at, leaf.text()

    def _run(self, run_id: str) -> list[Leaf]:
        files = _Files(self.folder)
        coverage = read_statement(
            _bytes(files.take_coverage(run_id)), COVERAGE_FIELDS, "coverage statement"
        )
        day = coverage.document["sealed_at"][:10]
        if not self.manifest["from"] <= day <= self.manifest["to"]:
            raise Rejected(ALTERED, f"run {run_id} is of {day}, outside of what the manifest says")
        leaves = []
        for line in self._bundle_lines(files.take_bundles(run_id, day)):
            read = read_bundle(line)
            names = (read.document["host_id"], read.document["check"])
            leaves.append(Leaf(-1, "bundle", read.document["bundle_id"], read.sha256, *names))
        leaves.append(Leaf(-1, "coverage", f"CS-{run_id}", coverage.sha256))
        proved = [self._proved(leaf) for leaf in leaves]
        for index, leaf in enumerate(proved, start=coverage.document["log"]["first_index"]):
            if leaf.at != index:
                raise Rejected(
                    GAP, f"{leaf.document_id} is entry {leaf.at} of the log, not {index}"
                )
        return proved

    def _bundle_lines(self, file: Path) -> Iterator[bytes]:
        try:
            yield from _lines(file)
        except FileNotFoundError:
            raise Rejected(GAP, f"{file.name} is missing") from None
        except OSError as error:
            raise Rejected(UNREADABLE, f"{file.name} cannot be read: {error.strerror}") from None

    def _proved(self, leaf: Leaf) -> Leaf:
        file = self.folder / "proofs" / f"{leaf.document_id}.tlog-proof"
        try:
            proof = parse_proof(_bytes(file))
            is_same = proof.checkpoint == self.note
            require(is_same, "is against another checkpoint than that of the export")
            check_inclusion(leaf_hash(leaf.text()), proof.index, proof.hashes, self.head)
        except Rejected as rejected:
            raise Rejected(rejected.code, f"proofs/{file.name} {rejected.reason}") from None
        return leaf._replace(at=proof.index)


def _between(places: Iterable[int], size: int) -> Iterator[tuple[int, int]]:
    """Yield first and last of what is missing among *places*, which ascend, below *size*."""
    due = 0
    for place in (*places, size):
        if place > due:
            yield due, place - 1
        due = place + 1


_Reader = Union[LogReader, ExportReader]


# --------------------------------------------------------------------------------------------------
# 11. Reports and the command line
# --------------------------------------------------------------------------------------------------


KEPT_CHECKPOINT = """a head of the log that was kept elsewhere, which the log must extend; copy
    log/checkpoint there after each run: nothing else shows that a log was rolled back as a whole"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Verify as the command line says; return the exit code."""
    parser = argparse.ArgumentParser("verify.py", description="Verify signed evidence offline.")
    parser.add_argument("directory", type=Path, help="the evidence of one site, or an export of it")
    parser.add_argument("--key", action="append", default=[], help="a .pub file, or the key itself")
    parser.add_argument("--checkpoint", type=Path, help=KEPT_CHECKPOINT)
    parser.add_argument("--strict", action="store_true", help="parse the facts of every bundle too")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    try:
        keys = read_keys(options.key)
    except (OSError, ValueError) as error:
        parser.error(f"--key: {error}")
    verifier = Verifier(keys, is_strict=options.strict)
    if keys:
        verifier.read_site(options.directory, options.checkpoint)
    else:
        # A key that came with the evidence proves nothing: whoever forged one forged the other.
        reason = "no --key was given, so nothing was verified; ask the site for its public key"
        found = ", ".join(file.stem for file in sorted((options.directory / "keys").glob("*.pub")))
        listed_keys = f" (the directory names {shown(found)})" if found else ""
        problem = Problem(UNKNOWN_KEY, reason + listed_keys, str(options.directory))
        verifier.problems.append(problem)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that this terminal has no letters for must not hide what is wrong with it.
        sys.stdout.reconfigure(errors="backslashreplace")
    for line in report_json(verifier) if options.json else report_text(verifier):
        print(line)
    return verifier.exit_code()


_ROOT_LETTERS = 8


def report_text(verifier: Report) -> Iterator[str]:
    """Yield the lines that a person reads; the last one says whether all is well.

    The root is named by its first letters, as they stand in the third line of ``log/checkpoint``.
    """
    yield from map(str, verifier.problems)
    yield from map(str, verifier.notes)
    seen = f"{counted(verifier.bundles, 'bundle')} of {counted(len(verifier.hosts), 'host')}"
    if verifier.problems:
        yield f"NOT VERIFIED: {counted(len(verifier.problems), 'problem')} in {seen}"
        return
    log = "no log"
    if verifier.size:
        seen += f" in {counted(verifier.runs, 'run')}"
        entries = "1 entry" if verifier.size == 1 else f"{verifier.size} entries"
        root = base64.b64encode(verifier.root).decode()[:_ROOT_LETTERS]
        log = f"log of {entries}, root {root}..."
    yield f"verified: {seen}, signed by {', '.join(sorted(verifier.key_ids))}; {log}"


def report_json(verifier: Report) -> Iterator[str]:
    """Yield the same report for a program, as one JSON text."""
    report = {
        "verified": not verifier.problems,
        "exit_code": verifier.exit_code(),
        "name": NAMES[verifier.exit_code()],
        "site_id": verifier.site_id,
        "log": {"size": verifier.size, "root": base64.b64encode(verifier.root).decode()},
        "runs": verifier.runs,
        "bundles": verifier.bundles,
        "unlogged_bundles": verifier.unlogged,
        "hosts": len(verifier.hosts),
        "key_ids": sorted(verifier.key_ids),
        "problems": [{**vars(problem), "name": problem.name} for problem in verifier.problems],
        "notes": [vars(note) for note in verifier.notes],
    }
    yield json.dumps(report, indent=2)


# --------------------------------------------------------------------------------------------------
# 12. Ed25519
# --------------------------------------------------------------------------------------------------

# Ed25519 of RFC 8032 section 5.1, with the refusals of libsodium. Points are (X, Y, Z, T) with
# x = X/Z, y = Y/Z, xy = T/Z. Not constant in time: everything here is public.
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]
_NEUTRAL: _Point = (0, 1, 1, 0)
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def ed25519_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether *signature* (64 bytes) is that of *message* by *public_key* (32 bytes)."""
    key, r_text, s = _decode(public_key), signature[:32], int.from_bytes(signature[32:], "little")
    # S beyond the order, and points of small order, would let one signature have several texts or
    # fit several messages.
    if len(signature) != SIGNATURE_BYTES or key is None or s >= _ORDER or _has_small_order(key):
        return False
    h = int.from_bytes(hashlib.sha512(r_text + public_key + message).digest(), "little") % _ORDER
    x, y, z, t = key
    expected = _sum_of_multiples(s, _BASE, h, (-x % _P, y, z, -t % _P))
    return _encode(expected) == r_text and not _has_small_order(expected)


def _add(a: _Point, b: _Point) -> _Point:
    """Add by RFC 8032 section 5.1.4; the formulas are complete, so they double as well."""
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    third, fourth = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = right - left, fourth - third, fourth + third, right + left
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _sum_of_multiples(m: int, a: _Point, n: int, b: _Point) -> _Point:
    both = _add(a, b)
    total = _NEUTRAL
    for bit in range(_ORDER.bit_length(), -1, -1):
        total = _add(total, total)
        wanted = (m >> bit & 1, n >> bit & 1)
        if any(wanted):
            total = _add(total, {(1, 0): a, (0, 1): b, (1, 1): both}[wanted])
    return total


def _has_small_order(point: _Point) -> bool:
    for _doubling in range(3):
        point = _add(point, point)
    return point[0] == 0 and point[1] == point[2]


def _encode(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode(text: bytes) -> Optional[_Point]:
    """Return the point by RFC 8032 section 5.1.3, or None if *text* is not the only text of one."""
    number = int.from_bytes(text, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(text) != KEY_BYTES or y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P == -u % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if v * x * x % _P != u or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


if __name__ == "__main__":
    sys.exit(main())
