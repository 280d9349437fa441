# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its audit policy and event logs, and what the policy demands."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ..models import CheckId, Instant
from ..policy import Days, Hours, Minutes, Policy, PolicyModel, PositiveInt
from .host import CheckFacts
from .host_record import FactList, HostRecord
from .logging_audit import AuditOwner, AuditPolicy, AuditSettings, Count, Guid
from .probe import UNREAD, Probe

LogMode = Literal["circular", "auto_backup", "retain"]
SECURITY = "Security"
# What the collector resolves: a shorter silence is not in the facts.
RESOLUTION_MINUTES = 120
# Of Win32_Service.State, what the event log service can be in.
SERVICE_STATES = frozenset({"Running", "Stopped", "Paused", "Start Pending", "Stop Pending"})


class LogState(HostRecord):
    """A log as the event log service runs it."""

    name: str
    exists: bool
    enabled: bool | None
    mode: LogMode | None
    max_bytes: Count | None
    file_bytes: Count | None
    full: bool | None

    def __post_init__(self) -> None:
        if self.exists and None in (self.enabled, self.mode, self.max_bytes):
            raise ValueError(f"{self.name} exists without a configuration")


class LogSetting(HostRecord):
    """What the registry asks of a log: the service in bytes, a group policy in kilobytes."""

    name: str
    max_bytes: int | None
    retention: int | None
    auto_backup: int | None
    warning_level: int | None
    policy_max_kb: int | None
    policy_retention: str | None

    @property
    def size(self) -> int | None:
        """The size in bytes that is asked for; None when it is not set."""
        return self.max_bytes if self.policy_max_kb is None else self.policy_max_kb * 1024

    @property
    def mode(self) -> LogMode | None:
        """The mode that is asked for; None when it is not set."""
        if self.policy_retention is None and self.retention is None:
            return None
        # Text from a policy that wins over the number of the service; 0 overwrites in both.
        asked = self.retention if self.policy_retention is None else self.policy_retention
        if asked in {0, "0"}:
            return "circular"
        return "auto_backup" if self.auto_backup == 1 else "retain"


class Service(HostRecord):
    """Win32_Service; ``state`` and ``start_mode`` are the same in every language."""

    name: str
    exists: bool
    state: str | None
    start_mode: str | None

    @property
    def is_running(self) -> bool:
        return self.exists and self.state == "Running"

    @property
    def is_known(self) -> bool:
        """Whether the state is one that Windows has; a service may hide from the list."""
        return self.exists and self.state in SERVICE_STATES


class Agent(HostRecord):
    """An installed service that ships events elsewhere."""

    name: str
    state: str | None
    start_mode: str | None


class LogRecord(HostRecord):
    """A record of a log by its number."""

    number: Count
    at: Instant


class Silence(HostRecord):
    """A stretch between two records that follow each other."""

    NAMES: ClassVar = {"from_at": "from", "to_at": "to"}

    from_at: Instant
    to_at: Instant


class LogActivity(HostRecord):
    """The ends of a log, and every silence above two hours from ``covered_from`` on.

    ``gaps`` holds the newest of ``gaps_found``. An empty log has no ends.
    """

    newest: LogRecord | None
    oldest: LogRecord | None
    records: Count | None
    covered_from: Instant | None
    gaps_found: Count
    gaps: FactList[Silence]


class LogEvent(HostRecord):
    id: int
    at: Instant


class ForwardingEvent(LogEvent):
    error_code: str | None


class ClearedLog(HostRecord):
    """A log was emptied; ``sid`` is the account that did it, where the record says so."""

    log: str
    at: Instant
    sid: str | None


class PowerShellLogging(HostRecord):
    """Policy values: 1 on, 0 off, None not set."""

    script_block: int | None
    module: int | None
    transcription: int | None
    core_script_block: int | None


class Forwarding(HostRecord):
    """Addresses of the collectors that a policy names for Windows event forwarding."""

    managers: FactList[str]


