# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify signed evidence offline: python3 verify.py evidence/SITE --key PUBLIC_KEY [--json].

One file, standard library only, Python 3.9 or newer: it lies beside the evidence and must work
years later on a machine that has nothing of this project. That is why it is longer than our other
modules. Sealing and the verify play use this same file, so there is no second opinion.

It reads each line itself (doubled keys, floats and integers beyond 2^53 are refused), writes it
again in canonical form and compares the bytes, checks the twelve fields, the Ed25519 signature over
the SHA-256 of the line without its signature, and the numbering of each day. Ed25519 is PyNaCl's
where it is installed and the one below where it is not; both accept the same signatures.

Exit codes; with several kinds of problems the smallest number is returned:
0 every bundle verified · 2 wrong usage · 3 a signature is missing or does not fit its content ·
4 a line cannot be what was signed · 5 a bundle is missing or doubled · 6 a key is not trusted, or
none was given · 7 nothing to read, or it cannot be read
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

try:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey
except ImportError:  # the slow way below gives the same answers
    VerifyKey = None  # type: ignore[assignment, misc]

OK, USAGE, BAD_SIGNATURE, ALTERED, GAP, UNKNOWN_KEY, UNREADABLE = 0, 2, 3, 4, 5, 6, 7

CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
OUTCOMES = ("success", "failure", "partial")
# The evidence bundle of the interface contract.
FIELDS: Mapping[str, type] = {
    "actions": list,
    "bundle_id": str,
    "check": str,
    "hipaa_controls": list,
    "host_id": str,
    "outcome": str,
    "phi_scrubbed": bool,
    "post_state": dict,
    "pre_state": dict,
    "signature": str,
    "site_id": str,
    "timestamp": str,
}
BUNDLE_ID = re.compile(r"EB-(\d{8})-(\d{6}|[1-9]\d{6,})")
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
PUBLIC_KEY = re.compile(r"(?:ed25519:)?([A-Za-z0-9+/]{43}=)(?:\s+([0-9a-f]{16}))?")
LARGEST_INTEGER, LONGEST_INTEGER = 2**53 - 1, 17
KEY_BYTES, SIGNATURE_BYTES = 32, 64


class Rejected(Exception):
    """Something is wrong with a bundle: the exit code that it means, and a sentence."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where. Unknown parts are empty, an unknown line is 0."""

    code: int
    reason: str
    file: str
    line: int = 0
    bundle_id: str = ""
    host_id: str = ""
    check: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        names = filter(None, (self.bundle_id, self.host_id, self.check))
        return ": ".join(filter(None, (place, _shown(" ".join(names)), self.reason)))


