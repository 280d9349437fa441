# SPDX-License-Identifier: GPL-3.0-or-later
"""An independent writer of sites for the verifier's tests: small, slow and obviously right.

It shares no code with the product. Documents are written with ``json``, signed with PyNaCl, and
the log is a list of texts whose root is computed by the recursive definition of RFC 6962.
"""

import json
import shutil
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
OUTCOMES = {"PASS": "success", "WARNING": "partial", "FAIL": "failure", "ERROR": "failure"}
SITE = "clinic-001"
RULESET = {"ruleset_version": "1", "ruleset_sha256": "5" * 64}
DAY = "2026-03-02"
NOON = f"{DAY}T12:00:00Z"

Edit = Callable[[dict[str, Any]], None]
Spelling = Callable[[bytes], bytes]


def key(number: int) -> SigningKey:
    """Return one of the test keys: 1 is the site's first."""
    return SigningKey(bytes([number]) * 32)


def key_id(signer: SigningKey) -> str:
    return sha256(bytes(signer.verify_key)).hexdigest()[:16]


def public_line(signer: SigningKey) -> str:
    return f"ed25519:{b64encode(bytes(signer.verify_key)).decode()} {key_id(signer)}"


def trusted(*signers: SigningKey) -> dict[str, bytes]:
    """Return what a Verifier takes as keys."""
    return {key_id(signer): bytes(signer.verify_key) for signer in signers}


def canonical(value: object) -> bytes:
    """Return the RFC 8785 text; the tests use no key beyond U+FFFF here."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def signature(body: bytes, signer: SigningKey) -> str:
    return b64encode(signer.sign(sha256(body).digest()).signature).decode()


def signed(document: Mapping[str, Any], signer: SigningKey) -> bytes:
    """Return the stored line, without its newline."""
    return canonical({**document, "signature": signature(canonical(document), signer)})


def spelled(document: Mapping[str, Any], signer: SigningKey, spelling: Spelling) -> bytes:
    """Return the line of a bundle whose text *spelling* changed before it was signed."""
    body = spelling(canonical(document))
    before, member, after = body.rpartition(b',"site_id":')
    return before + f',"signature":"{signature(body, signer)}"'.encode() + member + after


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def merkle_root(entries: Sequence[bytes]) -> bytes:
    """Return MTH of RFC 6962 section 2.1, by its definition."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    half = _half(len(entries))
    return node(merkle_root(entries[:half]), merkle_root(entries[half:]))


def merkle_path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """Return PATH of RFC 6962 section 2.1.1, by its definition."""
    if len(entries) == 1:
        return []
    half = _half(len(entries))
    if index < half:
        return [*merkle_path(index, entries[:half]), merkle_root(entries[half:])]
    return [*merkle_path(index - half, entries[half:]), merkle_root(entries[:half])]


def _half(size: int) -> int:
    half = 1
    while half * 2 < size:
        half *= 2
    return half


def checkpoint(
    entries: Sequence[bytes], signers: Iterable[SigningKey], site_id: str = SITE
) -> bytes:
    """Return the signed head of a log with *entries*."""
    origin = f"hipaa.compliance_agent/{site_id}"
    text = f"{origin}\n{len(entries)}\n{b64encode(merkle_root(entries)).decode()}\n"
    lines = []
    for signer in signers:
        public = bytes(signer.verify_key)
        hint = sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
        blob = b64encode(hint + signer.sign(text.encode()).signature).decode()
        lines.append(f"\u2014 {origin} {blob}\n")
    return f"{text}\n{''.join(lines)}".encode()


def tile_path(level: str, number: int, width: int) -> str:
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{name}" + ("" if width == 256 else f".p/{width}")


