# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its updates: its level, what is missing, and what stands in the way."""

from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from ..models import CheckId, Instant
from ..policy import NonNegativeInt, Policy, PositiveInt
from .host import CheckFacts
from .probe import FactDocument, FactList, HostModel, Probe

# CurrentState of a servicing package (Microsoft, "CBS Servicing States Chart", 2015).
INSTALL_PENDING, INSTALLED, PERMANENT = 96, 112, 128
# OperationResultCode of the update agent.
SUCCEEDED, SUCCEEDED_WITH_ERRORS = 2, 3
# UpdateOperation of a history entry.
INSTALLATION = 1
# Events of Microsoft-Windows-WindowsUpdateClient.
INSTALL_SUCCEEDED, INSTALL_FAILED, INSTALL_STARTED = 19, 20, 43
# Windows Server Update Services, as IUpdateService.ServiceID.
WSUS = "3da21691-e39d-4da6-8a4b-b43877bcb1b7"


class Package(HostModel):
    """A cumulative update (Package_for_RollupFix) in the component store."""

    build: int
    ubr: int
    state: int | None
    installed_at: Instant | None

    @property
    def is_installed(self) -> bool:
        return self.state in {INSTALLED, PERMANENT}

    @property
    def is_pending(self) -> bool:
        return self.state == INSTALL_PENDING


class PackageList(HostModel):
    """The newest packages; ``total`` counts all."""

    total: int
    packages: FactList[Package]


class AgentDates(HostModel):
    """When automatic updates last succeeded. Each new set of virus definitions counts as install."""

    last_search_at: Instant | None
    last_install_at: Instant | None


class SearchWarning(HostModel):
    """IUpdateException: context 4 says that the search is incomplete."""

    context: int
    hresult: str


class Update(HostModel):
    """A missing update; ``published_at`` is its LastDeploymentChangeTime."""

    update_id: str
    kbs: tuple[str, ...]
    severity: Literal["critical", "important", "moderate", "low"] | None
    published_at: Instant | None
    category_ids: tuple[str, ...]
    browse_only: bool
    is_downloaded: bool
    is_mandatory: bool
    reboot_required: bool
    reboot_behavior: int
    impact: int

    @property
    def name(self) -> str:
        return f"KB{self.kbs[0]}" if self.kbs else self.update_id


class Search(HostModel):
    """The answer of the update agent; ``total`` counts the updates that the list may have cut."""

    online: bool
    result_code: int
    warnings: FactList[SearchWarning]
    total: int
    updates: FactList[Update]

    @property
    def has_answer(self) -> bool:
        return self.result_code in {SUCCEEDED, SUCCEEDED_WITH_ERRORS}


class HistoryEntry(HostModel):
    operation: int
    result_code: int
    hresult: str
    at: Instant | None
    update_id: str
    kbs: tuple[str, ...]


class History(HostModel):
    total: int
    entries: FactList[HistoryEntry]


class UpdateEvent(HostModel):
    """An installation that began, succeeded or failed; ``hresult`` is set for a failure."""

    id: int
    at: Instant
    update_id: str
    hresult: str | None
    kbs: tuple[str, ...]


class ServicingEvent(HostModel):
    """A package asked for a reboot."""

    at: Instant


class Hotfix(HostModel):
    hotfix_id: str | None


class HotfixList(HostModel):
    total: int
    hotfixes: FactList[Hotfix]


class UpdateSettings(HostModel):
    """Registry values of group policy, of device management (mdm) and of the settings page."""

    no_auto_update: int | None
    au_options: int | None
    scheduled_install_day: int | None
    use_wsus: int | None
    wsus_scheme: Literal["none", "http", "https", "other"]
    disable_access: int | None
    no_internet: int | None
    defer_quality: int | None
    defer_quality_days: int | None
    pause_quality_at: Instant | None
    target_release: str | None
    pause_expires_at: Instant | None
    mdm_allow_auto_update: int | None
    mdm_defer_quality_days: int | None
    mdm_pause_quality: int | None


class UpdateService(HostModel):
    """A service that offers updates, such as WSUS or Microsoft Update."""

    service_id: str
    is_default: bool
    is_managed: bool


class Service(HostModel):
    """Win32_Service; a trigger starts most services of updates, so that stopped is normal."""

    name: str
    exists: bool
    state: str | None
    start_mode: str | None
    exit_code: int | None


class RebootSigns(HostModel):
    """Who waits for a reboot. ``file_renames`` are left behind on most hosts and prove nothing."""

    servicing_pending: bool
    servicing_in_progress: bool
    packages_pending: bool
    update_required: bool
    server_manager: int | None
    computer_rename: bool
    domain_join: bool
    file_renames: int


