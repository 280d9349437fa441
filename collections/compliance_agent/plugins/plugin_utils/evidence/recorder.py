# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what a run says about compliance, and nothing else, until it is sealed.

It hears every result of the run and takes a scope from the guard, verdicts and facts from the
checks, and that a host was lost. Arguments and variables of tasks never come here.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..errors import ComplianceError, DocumentNotCanonical
from ..instants import to_text
from ..models import CheckId
from ..phi.pseudonyms import load_or_create_pseudonym_key
from ..waivers import WAIVED_KEY, parse_waivers
from . import carrier, repairs
from .bundles import Reason
from .carrier import Carrier, journal_carrier
from .journal import EntryUnwritable, Journal
from .runstate import COLLECTION, RunState
from .seal import SealedRun, seal, sealing
from .sealer import open_sealer, pseudonym_file
from .site import SiteDirectory

GUARD = COLLECTION + "evidence_guard"
CHECK_PREFIX = COLLECTION + "check_"
HEALERS = frozenset({COLLECTION + "heal_plan", COLLECTION + "heal_attempt"})
JOURNAL_VERSION = 2

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Hook(StrEnum):
    """How Ansible says that a task ended. Results of core 2.19 do not tell it themselves."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNREACHABLE = "unreachable"


class SiteConflict(ComplianceError):
    """One run speaks of two sites; evidence of one could end up in the other."""

    code = "site_conflict"


class Recorder:
    """The journal of one run: nothing is opened before something of ours is heard.

    An error is kept and raised by ``finish``, because Ansible swallows what hooks raise.
    """

    def __init__(
        self,
        state: RunState,
        provenance: Mapping[str, str],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._provenance = dict(provenance)
        self._clock = clock
        self._monotonic = monotonic
        self._site: SiteDirectory | None = None
        self._journal: Journal | None = None
        self._carrier: Carrier | None = None
        self._error: Exception | None = None

    def hear(self, hook: Hook, host: str, action: str, result: Mapping[str, Any]) -> None:
        """Take what matters of one result. *action* is the full name that Ansible resolved."""
        if self._error is not None:
            return  # a torn line may be the last one; nothing may follow it
        try:
            if action == GUARD and hook is Hook.OK:
                self._hear_scope(result["evidence_scope"])
            elif action.startswith(CHECK_PREFIX):
                self._hear_check(hook, host, action, result)
            elif action in HEALERS and hook is Hook.OK:
                self._hear_repairs(host, result)
            elif hook is Hook.UNREACHABLE and self._journal is not None:
                self._note_failure(host, Reason.UNREACHABLE, CheckId)
        except Exception as error:  # noqa: BLE001 - kept for finish(); Ansible would only warn
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Remember *error*; the first one tells most."""
        self._error = self._error or error

    def sync(self) -> None:
        """Make what was heard so far durable."""
        if self._journal is not None and self._error is None:
            try:
                self._journal.sync()
            except ComplianceError as error:
                self.fail(error)

    def finish(self) -> SealedRun | None:
        """Seal the run; return None if it never spoke of compliance. Raises what went wrong."""
        if self._error is not None:
            raise self._error
        if self._journal is None or self._site is None:
            return None
        self._journal.append({"entry": "end", "ended_at": to_text(self._clock())})
        self._journal.sync()
        sealer = open_sealer(self._state, self._site, self._clock)
        with sealing(self._site, f"sealing {self._state.run_id}"):
            # Not earlier: a journal that nobody holds, outside of this lock, is one of a dead run.
            self._journal.close()
            return seal(self._journal.path, sealer)

    def _hear_scope(self, scope: Mapping[str, Any]) -> None:
        journal = self._open(str(scope["site_id"]))
        names = ("checks", "hosts", "inventory_hosts", "controls", "rules_sha256")
        journal.append({"entry": "scope", **{name: scope[name] for name in names}})

    def _hear_check(self, hook: Hook, host: str, action: str, result: Mapping[str, Any]) -> None:
        name = action.removeprefix(CHECK_PREFIX)
        checks = [CheckId(name)] if name in set(CheckId) else list(CheckId)
        self._note_waivers(host, result.get(WAIVED_KEY))
        verdicts = result.get(carrier.CHECKS_KEY)
        # A gate may fail the task for what the checks found: the verdicts are there all the same.
        if isinstance(verdicts, list) and hook in {Hook.OK, Hook.FAILED}:
            try:
                self._note_verdicts(host, verdicts, result)
            except EntryUnwritable:
                hook = Hook.FAILED
            else:
                return
        self._note_failure(host, _reason(hook, result), checks)

    def _hear_repairs(self, host: str, result: Mapping[str, Any]) -> None:
        for item in result.get(repairs.KEY) or ():
            # What is left at the end of a run is told by the controller.
            about = {"host": item.get("host", host), "check": CheckId(item["check"]).value}
            entry = {"entry": "repair", **about}
            carried = self._carried(item["record"])
            self._open(self._state.site_id).append({**entry, "carried": carried})

    def _note_verdicts(self, host: str, verdicts: list[Any], result: Mapping[str, Any]) -> None:
        journal = self._open(self._state.site_id)
        facts, collector = result.get("facts"), result.get("collector_sha256")
        carried = self._carried(result.get(carrier.KEY))
        is_digest = isinstance(collector, str) and _SHA256.fullmatch(collector)
        journal.append(
            {
                "entry": "result",
                "host": host,
                # What is carried has the verdicts whole; here is only which ones.
                "checks": verdicts if carried is None else list(map(_only_id, verdicts)),
                "facts": facts if isinstance(facts, dict) else {},
                "carried": carried,
                "collector_sha256": collector if is_digest else None,
            }
        )

    def _carried(self, text: object) -> str | None:
        if not isinstance(text, str) or self._carrier is None:
            return None
        try:
            return Carrier(self._state.carrier_key).hand_over(text, self._carrier)
        except DocumentNotCanonical:
            return ""  # which nothing unpacks: a verdict was meant, and none is there

    def _note_waivers(self, host: str, waived: object) -> None:
        if waived:
            waivers = [waiver.to_dict() for waiver in parse_waivers(waived)]
            entry = {"entry": "waived", "host": host, "waivers": waivers}
            self._open(self._state.site_id).append(entry)

    def _note_failure(self, host: str, reason: Reason, checks: Iterable[CheckId]) -> None:
        entry = {"entry": "failure", "host": host, "reason_code": reason, "checks": list(checks)}
        self._open(self._state.site_id).append(entry)

    def _open(self, site_id: str) -> Journal:
        """Return the journal, opened for *site_id*; an empty one means the site of this run."""
        if self._journal is None or self._site is None:
            self._site = SiteDirectory(Path(self._state.evidence_dir), site_id)
            secret = load_or_create_pseudonym_key(pseudonym_file(self._state, site_id))
            self._carrier = journal_carrier(secret, self._state.run_id)
            self._journal = Journal(self._site.journal(self._state.run_id), self._monotonic)
            self._journal.append(
                {
                    "entry": "run",
                    "schema_version": JOURNAL_VERSION,
                    "run_id": self._state.run_id,
                    "site_id": site_id,
                    "started_at": to_text(self._clock()),
                    "provenance": self._provenance,
                }
            )
        elif site_id and site_id != self._site.site_id:
            remedy = "Run the playbook once for each site."
            raise SiteConflict("this run has evidence of two sites", value=site_id, remedy=remedy)
        return self._journal


def _reason(hook: Hook, result: Mapping[str, Any]) -> Reason:
    if hook is Hook.UNREACHABLE:
        return Reason.UNREACHABLE
    if hook is Hook.SKIPPED:
        return Reason.NOT_EVALUATED
    # The action says which; "timedout" is what Ansible adds for the timeout keyword of a task.
    if result.get("reason_code") == Reason.COLLECTOR_TIMEOUT or "timedout" in result:
        return Reason.COLLECTOR_TIMEOUT
    return Reason.COLLECTOR_FAILED


def _only_id(verdict: object) -> object:
    return {"check_id": verdict.get("check_id")} if isinstance(verdict, dict) else verdict