def tiles(entries: Sequence[bytes]) -> dict[str, bytes]:
    """Return path below ``log/`` to content of every tile of a log with *entries*."""
    files = {}
    for start in range(0, len(entries), 256):
        part = entries[start : start + 256]
        data = b"".join(len(entry).to_bytes(2, "big") + entry for entry in part)
        files[tile_path("entries", start // 256, len(part))] = data
    level, unit = 0, 1
    while unit <= len(entries):
        hashes = [
            merkle_root(entries[start : start + unit])
            for start in range(0, len(entries) - unit + 1, unit)
        ]
        for start in range(0, len(hashes), 256):
            part = hashes[start : start + 256]
            files[tile_path(str(level), start // 256, len(part))] = b"".join(part)
        level, unit = level + 1, unit * 256
    return files


def names_digest(names: Iterable[str]) -> str:
    return sha256(canonical(sorted(names))).hexdigest()


def nothing(_document: dict[str, Any]) -> None:
    """Edit nothing."""


@dataclass
class SiteWriter:
    """A site in the making; *signer* signs what comes next, and each checkpoint."""

    root: Path
    site_id: str = SITE
    signer: SigningKey = field(default_factory=lambda: key(1))
    entries: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)
    last_time: str = ""
    runs: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.root / self.site_id

    def bundle_file(self, run_id: str) -> Path:
        [file] = self.path.glob(f"bundles/*/{run_id}.jsonl")
        return file

    def coverage_file(self, run_id: str) -> Path:
        [file] = self.path.glob(f"coverage/*/{run_id}.json")
        return file

    def run(
        self,
        run_id: str,
        hosts: Mapping[str, Sequence[str]],
        *,
        at: str = NOON,
        checks: Sequence[str] = CHECKS,
        elsewhere: Sequence[str] = (),
        behind: int = 0,
        status: str = "complete",
        edit_bundle: Edit = nothing,
        edit_statement: Edit = nothing,
        spelling: Spelling = bytes,
    ) -> list[bytes]:
        """Seal a run; *hosts* maps each to the status, or reason without a verdict, of its checks.

        Fewer words than checks repeat. The edits change a document before it is signed, *spelling*
        the text of each bundle.
        """
        documents = []
        for host, words in hosts.items():
            for place, check in enumerate(checks):
                word = words[place % len(words)]
                documents.append(self._bundle(run_id, host, check, word, at))
        for document in documents:
            document["pre_state"]["provenance"]["run_bundles"] = len(documents)
            edit_bundle(document)
        lines = [spelled(document, self.signer, spelling) for document in documents]
        self._write(f"bundles/{at[:10]}/{run_id}.jsonl", b"".join(line + b"\n" for line in lines))
        statement = self._statement(run_id, documents, at, elsewhere, behind, status)
        edit_statement(statement)
        line = signed(statement, self.signer)
        self._write(f"coverage/{at[:10]}/{run_id}.json", line + b"\n")
        for document, stored in zip(documents, lines, strict=True):
            self.enter(
                id=document["bundle_id"],
                kind="bundle",
                sha256=sha256(stored).hexdigest(),
                host_id=document["host_id"],
                check=document["check"],
            )
        self.enter(id=f"CS-{run_id}", kind="coverage", sha256=sha256(line).hexdigest())
        self.last_time = at
        self.runs.append(run_id)
        self.publish()
        return lines

    def rotate(
        self, successor: SigningKey, *, at: str = NOON, edit: Edit = nothing, take: bool = True
    ) -> None:
        """Let the key in use and *successor* sign a rotation; the latter is used from then on."""
        statement = {
            "schema_version": 1,
            "kind": "key_rotation",
            "statement_id": f"KS-{_compact(at)}-{key_id(successor)}",
            "site_id": self.site_id,
            "issued_at": at,
            "key_id": key_id(self.signer),
            "old_key": public_line(self.signer),
            "new_key": public_line(successor),
        }
        edit(statement)
        body = canonical(statement)
        signatures = {
            "signature": signature(body, self.signer),
            "successor_signature": signature(body, successor),
        }
        before = self.signer
        self._enter_statement({**statement, **signatures})
        self.last_time = at
        self.signer = successor if take else before
        self.publish(before, self.signer)

    def revoke(
        self,
        revoked: SigningKey,
        *,
        at: str,
        compromised_at: str,
        by: SigningKey | None = None,
        edit: Edit = nothing,
    ) -> None:
        """Revoke a key, signed by the key in use or *by* another."""
        statement = {
            "schema_version": 1,
            "kind": "key_revocation",
            "statement_id": f"KS-{_compact(at)}-{key_id(revoked)}",
            "site_id": self.site_id,
            "issued_at": at,
            "key_id": key_id(by or self.signer),
            "revoked_key_id": key_id(revoked),
            "compromised_at": compromised_at,
            "reason_code": "compromised",
        }
        edit(statement)
        body = canonical(statement)
        self._enter_statement({**statement, "signature": signature(body, by or self.signer)})
        self.last_time = at
        self.publish()

    def enter(self, **parts: str) -> None:
        """Append a leaf to the log."""
        self.entries.append(canonical(parts))

    def publish(self, *signers: SigningKey) -> None:
        """Write the tiles and a new checkpoint; a copy of it is kept."""
        log = self.path / "log"
        for path, data in tiles(self.entries).items():
            self._write(f"log/{path}", data)
        for parts in log.glob("tile/**/*.p"):
            if parts.with_suffix("").exists():  # whole by now
                shutil.rmtree(parts)
        used = dict.fromkeys(signers or [self.signer])
        self.heads.append(checkpoint(self.entries, used, self.site_id))
        self._write("log/checkpoint", self.heads[-1])
        digits = f"{len(self.entries):012d}"
        kept = "/".join(digits[place : place + 3] for place in range(0, 12, 3))
        self._write(f"log/checkpoints/{kept}", self.heads[-1])

    def legacy_run(self, run_id: str, hosts: Sequence[str], *, at: str) -> None:
        """Write a run as the first release did: bundles of one check, and no log."""
        documents = [self._bundle(run_id, host, "firewall", "PASS", at) for host in hosts]
        for document in documents:
            document["phi_scrubbed"] = False
            state = document["pre_state"]
            state["schema_version"] = 1
            del state["scrubbing"], state["waiver"]
            state["provenance"]["run_bundles"] = len(documents)
        lines = b"".join(signed(document, self.signer) + b"\n" for document in documents)
        self._write(f"bundles/{at[:10]}/{run_id}.jsonl", lines)

    def export(self, target: Path, runs: Sequence[str]) -> None:
        """Write an export of *runs* and of all statements about keys."""
        days = []
        names = [f"KS-{file.stem[3:]}" for file in self.path.glob("keys/*.json")]
        for run_id in runs:
            for file in (self.bundle_file(run_id), self.coverage_file(run_id)):
                days.append(file.parent.name)
                _put(target / file.relative_to(self.path), file.read_bytes())
            names.append(f"CS-{run_id}")
            lines = self.bundle_file(run_id).read_bytes().splitlines()
            names += [json.loads(line)["bundle_id"] for line in lines]
        for file in self.path.glob("keys/*"):
            _put(target / "keys" / file.name, file.read_bytes())
        for index, entry in enumerate(self.entries):
            name = json.loads(entry)["id"]
            if name in names:
                path = "".join(
                    b64encode(item).decode() + "\n" for item in merkle_path(index, self.entries)
                )
                proof = f"c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n".encode()
                _put(target / "proofs" / f"{name}.tlog-proof", proof + self.heads[-1])
        manifest = {
            "kind": "export",
            "schema_version": 1,
            "site_id": self.site_id,
            "from": min(days),
            "to": max(days),
            "tree_size": len(self.entries),
            "runs": list(runs),
        }
        _put(target / "export.json", canonical(manifest) + b"\n")
        _put(target / "checkpoint", self.heads[-1])

    def _bundle(self, run_id: str, host: str, check: str, word: str, at: str) -> dict[str, Any]:
        day = at[:10]
        self.numbers[day] += 1
        is_seen = word in OUTCOMES
        status = word if is_seen else ("WARNING" if word == "waived" else "ERROR")
        is_flagged = host.startswith("flagged")
        pre_state = {
            "schema_version": 2,
            "status": status,
            "reason_code": "ok" if is_seen else word,
            "error_code": "E004" if word == "unreachable" else None,
            "message": f"{status}: said by the test",
            "findings": [],
            "policy": None,
            "probes": {},
            "remediation_available": False,
            "checked_at": f"{day}T11:59:00Z" if is_seen else None,
            "facts": {"check": check, "host": host},
            "host": None,
            "waiver": None,
            "scrubbing": {
                **RULESET,
                "counts": {"address": 1} if is_flagged else {},
                "error_code": "E007" if is_flagged else None,
            },
            "provenance": {
                "run_id": run_id,
                "run_bundles": 0,
                "key_id": key_id(self.signer),
                "collection_version": "test",
            },
        }
        return {
            "bundle_id": f"EB-{day.replace('-', '')}-{self.numbers[day]:06d}",
            "site_id": self.site_id,
            "host_id": host,
            "timestamp": at,
            "check": check,
            "outcome": OUTCOMES[status],
            "hipaa_controls": ["164.312(b)"],
            "pre_state": pre_state,
            "post_state": {},
            "actions": [],
            "phi_scrubbed": True,
        }

    def _statement(  # noqa: PLR0917 - a statement has this many sides
        self,
        run_id: str,
        bundles: Sequence[dict[str, Any]],
        at: str,
        elsewhere: Sequence[str],
        behind: int,
        status: str,
    ) -> dict[str, Any]:
        pairs = [(bundle["host_id"], bundle["check"]) for bundle in bundles]
        hosts = dict.fromkeys(host for host, _check in pairs)
        checks = [check for check in CHECKS if any(pair[1] == check for pair in pairs)]
        replaced: Counter[str] = Counter()
        for bundle in bundles:
            replaced.update(bundle["pre_state"]["scrubbing"]["counts"])
        missing = [
            {
                "host_id": bundle["host_id"],
                "check": bundle["check"],
                "reason_code": bundle["pre_state"]["reason_code"],
                "error_code": bundle["pre_state"]["error_code"],
            }
            for bundle in bundles
            if bundle["pre_state"]["checked_at"] is None
        ]
        ids = [bundle["bundle_id"] for bundle in bundles]
        return {
            "schema_version": 1,
            "kind": "coverage",
            "statement_id": f"CS-{run_id}",
            "site_id": self.site_id,
            "run_id": run_id,
            "key_id": key_id(self.signer),
            "provenance": {"collection_version": "test"},
            "status": status,
            "started_at": at,
            "sealed_at": at,
            "clock_set_back_seconds": behind,
            "scope": {
                "inventory_hosts": len(hosts) + len(elsewhere),
                "inventory_sha256": names_digest([*hosts, *elsewhere]),
                "hosts": len(hosts),
                "hosts_sha256": names_digest(hosts),
                "checks": checks,
            },
            "expected": (len(hosts) + len(elsewhere)) * 6,
            "obtained": len(bundles) - len(missing),
            "not_scheduled": {
                "hosts": sorted(elsewhere),
                "checks": [check for check in CHECKS if check not in checks],
                "pairs": [
                    {"host_id": host, "check": check}
                    for host, check in product(hosts, checks)
                    if (host, check) not in pairs
                ],
            },
            "missing": missing,
            "bundles": {
                "count": len(ids),
                "first": ids[0] if ids else None,
                "last": ids[-1] if ids else None,
            },
            "log": {
                "first_index": len(self.entries),
                "root_before": b64encode(merkle_root(self.entries)).decode(),
            },
            "journal": {
                "lines": 9,
                "sha256": "a" * 64,
                "lost_bytes": 0,
                "damaged_at_line": None,
            },
            "scrubbing": {
                **RULESET,
                "counts": dict(replaced),
                "flagged": [
                    bundle["bundle_id"]
                    for bundle in bundles
                    if bundle["pre_state"]["scrubbing"]["error_code"]
                ],
            },
        }

    def _enter_statement(self, statement: dict[str, Any]) -> None:
        line = canonical(statement)
        self._write(f"keys/{statement['statement_id']}.json", line + b"\n")
        self.enter(
            id=statement["statement_id"],
            kind=statement["kind"],
            sha256=sha256(line).hexdigest(),
        )

    def _write(self, path: str, data: bytes) -> None:
        _put(self.path / path, data)


def _put(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def _compact(time: str) -> str:
    return time.replace("-", "").replace(":", "")


def three_runs(root: Path, **options: Any) -> SiteWriter:
    """Return a site with three runs of different shape, over two days."""
    site = SiteWriter(root, **options)
    site.run("run-1", {"dc01": ["PASS"], "fs01": ["FAIL", "PASS"], "pc01": ["unreachable"]})
    site.run(
        "run-2",
        {"dc01": ["PASS", "waived"], "flagged01": ["WARNING", "collector_failed"]},
        at=f"{DAY}T18:00:00Z",
        checks=("logging", "firewall"),
        elsewhere=("fs01", "pc01"),
    )
    site.run(
        "run-3",
        {"dc01": ["PASS"], "fs01": ["PASS", "interrupted"], "zürich": ["FAIL"]},
        at="2026-03-03T06:00:00Z",
        status="interrupted",
        elsewhere=("pc01",),
    )
    return site