class AgentReboot(HostModel):
    required: bool


class PatchingFacts(CheckFacts):
    """One probe a source, in the order in which the judge believes them."""

    packages: Probe[PackageList] = Probe()
    agent_dates: Probe[AgentDates] = Probe()
    search: Probe[Search] = Probe()
    cached_search: Probe[Search] = Probe()
    legacy_dates: Probe[AgentDates] = Probe()
    history: Probe[History] = Probe()
    events: Probe[FactList[UpdateEvent]] = Probe()
    servicing_events: Probe[FactList[ServicingEvent]] = Probe()
    hotfixes: Probe[HotfixList] = Probe()
    settings: Probe[UpdateSettings] = Probe()
    update_services: Probe[FactList[UpdateService]] = Probe()
    services: Probe[FactList[Service]] = Probe()
    reboot: Probe[RebootSigns] = Probe()
    agent_reboot: Probe[AgentReboot] = Probe()

    @property
    def best_search(self) -> Search | None:
        """The search that answered; the cache counts only when the source of updates did not."""
        for probe in (self.search, self.cached_search):
            if probe.value is not None and probe.value.has_answer:
                return probe.value
        return None


def _parse_day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_parse_day)]
Guid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Release(NamedTuple):
    """An update level (UBR) of a build. A hotpatch is numbered below the cumulative one of its day."""

    ubr: int
    released_on: Day
    kind: Literal["lcu", "out_of_band", "hotpatch"]


class SupportEnd(NamedTuple):
    """The last day of support of the editions that match, as in ``Server*``."""

    edition: str
    last_day: Day


class PatchingPolicy(Policy):
    """Thresholds of ``rules/policy/patching.yml``; the file names the source of each default."""

    critical_sla_days: PositiveInt
    high_sla_days: PositiveInt
    unrated_severity: Literal["critical", "high"]
    lcu_age_warn_days: PositiveInt
    lcu_age_fail_days: PositiveInt
    scan_age_warn_days: PositiveInt
    scan_age_fail_days: PositiveInt
    pending_reboot_warn_hours: PositiveInt
    pending_reboot_fail_hours: PositiveInt
    pending_reboot_first_seen: Annotated[
        Instant | None, Field(description="Like 2026-03-02T12:00:00Z.")
    ] = None
    install_failures_max: NonNegativeInt
    install_failure_window_days: PositiveInt
    required_auto_update: bool
    managed_by: Annotated[
        Literal["none", "wsus", "intune", "sccm", "rmm"],
        Field(description="One of none, wsus, intune, sccm, rmm."),
    ]
    quality_deferral_max_days: NonNegativeInt
    hotpatch_enrolled: bool
    esu_until: Annotated[Day | None, Field(description="Like 2026-10-13.")] = None
    support_notice_days: NonNegativeInt
    security_category_ids: Annotated[tuple[Guid, ...], Field(min_length=1)]
    definition_category_ids: tuple[Guid, ...]
    ignored_kbs: tuple[Annotated[str, Field(pattern=r"^[0-9]{6,8}$")], ...]
    online_search: Annotated[
        Literal["auto", "always", "never"], Field(description="One of auto, always, never.")
    ]
    search_timeout_seconds: Annotated[
        int, Field(ge=30, le=3600, description="Seconds, from 30 to 3600.")
    ]
    lcu_releases: dict[int, Annotated[tuple[Release, ...], Field(min_length=1)]]
    os_end_of_support: dict[int, Annotated[tuple[SupportEnd, ...], Field(min_length=1)]]

    @model_validator(mode="after")
    def _a_warning_comes_first(self) -> Self:
        for warn, fail in (
            ("lcu_age_warn_days", "lcu_age_fail_days"),
            ("scan_age_warn_days", "scan_age_fail_days"),
            ("pending_reboot_warn_hours", "pending_reboot_fail_hours"),
            ("critical_sla_days", "high_sla_days"),
        ):
            if getattr(self, warn) > getattr(self, fail):
                raise ValueError(f"{warn} is larger than {fail}")
        return self

    @classmethod
    def tables(cls) -> frozenset[str]:
        return frozenset({"lcu_releases", "os_end_of_support"})

    def collector_options(self) -> dict[str, Any]:
        return {
            "online_search": self.online_search,
            "search_timeout_seconds": self.search_timeout_seconds,
            "ignored_kbs": list(self.ignored_kbs),
        }


def parse_facts(document: FactDocument) -> PatchingFacts:
    """Return the patching facts of *document*."""
    return PatchingFacts.parse(document, CheckId.PATCHING)
