# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner is asked: the contract's L2Context, read into typed values. Pure.

`L2Context` leaves open what its ``system_state`` and ``constraints`` hold. Here the first maps the
id of a check to its newest verdict, and the second is `Constraints`. What does not fit is refused
as a whole: a planner that half understands what it was told must not choose.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...checks.judgement import BY_WEIGHT, SEVERITIES, SHARED_CODES, Code
from ...errors import ComplianceError
from ...judges import JUDGES
from ...models import (
    CheckId,
    CheckStatus,
    ComplianceCheck,
    Finding,
    Incident,
    IncidentStatus,
    Instant,
    L2Context,
    Severity,
)
from ..passed import passed_checks
from ..registry import Registry

# "Last 10 incidents on this host", says the contract.
RECENT_MAX = 10
_GRAVE = frozenset({Severity.CRITICAL, Severity.HIGH})
ModelT = TypeVar("ModelT", bound=BaseModel)
RunbookId = Annotated[str, Field(pattern=r"^RB-WIN-[A-Z]+-[0-9]{3}$")]


class ContextInvalid(ComplianceError):
    """The planner was asked something that it cannot read; a person takes the incident."""

    code = "l2_context_invalid"


class Constraints(BaseModel):
    """What the site forbids. An unknown key is refused: what is not understood is not ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    approval_required: bool = False
    # A window is open now. It permits nothing here: the gate asks again before each step.
    maintenance_window: bool = False
    # Whether such a runbook may be proposed; to act with one is never the planner's.
    disruptive_allowed: bool = True
    reboot_allowed: bool = True
    forbidden_runbooks: tuple[RunbookId, ...] = ()
    # When the controller asked for the system state, by its own clock. None: not known, so that no
    # check of it is a proof that another repair may rest on.
    checked_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One incident, with the findings of its check, the worst ones first."""

    incident: Incident
    check: ComplianceCheck
    findings: tuple[Finding, ...]
    recent: tuple[Incident, ...]
    available: tuple[str, ...]
    constraints: Constraints
    passed: frozenset[CheckId] = frozenset()  # other checks that have passed, freshly

    @property
    def policy(self) -> Mapping[str, Any]:
        """Return the policy under which the check was judged."""
        found: Any = self.check.details.get("policy") or {}
        return found if isinstance(found, Mapping) else {}

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """Return the findings that ask for something."""
        return tuple(item for item in self.findings if item.status is not CheckStatus.PASS)

    @property
    def leading(self) -> tuple[Finding, ...]:
        """Return the worst finding, and those that are as bad: none of them comes first."""
        found = self.open_findings
        return tuple(item for item in found if _weight(item) == _weight(found[0]))

    @property
    def grave(self) -> tuple[Finding, ...]:
        """Return the findings that nobody may pass over: proven faults, and what is urgent."""
        return tuple(
            item
            for item in self.open_findings
            if item.status is CheckStatus.FAIL or item.severity in _GRAVE
        )


def known_codes(check: CheckId) -> Mapping[str, Code]:
    """Return every code that *check* can report."""
    return {**SHARED_CODES, **JUDGES[check].catalogue}


def context_of(
    incident: Incident,
    checks: Iterable[ComplianceCheck],
    recent: Sequence[Incident],
    registry: Registry,
    constraints: Constraints,
) -> L2Context:
    """Return the contract's question about *incident*; *checks* are the newest of its host."""
    offered = registry.for_check(incident.check_type)
    return L2Context(
        incident=incident,
        system_state={check.check_id.value: check.to_dict() for check in checks},
        recent_incidents=tuple(recent[:RECENT_MAX]),
        available_runbooks=tuple(item.runbook_id for item in offered),
        constraints=constraints.model_dump(mode="json"),
    )


def read_case(context: L2Context, now: datetime) -> Case:
    """Return *context* as typed values; raises ContextInvalid, which names what does not fit."""
    incident = context.incident
    if incident.status not in {IncidentStatus.OPEN, IncidentStatus.IN_PROGRESS}:
        raise ContextInvalid("the incident is not open", value=incident.status.value)
    _refuse_strangers(incident, context.recent_incidents)
    check = _read_check(incident.check_type, context.system_state)
    findings = _read_findings(check)
    constraints = _read(Constraints, context.constraints, "constraints")
    others, asked_at = _others(incident.check_type, context.system_state), constraints.checked_at
    return Case(
        incident,
        check,
        findings,
        context.recent_incidents,
        context.available_runbooks,
        constraints,
        passed_checks(others, asked_at, now) if asked_at is not None else frozenset(),
    )


def _refuse_strangers(incident: Incident, recent: Iterable[Incident]) -> None:
    place = (incident.site_id, incident.host_id)
    if any((item.site_id, item.host_id) != place for item in recent):
        raise ContextInvalid(
            "a recent incident is of another host", remedy="Give those of this host only."
        )


def _read_check(check_id: CheckId, state: Mapping[str, Any]) -> ComplianceCheck:
    allowed = {check.value for check in CheckId}
    if unknown := sorted(set(state) - allowed):
        raise ContextInvalid(f"system_state has {len(unknown)} keys that are no checks")
    document = state.get(check_id.value)
    if not isinstance(document, dict):
        raise ContextInvalid("system_state lacks the check of the incident", value=check_id.value)
    check = _read(ComplianceCheck, document, f"system_state.{check_id}")
    if check.check_id is not check_id or check.status is CheckStatus.PASS:
        value = f"{check.check_id} {check.status}"
        raise ContextInvalid("the check is not the one that failed", value=value)
    return check


def _others(check_id: CheckId, state: Mapping[str, Any]) -> Iterator[ComplianceCheck]:
    """Yield the verdicts on other checks. One that cannot be read proves nothing."""
    for name, document in state.items():
        if name == check_id.value:
            continue
        with suppress(ContextInvalid):
            check = _read(ComplianceCheck, document, f"system_state.{name}")
            if check.check_id.value == name:
                yield check


def _read_findings(check: ComplianceCheck) -> tuple[Finding, ...]:
    where = f"system_state.{check.check_id}.details.findings"
    listed = check.details.get("findings")
    if not isinstance(listed, list):
        raise ContextInvalid(f"{where} is no list")
    findings = tuple(_read(Finding, item, where) for item in listed)
    known = known_codes(check.check_id)
    for finding in findings:
        # A message that is not ours came from somewhere else, and so did perhaps the rest.
        entry = known.get(finding.code)
        if entry is None or entry.phrase != finding.message:
            raise ContextInvalid(
                f"{where}: a finding is not of this release",
                remedy="Check the host again with this release.",
            )
    if not any(item.status is not CheckStatus.PASS for item in findings):
        raise ContextInvalid(f"{where}: nothing was found that asks for anything")
    return tuple(sorted(findings, key=_weight))


def _read(model: type[ModelT], document: object, where: str) -> ModelT:
    try:
        # As JSON, where a list is the only form that a tuple has.
        return model.model_validate_json(json.dumps(document))
    except ValidationError as error:
        # Where, and not what: the value may be somebody's data.
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join((where, *map(str, problem["loc"])))
        raise ContextInvalid(f"{place}: {problem['msg']}") from error


def _weight(finding: Finding) -> tuple[int, int]:
    return BY_WEIGHT.index(finding.status), SEVERITIES.index(finding.severity)
