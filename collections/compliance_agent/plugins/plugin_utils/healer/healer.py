# SPDX-License-Identifier: GPL-3.0-or-later
"""The healer of one run: rules, planner, gate and memory, put together for one site."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..checks.judgement import BY_WEIGHT
from ..errors import ComplianceError
from ..healing.incidents import FollowPolicy
from ..healing.lint import load_matcher
from ..healing.matching import Matcher
from ..healing.parameters import ConnectionSource, Parameter
from ..healing.planner.decide import Planner
from ..healing.planner.endpoint import EndpointSettings, OpenAiEndpoint
from ..healing.planner.plans import Mode
from ..healing.policy import HealingPolicy, load_healing_policy
from ..healing.registry import Registry, load_registry
from ..healing.relapse import RelapsePolicy, load_relapse_policy
from ..healing.runbooks import Runbook
from ..healing.ticket_policy import load_ticket_policy
from ..models import CheckId, CheckStatus
from ..phi.scrubber import Scrubber
from ..store.attempt_history import AttemptHistory
from ..store.attempts import AttemptStore
from ..store.database import Database
from ..store.gates import Gate
from ..store.incidents import IncidentStore
from ..store.migrating import prepare_database
from ..store.rechecks import RecheckStore
from ..store.run_identity import RunIdentity
from ..store.suppressions import SuppressionStore
from ..store.ticketing import TicketDesk
from ..store.tickets import TicketStore
from .asking import Model, consultant_of

DATABASE_VARIABLE = "HIPAA_DATABASE_URL"
# Beside the evidence; no site has this name, since those begin with a letter or digit.
DEFAULT_FILE = ".index.sqlite3"


class MemoryMissing(ComplianceError):
    """The healer cannot keep what it does, so it does nothing."""

    code = "healer_memory_missing"


@dataclass(frozen=True, slots=True)
class HealerSettings:
    """Where the healer of a run finds what it needs; *healing* is ``compliance_healing``.

    *known* is what only the controller knows: from where, and on which port, it reaches the host.
    *plans* says that decisions will be asked for, which a model may have a voice in.
    """

    site_id: str
    rules_dir: Path
    database_url: str
    run: RunIdentity
    healing: Mapping[str, Any] | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    plans: bool = True


@dataclass(frozen=True, slots=True)
class Healer:
    """All parts of the healer, for one site and one run. Close it when the task ends."""

    site_id: str
    run: RunIdentity
    database: Database
    registry: Registry
    matcher: Matcher
    policy: HealingPolicy
    relapse: RelapsePolicy
    planner: Planner
    gate: Gate
    incidents: IncidentStore
    attempts: AttemptStore
    history: AttemptHistory
    rechecks: RecheckStore
    tickets: TicketStore
    suppressions: SuppressionStore
    model: Model | None = None

    def close(self) -> None:
        """Close the connections of the database, and of the model."""
        if self.model is not None:
            self.model.close()
        self.database.close()


def default_database_url(evidence_dir: Path) -> str:
    """Return the database of the healer: HIPAA_DATABASE_URL, else the file of the index."""
    given = os.environ.get(DATABASE_VARIABLE)
    return given or f"sqlite:///{evidence_dir.absolute() / DEFAULT_FILE}"


def open_healer(
    settings: HealerSettings,
    scrubber: Scrubber,
    connect_model: Callable[[EndpointSettings], Model] = OpenAiEndpoint,
) -> Healer:
    """Return the healer of a run; its database is made and brought to this release.

    Raises a ComplianceError for rules, runbooks, policies, a model and a database that cannot be
    used.
    """
    rules = settings.rules_dir
    registry = with_known(load_registry(rules), settings.known)
    policy = load_healing_policy(rules, settings.healing, runbooks=registry.runbooks)
    relapse = load_relapse_policy(rules)
    mode, endpoint = Mode(policy.l2_mode.value), policy.l2_endpoint
    asks = settings.plans and mode is not Mode.OFF
    model = connect_model(endpoint) if asks and endpoint is not None else None
    database = _open_database(settings.database_url)
    desk = TicketDesk(
        load_ticket_policy(rules), scrubber, _escalate_when(registry), registry.runbooks
    )
    matcher = load_matcher(rules, registry.runbooks)
    warnings = frozenset(code for code, _status in _opened(matcher, CheckStatus.WARNING))
    follow = FollowPolicy(relapse, warnings, _opened(matcher, CheckStatus.ERROR))
    return Healer(
        site_id=settings.site_id,
        run=settings.run,
        database=database,
        registry=registry,
        matcher=matcher,
        policy=policy,
        relapse=relapse,
        planner=Planner(
            registry, scrubber, mode, consultant=consultant_of(model, scrubber, database)
        ),
        gate=Gate(database, policy, registry.runbooks, settings.run),
        incidents=IncidentStore(database, follow, desk),
        attempts=AttemptStore(database, relapse, desk),
        history=AttemptHistory(database),
        rechecks=RecheckStore(database, desk),
        tickets=TicketStore(database, desk),
        suppressions=SuppressionStore(database),
        model=model,
    )


def with_known(registry: Registry, known: Mapping[str, Any]) -> Registry:
    """Return *registry* with what is *known* of the connection as the default of what needs it.

    Raises ParameterInvalid for a value that a runbook does not take.
    """
    return Registry({key: _with_known(item, known) for key, item in registry.runbooks.items()})


def _with_known(runbook: Runbook, known: Mapping[str, Any]) -> Runbook:
    parameters = {
        name: _with_value(name, parameter, known) for name, parameter in runbook.parameters.items()
    }
    return runbook.model_copy(update={"parameters": parameters})


def _with_value(name: str, parameter: Parameter, known: Mapping[str, Any]) -> Parameter:
    source = parameter.source
    value = known.get(source.connection) if isinstance(source, ConnectionSource) else None
    if value is None:
        return parameter
    return parameter.model_copy(update={"default": parameter.check(name, value)})


def _open_database(url: str) -> Database:
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MemoryMissing(
                f"{folder} cannot be made",
                value=error.strerror,
                remedy=f"Make it, or set {DATABASE_VARIABLE}.",
            ) from error
    return prepare_database(url)


def _opened(matcher: Matcher, status: CheckStatus) -> frozenset[tuple[str, CheckStatus]]:
    """Return which findings a rule asks for where the check has *status*: code, own status.

    No finding outweighs its check.
    """
    weights = BY_WEIGHT[BY_WEIGHT.index(status) :]
    targets = (target for table in matcher.tables.values() for target in table.targets)
    return frozenset(
        (code, each)
        for item in targets
        if status in item.rule.pattern.status
        for each in item.rule.pattern.finding_status or weights
        if each in weights and each is not CheckStatus.PASS
        for code in item.codes
    )


def _escalate_when(registry: Registry) -> dict[CheckId, dict[str, tuple[str, ...]]]:
    return {
        check: {item.runbook_id: item.escalate_when for item in registry.for_check(check)}
        for check in CheckId
    }
