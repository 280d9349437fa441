# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify signed evidence offline: python3 verify.py evidence/SITE --key PUBLIC_KEY [--json].

One file, standard library only, Python 3.9 or newer: it lies beside the evidence and must work
years later on a machine that has nothing of this project. That is why it is longer than our other
modules. Sealing and the verify play use this same file, so there is no second opinion.

It reads each line itself (doubled keys, floats and integers beyond 2^53 are refused), writes it
again in canonical form and compares the bytes, checks the twelve fields, the Ed25519 signature over
the SHA-256 of the line without its signature, and the numbering of each day. Ed25519 is PyNaCl's
where it is installed and the one below where it is not; both accept the same signatures.

The functions for the log, in a section of their own, are complete: hashes, proofs, signed notes,
tiles. They raise Rejected, with an exit code and a sentence, for all that is not as it must be.

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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


class Rejected(Exception):
    """Something is wrong with a bundle or the log: the exit code that it means, and a sentence."""

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
    if not _fits(public_key, hashlib.sha256(body).digest(), raw):
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


def _fits(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether *signature* is that of *message*, by PyNaCl or by the code below."""
    if VerifyKey is None:
        return ed25519_verify(public_key, message, signature)
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


# The log. What a site signed are the entries of a Merkle tree (RFC 6962 section 2.1) that only ever
# grows. It lies in a folder as c2sp.org/tlog-tiles says: ``checkpoint`` is the signed head,
# ``tile/entries/<N>`` has the entries, ``tile/<L>/<N>`` the hashes; ``checkpoints/`` keeps every
# head that was ever signed. The functions take that folder as *log*; they return what they read, or
# raise Rejected: ALTERED for what does not fit, GAP for a file that is missing.


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
        raise Rejected(ALTERED, f"the checkpoint is of {_shown(named)}, not of {_shown(origin)}")
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
        fitting = [key_id for key_id in known if _fits(keys[key_id], text.encode(), item.signature)]
        if known and not fitting:
            raise Rejected(BAD_SIGNATURE, f"the signature of the key {known[0]} does not fit")
        signers += fitting
    if not signers:
        named = ", ".join(f"{item.name}+{item.key_hash.hex()}" for item in signatures)
        raise Rejected(UNKNOWN_KEY, f"only keys that are not trusted signed it: {_shown(named)}")
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
    raw = _decode_base64(encoded)
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
        extra = _decode_base64(lines.pop(0)[len("extra ") :])
        if extra is None:
            raise Rejected(ALTERED, "the extra line of the proof is not base64")
    word, _space, index = lines[0].partition(" ") if lines else ("", "", "")
    if word != "index" or LOG_SIZE.fullmatch(index) is None:
        raise Rejected(ALTERED, "the proof names no index")
    return LogProof(int(index), tuple(map(_decode_hash, lines[1:])), checkpoint, extra)


def _decode_hash(text: str) -> bytes:
    raw = _decode_base64(text)
    if raw is None or len(raw) != HASH_BYTES:
        raise Rejected(ALTERED, f"a line is not the base64 of {HASH_BYTES} bytes")
    return raw


def _decode_base64(text: str) -> Optional[bytes]:
    """Return the bytes, or None if *text* is not the one base64 text of them."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if base64.b64encode(raw).decode() == text else None


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
    width = tile_width(0, index, size)
    names = {count: entries_path(index, count) for count in (width, TILE_WIDTH)}
    count, data = _read_first(log, names, TILE_WIDTH * (LENGTH_BYTES + LARGEST_ENTRY))
    entries, end = [], 0
    for _entry in range(count):
        start = end + LENGTH_BYTES
        end = start + int.from_bytes(data[end:start], "big")
        if max(start, end) > len(data):
            raise _wrong_length(names[count], is_short=True)
        entries.append(data[start:end])
    if end != len(data):
        raise _wrong_length(names[count], is_short=False)
    return entries[:width]


def walk_log(log: Path, head: Head) -> Iterator[bytes]:
    """Yield each entry of *log*, and check every file of it up to *head*.

    Raises Rejected for a file that is missing or has not the right length, for hashes that are not
    those of what lies below them, and for another root. The root is compared after the last entry:
    nothing that was yielded may be believed before this ends.
    """
    rows = _TileRows(log, head.size)
    for index in range(-(-head.size // TILE_WIDTH)):
        entries = read_entries(log, index, head.size)
        rows.add([leaf_hash(entry) for entry in entries])
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
            raise Rejected(ALTERED, f"{_shown(str(file))} is not the name of a checkpoint")
        sizes.append(int(match[1].replace("/", "")))
    return sizes


def _read_first(log: Path, names: Mapping[int, str], limit: int) -> tuple[int, bytes]:
    """Return the content of the first of *names* that exists, and how many items it should hold.

    A log may drop a part of a tile once the whole tile is there, so that is where it is looked for
    next.
    """
    for count, name in names.items():
        try:
            with (log / name).open("rb") as stream:
                return count, stream.read(limit + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Rejected(UNREADABLE, f"{name} cannot be read: {error.strerror}") from None
    raise Rejected(GAP, f"{next(iter(names.values()))} is missing")


def _wrong_length(name: str, *, is_short: bool) -> Rejected:
    return Rejected(ALTERED, f"{name} is {'truncated' if is_short else 'too long'}")


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
