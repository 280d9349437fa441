# SPDX-License-Identifier: GPL-3.0-or-later
"""The models of the interface contract: strict, frozen, and the same for every part of the product.

What is signed (checks and bundles) holds text, booleans, null, whole numbers, lists and objects
only. A float is refused: its text differs between encoders, and a signature would not survive it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Self

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
)

from .instants import to_text
from .signable import SignableJson, SignableObject


class CheckId(StrEnum):
    """The six safeguards, in the order of every table and document."""

    PATCHING = "patching"
    AV_EDR = "av_edr"
    BACKUP = "backup"
    LOGGING = "logging"
    FIREWALL = "firewall"
    ENCRYPTION = "encryption"


class CheckStatus(StrEnum):
    """What a check found. Anything finer is a code in ``details.findings``."""

    PASS = "PASS"  # noqa: S105 - the contract's word, not a password
    WARNING = "WARNING"
    ERROR = "ERROR"
    FAIL = "FAIL"


class Severity(StrEnum):
    """How urgent a finding or an incident is; INFO is for findings that ask for nothing."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFO = "INFO"


class IncidentStatus(StrEnum):
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    RESOLVED = "RESOLVED"
    ESCALATED = "ESCALATED"


class ResolutionLevel(IntEnum):
    """Who resolved an incident: a rule, the planner, or a person."""

    L1 = 1
    L2 = 2
    L3 = 3


class Outcome(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial"


class ActionType(StrEnum):
    RESTART_SERVICE = "restart_service"
    APPLY_PATCH = "apply_patch"
    ENABLE_FEATURE = "enable_feature"
    FIX_CONFIG = "fix_config"
    RUN_SCRIPT = "run_script"
    ESCALATE = "escalate"


class Urgency(StrEnum):
    IMMEDIATE = "immediate"
    NEXT_BUSINESS_DAY = "next_business_day"
    SCHEDULED = "scheduled"


# Values of Python that JSON has not are refused, not written as orjson would.
_PLAIN_JSON = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def _parse_instant(value: object) -> object:
    # JSON has no time; strict models would refuse the text that we write ourselves.
    if isinstance(value, str) and value.endswith("Z"):
        return datetime.fromisoformat(value)
    return value


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_parse_instant),
    AfterValidator(_to_utc),
    PlainSerializer(to_text, return_type=str, when_used="json"),
]
LONGEST_HOST_NAME = 253
HostName = Annotated[str, Field(min_length=1, max_length=LONGEST_HOST_NAME)]


class ContractModel(BaseModel):
    """A model of the contract: unknown fields, guesses and changes are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    @classmethod
    def prepare(cls) -> None:
        """Build the validator now: one that a process builds after a fork, each fork builds."""
        cls.model_rebuild()

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of this model; times are text that ends in ``Z``."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Parse what `to_dict` gave, as strictly as JSON allows; raises ValidationError."""
        return cls.model_validate_json(orjson.dumps(document, option=_PLAIN_JSON))


class Finding(ContractModel):
    """One thing a judge saw: a stable code that rules match on, and what proves it."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    status: CheckStatus
    severity: Severity
    message: str = Field(description="One fixed English phrase; never text from Windows.")
    scope: str = Field(description="What it is about: a profile, a drive, a service; else empty.")
    observed: SignableJson
    expected: SignableJson
    gpo_managed: bool = Field(description="A group policy or MDM owns the setting.")


class ComplianceCheck(ContractModel):
    """The verdict on one safeguard of one host."""

    check_id: CheckId
    status: CheckStatus
    message: str
    timestamp: Instant
    hipaa_controls: tuple[str, ...]
    details: SignableObject
    remediation_available: bool


class Incident(ContractModel):
    """A failed check that somebody must care for."""

    incident_id: str
    site_id: str
    host_id: HostName
    check_type: CheckId
    severity: Severity
    status: IncidentStatus
    created_at: Instant
    resolved_at: Instant | None = None
    resolution_level: ResolutionLevel | None = None
    runbook_id: str | None = None
    evidence_bundle_id: str | None = None


class EvidenceBundle(ContractModel):
    """What was seen and done about one check of one host; signed as a whole."""

    bundle_id: Annotated[str, Field(pattern=r"^EB-[0-9A-Za-z]+-[0-9]{3,}$")]
    site_id: str
    host_id: HostName
    timestamp: Instant
    check: CheckId
    outcome: Outcome
    hipaa_controls: tuple[str, ...]
    pre_state: SignableObject
    post_state: SignableObject
    actions: tuple[str, ...]
    signature: str | None = None
    phi_scrubbed: bool


class HealingAction(ContractModel):
    """A repair to execute, as the gate sees it."""

    action_type: ActionType
    runbook_id: str
    parameters: dict[str, JsonValue]
    requires_approval: bool
    is_disruptive: bool
    maintenance_window_only: bool


class Order(ContractModel):
    """A signed instruction; it expires 15 minutes after it was issued unless it says otherwise."""

    order_id: str
    action: str
    target: str
    parameters: dict[str, JsonValue]
    issued_at: Instant
    expires_at: Instant
    signature: str
    requires_maintenance_window: bool


class RunbookStep(ContractModel):
    """One PowerShell script of a runbook, with the time and the tries it may take."""

    step_id: int
    description: str
    script: str
    timeout_seconds: Annotated[int, Field(gt=0)]
    retry_count: Annotated[int, Field(ge=0)]
    continue_on_error: bool


class RunbookDefinition(ContractModel):
    """A known repair: its steps, the way back, and the script that proves success."""

    runbook_id: Annotated[str, Field(pattern=r"^RB-WIN-[A-Z]+-[0-9]{3}$")]
    name: str
    description: str
    hipaa_controls: tuple[str, ...]
    is_disruptive: bool
    requires_reboot: bool
    estimated_duration: Annotated[str, Field(pattern=r"^[0-9]+[smh]$")]
    steps: Annotated[tuple[RunbookStep, ...], Field(min_length=1)]
    rollback_steps: tuple[RunbookStep, ...]
    validation_script: str


class L2Context(ContractModel):
    """What the planner may know of an incident."""

    incident: Incident
    system_state: dict[str, JsonValue]
    recent_incidents: tuple[Incident, ...] = Field(max_length=10)
    available_runbooks: tuple[str, ...]
    constraints: dict[str, JsonValue]


class L2Decision(ContractModel):
    """What the planner chose; its confidence is data, never a permission."""

    runbook_id: str
    parameters: dict[str, JsonValue]
    reasoning: str
    confidence: Annotated[float, Field(ge=0.0, le=1.0)]
    escalate: bool
    escalation_reason: str | None = None


class EscalationTicket(ContractModel):
    """All that a person needs to take over an incident."""

    ticket_id: str
    incident: Incident
    attempted_resolutions: tuple[dict[str, JsonValue], ...]
    l2_reasoning: str | None = None
    suggested_actions: tuple[str, ...]
    urgency: Urgency
    channels: tuple[str, ...]
