# SPDX-License-Identifier: GPL-3.0-or-later
"""What a journal says of a run: which bundles are due, and where the verdict of each one lies.

The last complete verdict of a host and check wins. A failure counts only where there is none, so a
host that is lost between two tasks keeps what it had answered before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DocumentNotCanonical
from ..models import CheckId
from .bundles import Reason
from .canonical import load_nfc, to_nfc
from .carrier import Carrier
from .coverage import RunStatus
from .journal import Reading, read_journal

Pair = tuple[str, CheckId]


@dataclass(slots=True)
class Heard:
    """An index of one journal: offsets, since the results of a large fleet would not fit."""

    journal: Path
    carrier: Carrier
    reading: Reading = field(default_factory=Reading)
    run: Mapping[str, Any] = field(default_factory=dict)
    controls: dict[CheckId, tuple[str, ...]] = field(default_factory=dict)
    has_ended: bool = False
    rules_sha256: str | None = None
    _inventory: dict[str, None] = field(default_factory=dict)
    _waivers: dict[Pair, dict[str, Any]] = field(default_factory=dict)
    _due: dict[Pair, None] = field(default_factory=dict)
    _verdicts: dict[Pair, list[int]] = field(default_factory=dict)
    _failures: dict[Pair, Reason] = field(default_factory=dict)
    _repairs: dict[Pair, list[int]] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)
    _has_scope: bool = False
    _latest: tuple[int, dict[str, Any]] = (-1, {})

    def due(self) -> list[Pair]:
        """Return every host and check that must have a bundle, a host's checks together."""
        pairs = dict.fromkeys([*self._due, *self._verdicts, *self._waivers])
        if not self._has_scope:
            # Without a guard nobody said what was expected: at least what was tried.
            pairs |= dict.fromkeys(self._failures)
        checks = list(CheckId)
        in_order = dict.fromkeys(host for host, _check in pairs)
        hosts = {host: place for place, host in enumerate(in_order)}
        return sorted(pairs, key=lambda pair: (hosts[pair[0]], checks.index(pair[1])))

    def status(self) -> RunStatus:
        """Return whether the run came to its end."""
        return RunStatus.COMPLETE if self.has_ended else RunStatus.INTERRUPTED

    def inventory(self) -> list[str]:
        """Return the hosts that the plays name, whatever limit the run had."""
        return list(self._inventory)

    def waiver(self, pair: Pair) -> dict[str, Any] | None:
        """Return what waives *pair*: ``reference`` and ``expires_on``."""
        waiver = self._waivers.get(pair)
        return waiver and {name: waiver[name] for name in ("reference", "expires_on")}

    def verdicts(self, pair: Pair) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Yield the verdicts of *pair* with the result that each came in, the newest first."""
        for offset in reversed(self._verdicts.get(pair, [])):
            try:
                result = self._result_at(offset)
            except DocumentNotCanonical:
                continue
            for check in result["checks"]:
                if _check_id(check) is pair[1]:
                    yield check, result

    def repairs(self, pair: Pair) -> list[dict[str, Any]]:
        """Return what the healer says that it did about *pair*, in the order of the run.

        Raises DocumentNotCanonical for a record that cannot be read: what was done to a host must
        not be missing in silence.
        """
        return [self._result_at(offset) for offset in self._repairs.get(pair, ())]

    def reason(self, pair: Pair) -> Reason:
        """Return why *pair* has no usable verdict."""
        if pair in self._verdicts:
            return Reason.COLLECTOR_FAILED
        if pair in self._waivers:
            return Reason.WAIVED
        # Ansible asks a lost host nothing more, so the loss is why its other checks are missing.
        not_asked = Reason.NOT_EVALUATED if self.has_ended else Reason.INTERRUPTED
        untold = Reason.UNREACHABLE if pair[0] in self._lost else not_asked
        return self._failures.get(pair, untold)

    def add(self, offset: int, entry: Mapping[str, Any]) -> None:
        """Take up one entry of the journal."""
        kind = entry["entry"]
        if kind == "run":
            self.run = entry
        elif kind == "scope":
            self._has_scope = True
            checks = [CheckId(name) for name in entry["checks"]]
            hosts = to_nfc(entry["hosts"])
            self.rules_sha256 = entry["rules_sha256"]
            self._inventory |= dict.fromkeys(to_nfc(entry["inventory_hosts"]))
            self._due |= dict.fromkeys((host, check) for host in hosts for check in checks)
            self.controls |= {CheckId(k): tuple(ids) for k, ids in entry["controls"].items()}
        elif kind == "result":
            for check_id in filter(None, map(_check_id, entry["checks"])):
                self._verdicts.setdefault((to_nfc(entry["host"]), check_id), []).append(offset)
        elif kind == "failure":
            reason = Reason(entry["reason_code"])
            host = to_nfc(entry["host"])
            if reason is Reason.UNREACHABLE:
                self._lost.add(host)
            self._failures |= {(host, CheckId(name)): reason for name in entry["checks"]}
        elif kind == "repair":
            pair = to_nfc(entry["host"]), CheckId(entry["check"])
            self._repairs.setdefault(pair, []).append(offset)
        elif kind == "waived":
            host = to_nfc(entry["host"])
            self._waivers |= {(host, CheckId(item["check"])): item for item in entry["waivers"]}
        elif kind == "end":
            self.has_ended = True

    def _result_at(self, offset: int) -> dict[str, Any]:
        # The checks of a host mostly came in one result, and are asked for one after the other.
        if self._latest[0] != offset:
            with self.journal.open("rb") as stream:
                stream.seek(offset)
                line = stream.readline()
            result = load_nfc(line.decode())
            if (carried := result["carried"]) is not None:
                result |= self.carrier.unpack(carried)
            self._latest = (offset, result)
        return self._latest[1]


def read_heard(journal: Path, carrier: Carrier) -> Heard:
    """Index *journal*, whose verdicts *carrier* unpacks; raises ValueError and KeyError."""
    heard = Heard(journal, carrier)
    for offset, entry in read_journal(journal, heard.reading):
        heard.add(offset, entry)
    return heard


def _check_id(check: object) -> CheckId | None:
    """Return which check a result speaks of, or None for something that is no check."""
    name = check.get("check_id") if isinstance(check, dict) else None
    return CheckId(name) if name in {known.value for known in CheckId} else None