@dataclass
class Verifier:
    """Reads files of bundles against *keys* (key_id to 32 bytes) and collects what is wrong."""

    keys: Mapping[str, bytes]
    bundles: int = 0
    hosts: set[str] = field(default_factory=set)
    key_ids: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    _site_id: str = ""
    _places: dict[str, dict[int, tuple[str, int]]] = field(default_factory=dict)

    def read_site(self, site: Path) -> None:
        """Read every bundle below *site*, then look for gaps."""
        files = sorted((site / "bundles").glob("**/*.jsonl"))
        if not files:
            self.problems.append(Problem(UNREADABLE, "there are no bundles here", str(site)))
        for file in files:
            self.read_file(file)
        self._find_gaps()

    def read_file(self, file: Path) -> None:
        """Read the bundles of one run; the file is ``<day>/<run_id>.jsonl``."""
        promised = lines = 0
        try:
            with file.open("rb") as stream:
                for lines, line in enumerate(stream, start=1):
                    promised = self._read_line(line, file, lines) or promised
        except OSError as error:
            self.problems.append(Problem(UNREADABLE, f"cannot be read: {error}", str(file)))
            return
        if lines == 0:
            self.problems.append(Problem(UNREADABLE, "is empty", str(file)))
        elif promised not in {0, lines}:
            reason = f"holds {lines} of the {promised} bundles that its run signed"
            self.problems.append(Problem(GAP, reason, str(file)))

    def exit_code(self) -> int:
        """Return the exit code of the gravest problem, or 0."""
        return min((problem.code for problem in self.problems), default=OK)

    def _read_line(self, line: bytes, file: Path, number: int) -> int:
        """Check one line; return how many bundles its run signed, or 0 where it does not say."""
        self.bundles += 1
        bundle: dict[str, Any] = {}
        try:
            bundle = parse_line(line)
            self._note(bundle, file, number)
            self._check_place(bundle, file)
            self._check_signature(bundle)
        except Rejected as rejected:
            who = {name: bundle[name] for name in ("bundle_id", "host_id", "check") if bundle}
            problem = Problem(rejected.code, rejected.reason, str(file), number, **who)
            self.problems.append(problem)
            return 0
        return _promised(bundle)

    def _note(self, bundle: Mapping[str, Any], file: Path, number: int) -> None:
        self.hosts.add(bundle["host_id"])
        _prefix, day, sequence = bundle["bundle_id"].split("-")
        places = self._places.setdefault(day, {})
        if int(sequence) in places:
            other, at = places[int(sequence)]
            raise Rejected(GAP, f"the same bundle_id occurs in {other}:{at}")
        places[int(sequence)] = (str(file), number)

    def _check_place(self, bundle: Mapping[str, Any], file: Path) -> None:
        self._site_id = self._site_id or bundle["site_id"]
        if bundle["site_id"] != self._site_id:
            raise Rejected(ALTERED, f"is of site {_shown(bundle['site_id'])}, not {self._site_id}")
        day = bundle["timestamp"][:10]
        if day.replace("-", "") != bundle["bundle_id"][3:11]:
            raise Rejected(ALTERED, "bundle_id and timestamp name different days")
        if file.parent.name != day or file.stem != _provenance(bundle, "run_id"):
            raise Rejected(ALTERED, "lies in a file that is not of its run and day")

    def _check_signature(self, bundle: Mapping[str, Any]) -> None:
        key_id = _provenance(bundle, "key_id")
        self.key_ids.add(key_id)
        if key_id not in self.keys:
            raise Rejected(UNKNOWN_KEY, f"names the key {_shown(key_id)}, which is not trusted")
        body = {name: value for name, value in bundle.items() if name != "signature"}
        check_signature(canonical(body), bundle["signature"], self.keys[key_id])

    def _find_gaps(self) -> None:
        for day, places in sorted(self._places.items()):
            missing = 1
            for sequence in sorted(places):
                if sequence > missing:
                    first, last = f"EB-{day}-{missing:06d}", f"EB-{day}-{sequence - 1:06d}"
                    what = f"{first} is" if first == last else f"{first} to {last} are"
                    file, line = places[sequence]
                    self.problems.append(Problem(GAP, f"{what} missing before this", file, line))
                missing = sequence + 1


def parse_line(line: bytes) -> dict[str, Any]:
    """Return the bundle that *line* holds, signature included; raises Rejected."""
    if not line.endswith(b"\n"):
        raise Rejected(ALTERED, "the line is cut off")
    try:
        bundle = parse_json(line)
        text = canonical(bundle) + b"\n"
    except (ValueError, RecursionError) as error:
        raise Rejected(ALTERED, f"not a line that was signed: {error}") from None
    if text != line:
        raise Rejected(ALTERED, "not a line that was signed: it is not in canonical form")
    _check_fields(bundle)
    for name, is_right in _RULES.items():
        if not is_right(bundle[name]):
            raise Rejected(ALTERED, f"{name} is not what a bundle holds there")
    return dict(bundle)


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


