# SPDX-License-Identifier: GPL-3.0-or-later
"""All stores of the healer over one database, with ids that count, and a small healer to test them.

The healer here does what any has to: it commits each transition before the deed, and goes on with
what another run left. The host that it repairs is a file, so that it outlives a process.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.attempts import (
    Attempt,
    AttemptState,
    saved_by_steps,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.sightings import (
    Verdict,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.steps import Phase
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    ResolutionLevel,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.attempt_history import (
    AttemptHistory,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.attempt_plans import (
    Plan,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.attempts import (
    AttemptStore,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import Database
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.incidents import (
    IncidentStore,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.outbox import Outbox
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.rechecks import (
    RecheckStore,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.suppressions import (
    SuppressionStore,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.ticketing import (
    TicketDesk,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.tickets import (
    TicketStore,
)
from unit.healing.remembered import (
    OFF,
    POLICY,
    RELAPSE,
    RUNBOOK,
    TICKETS,
    PlainScrubber,
    fails,
    passes,
    ran,
)


def counting(kind: str, start: int = 1) -> Callable[[], str]:
    numbers: Iterator[int] = count(start)
    return lambda: f"{kind}-{next(numbers)}"


class Memory:
    """Every store; ids are ``incident-1``, ``attempt-1``, ``ticket-1`` and so on."""

    def __init__(self, database: Database, policy=POLICY, start: int = 1, **desk) -> None:
        self.database = database
        self.desk = TicketDesk(TICKETS, PlainScrubber(), new_id=counting("ticket", start), **desk)
        self.incidents = IncidentStore(
            database, policy, self.desk, new_id=counting("incident", start)
        )
        self.attempts = AttemptStore(
            database, RELAPSE, self.desk, new_id=counting("attempt", start)
        )
        self.history = AttemptHistory(database)
        self.tickets = TicketStore(database, self.desk)
        self.rechecks = RecheckStore(database, self.desk)
        self.suppressions = SuppressionStore(database)
        self.outbox = Outbox(database)

    def opened(self, *codes: str, **parts) -> str:
        """Let the check fail at noon; return the id of the incident."""
        ((_, event),) = self.incidents.record([fails(0, *codes, **parts)])
        return event.after.incident_id

    def planned(self, now: datetime, incident_id: str = "incident-1", **parts):
        """Return an attempt of rule or planner, or the bar against it."""
        plan = {
            "incident_id": incident_id, "tier": ResolutionLevel.L1,
            "requested_by": "rule:L1-FIREWALL-001", "runbook_id": RUNBOOK,
            "parameters": {"profile": "domain"}, "claims": frozenset({OFF}),
            "can_roll_back": True, "run_id": "heal-1",
        }  # fmt: skip
        return self.attempts.plan(Plan(**plan | parts), now)

    def acting(self, now: datetime, **parts) -> Attempt:
        """Return an attempt that has done its one step."""
        made = self.planned(now, **parts)
        for state in (AttemptState.CLAIMED, AttemptState.CHECKED):
            made = self.attempts.advance(made, state, now)
        made = self.attempts.begin(made, Phase.STEP, now, 1)
        self.attempts.finish(made, ran(saved={"value": 0}), now)
        return made

    def rechecking(self, now: datetime, **parts) -> Attempt:
        made = self.attempts.advance(self.acting(now, **parts), AttemptState.VALIDATING, now)
        return self.attempts.advance(made, AttemptState.RECHECKING, now)

    def repaired(self, now: datetime, after: Verdict, *, member: bool = False, **parts) -> Attempt:
        """Return an attempt that succeeded, as *after* says, and is sealed."""
        made = self.rechecking(now, **parts)
        done = self.attempts.succeed(made, after, now, is_domain_member=member)
        assert done is not None
        self.history.sealed(done.attempt_id, f"EB-20260302-00{done.attempt_id[-1]}001", now)
        return done

    def failed(self, now: datetime, reason: str = "not_mended", **parts) -> Attempt:
        """Return an attempt that did not help and was rolled back."""
        made = self.attempts.advance(
            self.acting(now, **parts), AttemptState.ROLLING_BACK, now, reason
        )
        return self.attempts.advance(made, AttemptState.ROLLED_BACK, now)


@dataclass
class Host:
    """A host whose fault two steps mend; every step that was done to it is written down."""

    file: Path
    steps: int = 2

    def state(self) -> dict:
        return json.loads(self.file.read_text()) if self.file.exists() else {"done": [], "log": []}

    def do(self, attempt_id: str, phase: Phase, step: int) -> None:
        state = self.state()
        state["log"].append([attempt_id, phase.value, step])
        if phase is Phase.STEP:
            state["done"].append(step)
        elif phase is Phase.ROLLBACK and step in state["done"]:
            state["done"].remove(step)
        self.file.write_text(json.dumps(state))

    @property
    def is_mended(self) -> bool:
        return self.state()["done"] == list(range(1, self.steps + 1))

    @property
    def is_untouched(self) -> bool:
        return self.state()["done"] == []


@dataclass
class Healer:
    """Heals the one incident there is; *between* is called between any two deeds."""

    memory: Memory
    host: Host
    run_id: str
    now: datetime
    minutes: float
    between: Callable[[str], None] = lambda _where: None
    seen: list[str] = field(default_factory=list)

    def look(self) -> Verdict:
        check = passes if self.host.is_mended else fails
        return check(self.minutes, run=self.run_id)

    def run(self) -> None:
        """Go on with what was cut off, else heal what is open."""
        left = self.memory.attempts.unfinished("clinic-001")
        for item in left:
            self.go_on(self.memory.attempts.take_over(item, self.run_id, self.now))
        for incident in self.memory.incidents.to_heal("clinic-001"):
            if left:
                return  # the next run sees what came of it
            self.between("plan")
            plan = {"incident_id": incident.incident_id, "run_id": self.run_id}
            self.heal(self.memory.planned(self.now, **plan))

    def heal(self, made: Attempt) -> None:
        store, now = self.memory.attempts, self.now
        self.between("claim")
        made = store.advance(made, AttemptState.CLAIMED, now)
        self.between("check")
        made = store.advance(made, AttemptState.CHECKED, now)
        for step in range(1, self.host.steps + 1):
            self.between(f"before {step}")
            made = store.begin(made, Phase.STEP, now, step)
            self.between(f"begun {step}")
            self.host.do(made.attempt_id, Phase.STEP, step)
            self.between(f"done {step}")
            store.finish(made, ran(saved={"step": step}), now)
        self.between("validate")
        self.go_on(store.advance(made, AttemptState.VALIDATING, now))

    def go_on(self, made: Attempt) -> None:
        store, now = self.memory.attempts, self.now
        if made.state.is_final:
            return
        if made.state is AttemptState.VALIDATING:
            self.between("recheck")
            made = store.advance(made, AttemptState.RECHECKING, now)
            self.between("looked")
            if store.succeed(made, self.look(), now, is_domain_member=False) is not None:
                return
            self.between("roll back")
            made = store.advance(made, AttemptState.ROLLING_BACK, now, "not_mended")
        saved = saved_by_steps(store.steps(made.attempt_id))
        for step in range(made.step_id, 0, -1):
            self.between(f"undo {step}")
            made = store.begin(made, Phase.ROLLBACK, now, step)
            self.between(f"undoing {step}")
            assert set(saved) >= {str(item) for item in range(1, made.step_id)}
            self.host.do(made.attempt_id, Phase.ROLLBACK, step)
            self.between(f"undone {step}")
            store.finish(made, ran(), now)
        self.between("rolled back")
        store.advance(made, AttemptState.ROLLED_BACK, now)
