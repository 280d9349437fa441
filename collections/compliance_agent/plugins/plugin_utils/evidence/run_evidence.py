# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundles and the coverage statement of one run, as signed lines; reads only the journal.

Each document is scrubbed, signed, and read back as its model from the very bytes that are stored.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from pydantic import ValidationError

from ..errors import DocumentNotCanonical, PhiDetected
from ..instants import to_text
from ..models import CheckStatus, ComplianceCheck, EvidenceBundle
from ..phi.ruleset import RULESET_VERSION, ruleset_sha256
from ..phi.scrubber import Scrubber
from . import coverage
from .bundles import (
    Frame,
    Reason,
    bundle_id,
    error_code,
    final_state,
    healed_bundle,
    observed_bundle,
    policy_provenance,
    unobserved_bundle,
)
from .coverage import CoverageStatement
from .drafts import bundle_entry, statement_entry
from .heard import Heard, Pair
from .repairs import AttemptRecord, parse_records
from .sealer import Sealer
from .signing import signed_line
from .standing import Standing


@dataclass(slots=True)
class RunEvidence:
    """What one run becomes.

    ``lines`` comes first and once, then ``statement_line``; *outline* (host, check and status of
    each bundle: whole ones of a large fleet would not fit in memory), *entries* (the leaves for the
    log) and *healed* (what the healer did, and the id of its bundle) grow with them. *now* is the
    time of sealing.
    """

    sealer: Sealer
    scrubber: Scrubber
    heard: Heard
    standing: Standing
    now: datetime
    outline: list[tuple[str, str, str]] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    healed: list[tuple[AttemptRecord, str]] = field(default_factory=list)
    _ids: list[str] = field(default_factory=list)  # of the first bundle and of the last
    _missing: list[dict[str, Any]] = field(default_factory=list)
    _replaced: Counter[str] = field(default_factory=Counter)
    _flagged: list[str] = field(default_factory=list)
    _signed: CoverageStatement | None = None

    @property
    def day(self) -> str:
        """Return the day of sealing, as it stands in paths and numbers."""
        return self.now.strftime("%Y-%m-%d")

    def lines(self) -> Iterator[bytes]:
        """Yield the signed line of every bundle that is due."""
        due, day = self.heard.due(), self.day
        provenance = {**self._provenance(), "run_bundles": len(due)}
        for pair, number in zip(due, count(self.sealer.site.next_sequence(day)), strict=False):
            frame = Frame(
                bundle_id=bundle_id(day, number),
                site_id=self.sealer.site.site_id,
                host_id=pair[0],
                sealed_at=self.now,
                provenance=provenance,
            )
            line, bundle = self._bundle(frame, pair)
            status = CheckStatus(str(final_state(bundle)["status"]))
            self.outline.append((pair[0], pair[1].value, status.value))
            self._ids[1:] = [bundle.bundle_id]
            self.entries.append(
                bundle_entry(line, bundle.bundle_id, bundle.host_id, bundle.check.value)
            )
            yield line

    def statement_line(self) -> bytes:
        """Return the signed line of the statement; all bundles are made."""
        statement = self._statement()
        # What came from outside; the rest are digests and counts of our own.
        outside = {name: statement[name] for name in ("not_scheduled", "missing", "provenance")}
        scrubbed = self.scrubber.scrub_document(outside, root=coverage.KIND)
        document = {**statement, **scrubbed.document}
        line = signed_line(document, self.sealer.key.signing_key) + b"\n"
        self._signed = CoverageStatement.model_validate_json(line)
        self.entries.append(statement_entry(line, self._signed.statement_id))
        return line

    def statement(self) -> CoverageStatement:
        """Return what was signed; raises ValueError before `statement_line`."""
        if self._signed is None:
            raise ValueError("the statement is not signed yet")
        return self._signed

    def _provenance(self) -> dict[str, Any]:
        run = self.heard.run
        return {
            **run["provenance"],
            "run_id": run["run_id"],
            "key_id": self.sealer.key.key_id,
            "rules_sha256": self.heard.rules_sha256,
        }

    def _bundle(self, frame: Frame, pair: Pair) -> tuple[bytes, EvidenceBundle]:
        if attempts := parse_records(self.heard.repairs(pair)):
            return self._healed(frame, pair, attempts)
        has_phi = False
        for document, result in self.heard.verdicts(pair):
            try:
                check = ComplianceCheck.from_dict(document)
                body = observed_bundle(_with_collector(frame, result), check, result["facts"])
                return self._sign(body)
            except (ValidationError, DocumentNotCanonical):
                continue  # an older answer may be whole; if none is, the reason below says so
            except PhiDetected:
                has_phi = True
        reason = self.heard.reason(pair)
        self._missing.append(_missing_pair(pair, reason))
        controls = self.heard.controls.get(pair[1], ())
        waiver = self.heard.waiver(pair) if reason is Reason.WAIVED else None
        body = unobserved_bundle(frame, pair[1], reason, controls, waiver)
        return self._sign(body, is_flagged=has_phi)

    def _healed(
        self, frame: Frame, pair: Pair, attempts: list[AttemptRecord]
    ) -> tuple[bytes, EvidenceBundle]:
        """Return the bundle of a check that was repaired: what it saw first, and what at last.

        Nothing is left out to make it fit: an answer that cannot be read keeps the run unsealed.
        """
        seen = [
            (ComplianceCheck.from_dict(document), result)
            for document, result in self.heard.verdicts(pair)
        ]
        if seen:
            first, origin = seen[-1]
            body = observed_bundle(_with_collector(frame, origin), first, origin["facts"])
        else:
            reason, controls = self.heard.reason(pair), self.heard.controls.get(pair[1], ())
            body = unobserved_bundle(frame, pair[1], reason, controls)
            self._missing.append(_missing_pair(pair, reason))
        again = next((item.rechecked_at for item in reversed(attempts) if item.has_acted), None)
        last = next(
            ((check, result["facts"]) for check, result in seen[:-1] if check.timestamp == again),
            None,
        )
        self.healed += [(attempt, frame.bundle_id) for attempt in attempts]
        return self._sign(healed_bundle(body, attempts, last))

    def _sign(
        self, body: dict[str, Any], *, is_flagged: bool = False
    ) -> tuple[bytes, EvidenceBundle]:
        """Return the stored line of *body*; raises PhiDetected if it cannot be scrubbed at all."""
        # All but its number, which is ours and another one each time: nothing would be remembered.
        outside = {name: value for name, value in body.items() if name != "bundle_id"}
        scrubbed = self.scrubber.scrub_document(outside, root="bundle")
        document = scrubbed.document
        if not isinstance(document, dict):
            raise PhiDetected("a bundle is too large to be scrubbed", value=body["bundle_id"])
        is_flagged = is_flagged or scrubbed.is_flagged
        document["bundle_id"] = body["bundle_id"]
        document["phi_scrubbed"] = True
        state = document["pre_state"]
        state["provenance"] |= policy_provenance(state.get("policy"))
        state["scrubbing"] = {
            "ruleset_version": scrubbed.ruleset_version,
            "ruleset_sha256": scrubbed.ruleset_sha256,
            "counts": dict(sorted(scrubbed.counts.items())),
            "error_code": PhiDetected.code if is_flagged else None,
        }
        line = signed_line(document, self.sealer.key.signing_key) + b"\n"
        # Of the very bytes that will be stored: a model cannot differ from them.
        bundle = EvidenceBundle.model_validate_json(line)
        self._replaced.update(scrubbed.counts)
        if is_flagged:
            self._flagged.append(bundle.bundle_id)
        return line, bundle

    def _statement(self) -> dict[str, Any]:
        heard, reading, standing = self.heard, self.heard.reading, self.standing
        due, run_id = heard.due(), heard.run["run_id"]
        return {
            "schema_version": coverage.STATEMENT_VERSION,
            "kind": coverage.KIND,
            "statement_id": coverage.statement_id(run_id),
            "site_id": self.sealer.site.site_id,
            "run_id": run_id,
            "status": heard.status().value,
            "started_at": heard.run["started_at"],
            "sealed_at": to_text(self.now),
            "clock_set_back_seconds": coverage.seconds_set_back(self.now, standing.sealed_at),
            **coverage.describe_scope(heard.inventory(), due),
            "obtained": len(due) - len(self._missing),
            "missing": self._missing,
            "bundles": {
                "count": len(self.outline),
                "first": self._ids[0] if self._ids else None,
                "last": self._ids[-1] if self._ids else None,
            },
            "log": {
                "first_index": standing.size,
                "root_before": b64encode(standing.root).decode("ascii"),
            },
            "journal": {
                "lines": reading.lines,
                "sha256": reading.chain,
                "lost_bytes": reading.lost_bytes,
                "damaged_at_line": reading.damaged_at_line,
            },
            "scrubbing": {
                "ruleset_version": RULESET_VERSION,
                "ruleset_sha256": ruleset_sha256(),
                "counts": dict(sorted(self._replaced.items())),
                "flagged": self._flagged,
            },
            "provenance": heard.run["provenance"],
            "key_id": self.sealer.key.key_id,
        }


def _missing_pair(pair: Pair, reason: Reason) -> dict[str, Any]:
    return {
        "host_id": pair[0],
        "check": pair[1].value,
        "reason_code": reason.value,
        "error_code": error_code(reason),
    }


def _with_collector(frame: Frame, result: dict[str, Any]) -> Frame:
    provenance = {**frame.provenance, "collector_sha256": result["collector_sha256"]}
    return Frame(frame.bundle_id, frame.site_id, frame.host_id, frame.sealed_at, provenance)
