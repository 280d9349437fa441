# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate with its memory: decide, and take the host in the same transaction.

Every repair goes through `Gate.claim`, whoever asked for it. Of two that ask for one host at the
same time one gets a `Claim`, the other a decision that says why not. A claim is held until it is
released; if the run that holds it dies, another one takes it over by `recover`, and looks at the
host before anything else happens there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ..errors import RunbookNotFound
from ..evidence.site import refuse_unsafe_name
from ..healing.approvals import Approval, ApprovalState, refuse_approver
from ..healing.gate import (
    GateDecision,
    GateVerdict,
    KillSwitch,
    RepairRequest,
    Situation,
    decide,
    is_canary,
)
from ..healing.policy import HealingPolicy
from ..healing.repair_request import as_strict_as
from ..healing.runbooks import Runbook
from ..models import Outcome
from .database import Database
from .gate_approvals import (
    Answer,
    answer_approval,
    approvals_for,
    ask_for_approval,
    closed,
    expire_approvals,
    find_approval,
    pending_approvals,
    use_approval,
)
from .gate_claims import (
    Claim,
    Terms,
    all_held,
    claims_of_run,
    find_claim,
    give_back,
    identity_of,
    other_runs,
    rows_of_run,
    take_host,
    take_over,
)
from .gate_deaths import note_death, refuse_living
from .gate_history import read_canary, read_running, read_tries
from .gate_lock import lock_all_sites, lock_site
from .gate_queue import QueuedRepair, forget_incident, put_in_queue, read_queue, take_from_queue
from .gate_switches import file_switch, read_switches, switch_off, switch_on
from .gate_tables import ALL_SITES
from .run_identity import RunIdentity


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of one site's policy, for one run. Times are given; nothing here reads a clock.

    All methods raise DatabaseUnusable.
    """

    database: Database
    policy: HealingPolicy
    runbooks: Mapping[str, Runbook]
    run: RunIdentity

    def decide(self, request: RepairRequest, now: datetime) -> GateDecision:
        """Return what the gate would say, from one snapshot; takes nothing.

        Raises RunbookNotFound (E003).
        """
        strict = self._strict(request)
        with self.database.reading() as session:
            return decide(strict, self._situation(session, strict, now), self.policy, now)

    def claim(self, request: RepairRequest, now: datetime) -> Claim | GateDecision:
        """Take the host for *request*, or say why not. A claim uses up its approval, and a try.

        Raises RunbookNotFound (E003).
        """
        strict = self._strict(request)
        with self.database.writing() as session:
            lock_site(session, strict.site_id)
            expire_approvals(session, strict, self.policy, now)
            situation = self._situation(session, strict, now)
            decision = decide(strict, situation, self.policy, now)
            if decision.verdict is not GateVerdict.ALLOW:
                return decision
            if decision.approval_id is not None:
                use_approval(session, decision.approval_id, now)
            take_from_queue(session, strict)
            goes_first = is_canary(strict, situation, self.policy, now)
            terms = Terms(decision.approval_id, goes_first)
            return take_host(session, strict, self.run, terms, now)

    def release(
        self, claim: Claim, outcome: Outcome, now: datetime, *, has_acted: bool = True
    ) -> None:
        """Free the host; *outcome* is that of the check, collected again. Raises ClaimLost.

        Where nothing was done, another host goes first with the runbook.
        """
        with self.database.writing() as session:
            lock_site(session, claim.site_id)
            give_back(session, claim, outcome, now, has_acted=has_acted)

    def find_claim(self, site_id: str, number: int) -> Claim:
        """Return a claim that is held, for a process that knows its number. Raises ClaimLost."""
        with self.database.reading() as session:
            return find_claim(session, site_id, number)

    def held(self, site_id: str) -> tuple[Claim, ...]:
        """Return the claims of *site_id* that this run holds."""
        with self.database.reading() as session:
            return claims_of_run(session, site_id, self.run.run_id)

    def other_runs(self, site_id: str) -> list[RunIdentity]:
        """Return the processes of other runs that hold hosts of *site_id*, dead ones too."""
        with self.database.reading() as session:
            return other_runs(session, site_id, self.run.run_id)

    def recover(self, site_id: str, run_id: str) -> tuple[Claim, ...]:
        """Take over what the dead run *run_id* held, and return it: nothing is freed by this.

        Validate and check each host again, then release it. Where its process cannot be seen from
        here, a person must have declared that it is dead. Raises RunAlive.
        """
        with self.database.writing() as session:
            lock_site(session, site_id)
            rows = rows_of_run(session, site_id, run_id)
            for row in rows:
                refuse_living(session, site_id, identity_of(row))
            return tuple(take_over(session, row, self.run) for row in rows)

    def declare_dead(self, site_id: str, run_id: str, by: str, now: datetime) -> int:
        """Let the next run take over what *run_id* holds, on the word of *by*, a person.

        For a process that cannot be seen from here; they have made sure that it is dead. Returns
        how many hosts it holds. Raises RunUnknown, RunAlive and ApproverRefused.
        """
        refuse_approver(by, "")
        with self.database.writing() as session:
            lock_site(session, site_id)
            return note_death(session, site_id, run_id, by, now)

    def taken(self, site_id: str) -> list[tuple[Claim, RunIdentity]]:
        """Return every host of *site_id* that is held, and the process that holds it."""
        with self.database.reading() as session:
            return all_held(session, site_id)

    def queue(self, request: RepairRequest, decision: GateDecision, now: datetime) -> None:
        """Keep *request* until its window opens. Raises ValueError unless *decision* says so."""
        if decision.verdict is not GateVerdict.QUEUE:
            raise ValueError(f"a decision to {decision.verdict} is not one to queue")
        strict = self._strict(request)
        with self.database.writing() as session:
            lock_site(session, strict.site_id)
            put_in_queue(session, strict, decision, now)

    def due(self, site_id: str, now: datetime) -> list[QueuedRepair]:
        """Return what waits and whose window is open now, the oldest first; claim each anew."""
        return [item for item in self.queued(site_id) if self._has_room(item.request, now)]

    def queued(self, site_id: str) -> list[QueuedRepair]:
        """Return all that waits for a window at *site_id*, the oldest first."""
        with self.database.reading() as session:
            return read_queue(session, site_id)

    def forget(self, site_id: str, incident_id: str) -> int:
        """Take what waits for an incident out of the queue; return how many repairs that were."""
        with self.database.writing() as session:
            lock_site(session, site_id)
            return forget_incident(session, site_id, incident_id)

    def request_approval(self, request: RepairRequest, now: datetime) -> Approval:
        """Ask for an approval; who asks twice for the same gets the same request."""
        strict = self._strict(request)
        with self.database.writing() as session:
            lock_site(session, strict.site_id)
            return ask_for_approval(session, strict, self.policy, now)

    def approve(self, approval_id: str, by: str, now: datetime) -> Approval:
        """Approve as *by*, who has logged in under that name and is not who asked.

        Raises ApproverRefused, ApprovalUnknown and ApprovalClosed.
        """
        return self._answer(approval_id, ApprovalState.APPROVED, by, now)

    def refuse(self, approval_id: str, by: str, now: datetime) -> Approval:
        """Refuse as *by*; raises the same as `approve`."""
        return self._answer(approval_id, ApprovalState.REFUSED, by, now)

    def pending(self, site_id: str, now: datetime, limit: int = 200) -> list[Approval]:
        """Return what waits for an answer, the oldest request first."""
        with self.database.reading() as session:
            return pending_approvals(session, site_id, now, limit)

    def kill(self, scope: str, by: str, reason: str, now: datetime) -> KillSwitch:
        """Stop all repairs of the site *scope*, or of `ALL_SITES`, before the next one begins.

        Once this returns nobody claims there. What is under way is finished or rolled back. Raises
        NameInvalid for what can be no site.
        """
        with self.database.writing() as session:
            self._hold(session, scope)
            return switch_on(session, scope, by, reason, now)

    def unkill(self, scope: str, by: str, now: datetime) -> bool:
        """Let repairs go on; return whether the switch was on. Raises ApproverRefused."""
        refuse_approver(by, "")
        with self.database.writing() as session:
            self._hold(session, scope)
            return switch_off(session, scope, by, now)

    def kill_switches(self, site_id: str) -> tuple[KillSwitch, ...]:
        """Return the switches that stop *site_id* now."""
        with self.database.reading() as session:
            return self._switches(session, site_id)

    def _answer(self, approval_id: str, state: ApprovalState, by: str, now: datetime) -> Approval:
        with self.database.writing() as session:
            lock_site(session, find_approval(session, approval_id).request.site_id)
            approval = find_approval(session, approval_id)
            answered = answer_approval(session, approval, Answer(state, by, now), self.policy)
        if answered.state is not state:
            raise closed(answered)  # only now: that it is too late has to be remembered
        return answered

    def _strict(self, request: RepairRequest) -> RepairRequest:
        runbook = self.runbooks.get(request.runbook_id)
        if runbook is None:
            raise RunbookNotFound(
                "there is no such runbook",
                value=request.runbook_id,
                remedy=f"Known: {', '.join(self.runbooks) or 'none'}.",
            )
        return as_strict_as(request, runbook)

    def _situation(self, session: Session, request: RepairRequest, now: datetime) -> Situation:
        return Situation(
            kill_switches=self._switches(session, request.site_id),
            approvals=approvals_for(session, request, self.policy),
            tries=read_tries(session, request, self.policy, now),
            running=read_running(session, request.site_id),
            canary=read_canary(session, request.site_id, request.runbook_id),
        )

    def _switches(self, session: Session, site_id: str) -> tuple[KillSwitch, ...]:
        file = file_switch(self.policy.kill_switch_file)
        return (*([file] if file else []), *read_switches(session, site_id))

    def _has_room(self, request: RepairRequest, now: datetime) -> bool:
        days = self.policy.calendar(request.host_id, request.host.groups)
        return days.is_open(now, request.longest_seconds)

    @staticmethod
    def _hold(session: Session, scope: str) -> None:
        if scope == ALL_SITES:
            lock_all_sites(session)
        else:
            lock_site(session, refuse_unsafe_name("site_id", scope))