class ForwardingReader(HostRecord):
    """Whether NETWORK SERVICE, as which forwarding reads, may read the Security log."""

    network_service: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingFacts(CheckFacts):
    """One probe a source, in the order in which they are read."""

    CHECK = CheckId.LOGGING

    audit_policy: Probe[AuditPolicy] = UNREAD
    # Read when the first source gave no answer, else absent.
    audit_policy_backup: Probe[AuditPolicy] = UNREAD
    audit_settings: Probe[AuditSettings] = UNREAD
    audit_owner: Probe[AuditOwner] = UNREAD
    logs: Probe[FactList[LogState]] = UNREAD
    log_settings: Probe[FactList[LogSetting]] = UNREAD
    services: Probe[FactList[Service]] = UNREAD
    security_activity: Probe[LogActivity] = UNREAD
    system_activity: Probe[LogActivity] = UNREAD
    power_events: Probe[FactList[LogEvent]] = UNREAD
    cleared_events: Probe[FactList[ClearedLog]] = UNREAD
    tamper_events: Probe[FactList[LogEvent]] = UNREAD
    powershell: Probe[PowerShellLogging] = UNREAD
    forwarding: Probe[Forwarding] = UNREAD
    forwarding_events: Probe[FactList[ForwardingEvent]] = UNREAD
    forwarding_reader: Probe[ForwardingReader] = UNREAD
    agents: Probe[FactList[Agent]] = UNREAD

    @property
    def audit(self) -> AuditPolicy | None:
        """The audit policy in force, by the first of its two sources that was read."""
        first = self.audit_policy.value
        return self.audit_policy_backup.value if first is None else first


class AuditRule(PolicyModel):
    """What must be audited of one subcategory; ``cis`` is its number in the benchmark."""

    guid: Guid
    name: str
    bits: Annotated[int, Field(ge=1, le=3, description="1 success, 2 failure, 3 both.")]
    core: bool
    dc: bool
    cis: str


class ChangeTicket(PolicyModel):
    """A stretch of time in which somebody was allowed to clear logs."""

    reference: Annotated[str, Field(min_length=1)]
    opens_at: Instant
    closes_at: Instant

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.opens_at >= self.closes_at:
            raise ValueError("closes_at must be later than opens_at")
        return self


QuietMinutes = Annotated[
    int,
    Field(
        ge=RESOLUTION_MINUTES,
        le=36_500 * 24 * 60,
        description=f"Minutes, from {RESOLUTION_MINUTES}, or null.",
    ),
]


class LoggingPolicy(Policy):
    """Thresholds of ``rules/policy/logging.yml``; the file names the source of each default."""

    audit_baseline: Annotated[tuple[AuditRule, ...], Field(min_length=1)]
    log_sizes_kb: Annotated[
        dict[str, PositiveInt], Field(min_length=1, description="Kilobytes by name of the log.")
    ]
    security_log_fail_below_kb: PositiveInt
    required_logs: Annotated[
        tuple[str, ...], Field(min_length=1, description="Names that log_sizes_kb has, too.")
    ]
    retention_modes: Annotated[
        tuple[Literal["circular", "auto_backup"], ...],
        Field(min_length=1, description="Some of circular, auto_backup."),
    ]
    security_warning_level_percent_max: Annotated[int, Field(ge=1, le=100)]
    min_span_days: Days
    tamper_lookback_days: Days
    log_clear_tickets: tuple[ChangeTicket, ...]
    max_quiet_minutes_server: QuietMinutes | None
    max_quiet_minutes_client: QuietMinutes | None
    newest_record_warn_minutes: Minutes
    force_subcategory_required: bool
    file_system_auditing_required: bool
    script_block_logging_required: bool
    transcription_required: bool
    module_logging_required: bool
    forwarding_required: Annotated[
        Literal["none", "wef", "agent"], Field(description="One of none, wef, agent.")
    ]
    forwarding_failing_hours: Hours
    forwarding_agents: tuple[str, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        unsized = sorted({SECURITY, *self.required_logs} - set(self.log_sizes_kb))
        if unsized:
            raise ValueError(f"log_sizes_kb has no size for {', '.join(unsized)}")
        if self.security_log_fail_below_kb > self.log_sizes_kb[SECURITY]:
            raise ValueError("security_log_fail_below_kb is above the size in log_sizes_kb")
        return self

    @classmethod
    def tables(cls) -> frozenset[str]:
        return frozenset({"audit_baseline", "forwarding_agents"})

    def collector_options(self) -> dict[str, Any]:
        return {"logs": list(self.log_sizes_kb), "services": list(self.forwarding_agents)}