def check_signature(body: bytes, signature: str, public_key: bytes) -> None:
    """Return if *signature* (base64) is that of *body* by *public_key*, else raise Rejected."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        raw = b""
    # base64 has spare bits: two texts of one signature would be two lines that both verify.
    if len(raw) != SIGNATURE_BYTES or base64.b64encode(raw).decode() != signature:
        raise Rejected(BAD_SIGNATURE, "the signature is missing or malformed")
    digest = hashlib.sha256(body).digest()
    verify = ed25519_verify if VerifyKey is None else _nacl_verify
    if not verify(public_key, digest, raw):
        raise Rejected(BAD_SIGNATURE, "the signature does not fit the content")


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
    # Long digits are refused unread: turning them into a number takes quadratic time.
    if len(text) > LONGEST_INTEGER or abs(int(text)) > LARGEST_INTEGER:
        raise ValueError(f"{text[:24]} is beyond 2^53")
    return int(text)


def _check_fields(bundle: Any) -> None:
    if not isinstance(bundle, dict):
        raise Rejected(ALTERED, "not an object")
    if "signature" not in bundle:
        raise Rejected(BAD_SIGNATURE, "the signature is missing")
    if sorted(bundle) != sorted(FIELDS):
        changed = sorted(set(bundle) ^ set(FIELDS))
        raise Rejected(ALTERED, f"not the fields of a bundle: {_shown(', '.join(changed))}")
    for name, kind in FIELDS.items():
        if type(bundle[name]) is not kind:
            code = BAD_SIGNATURE if name == "signature" else ALTERED
            raise Rejected(code, f"{name} is not a {kind.__name__}")


def _is_list_of_texts(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items)


_RULES: Mapping[str, Callable[[Any], object]] = {
    "actions": _is_list_of_texts,
    "bundle_id": BUNDLE_ID.fullmatch,
    "check": CHECKS.__contains__,
    "hipaa_controls": _is_list_of_texts,
    "outcome": OUTCOMES.__contains__,
    "timestamp": TIMESTAMP.fullmatch,
}


def _provenance(bundle: Mapping[str, Any], name: str) -> str:
    provenance = bundle["pre_state"].get("provenance")
    value = provenance.get(name) if isinstance(provenance, dict) else None
    if not isinstance(value, str):
        raise Rejected(ALTERED, f"pre_state.provenance has no {name}")
    return value


def _promised(bundle: Mapping[str, Any]) -> int:
    count = bundle["pre_state"]["provenance"].get("run_bundles")
    return count if type(count) is int else 0


def _shown(text: str) -> str:
    """Return *text* fit for a terminal: a tampered line must not move the cursor."""
    return text if text.isprintable() else ascii(text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _nacl_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


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


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Verify a site's evidence as the command line says; return the exit code."""
    parser = argparse.ArgumentParser("verify.py", description="Verify signed evidence offline.")
    parser.add_argument("site", type=Path, help="the evidence directory of one site")
    parser.add_argument("--key", action="append", default=[], help="a .pub file, or the key itself")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    try:
        keys = read_keys(options.key)
    except (OSError, ValueError) as error:
        parser.error(f"--key: {error}")
    verifier = Verifier(keys)
    if keys:
        verifier.read_site(options.site)
    else:
        # A key that came with the evidence proves nothing: whoever forged one forged the other.
        reason = "no --key was given, so nothing was verified; ask the site for its public key"
        found = ", ".join(file.stem for file in sorted((options.site / "keys").glob("*.pub")))
        listed = f" (the directory names {_shown(found)})" if found else ""
        verifier.problems.append(Problem(UNKNOWN_KEY, reason + listed, str(options.site)))
    for line in report_json(verifier) if options.json else report_text(verifier):
        print(line)
    return verifier.exit_code()


def report_text(verifier: Verifier) -> Iterator[str]:
    """Yield the lines that a person reads; the last one says whether all is well."""
    yield from map(str, verifier.problems)
    seen = f"{_count(verifier.bundles, 'bundle')} of {_count(len(verifier.hosts), 'host')}"
    if verifier.problems:
        yield f"NOT VERIFIED: {_count(len(verifier.problems), 'problem')} in {seen}"
    else:
        yield f"verified: {seen}, signed by {', '.join(sorted(verifier.key_ids))}"


def report_json(verifier: Verifier) -> Iterator[str]:
    """Yield the same report for a program, as one JSON text."""
    report = {
        "verified": not verifier.problems,
        "exit_code": verifier.exit_code(),
        "bundles": verifier.bundles,
        "hosts": len(verifier.hosts),
        "key_ids": sorted(verifier.key_ids),
        "problems": [vars(problem) for problem in verifier.problems],
    }
    yield json.dumps(report, indent=2)


if __name__ == "__main__":
    sys.exit(main())
