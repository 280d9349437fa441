# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its updates: its level, what is missing, and what stands in the way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator

from ..models import CheckId, Instant
from .host import CheckFacts
from .host_record import FactList, HostRecord
from .patching_policy import PatchingPolicy
from .probe import UNREAD, Probe

__all__ = ["PatchingFacts", "PatchingPolicy"]

# CurrentState of a servicing package (Microsoft, "CBS Servicing States Chart", 2015).
INSTALL_PENDING, INSTALLED, PERMANENT = 96, 112, 128
# A FILETIME is the time since then (Microsoft, "FILETIME structure").
FILETIME_YEAR = 1601
# OperationResultCode of the update agent.
SUCCEEDED, SUCCEEDED_WITH_ERRORS = 2, 3
# UpdateOperation of a history entry.
INSTALLATION = 1
# Events of Microsoft-Windows-WindowsUpdateClient.
INSTALL_SUCCEEDED, INSTALL_FAILED, INSTALL_STARTED = 19, 20, 43
# Windows Server Update Services, as IUpdateService.ServiceID.
WSUS = "3da21691-e39d-4da6-8a4b-b43877bcb1b7"


def _if_written(value: datetime | None) -> datetime | None:
    # A FILETIME counts from there: one that nobody wrote is 0.
    return None if value is not None and value.year <= FILETIME_YEAR else value


class Package(HostRecord):
    """A cumulative update (Package_for_RollupFix) in the component store."""

    build: int
    ubr: int
    state: int | None
    installed_at: Annotated[Instant | None, AfterValidator(_if_written)]

    @property
    def is_installed(self) -> bool:
        return self.state in {INSTALLED, PERMANENT}

    @property
    def is_pending(self) -> bool:
        return self.state == INSTALL_PENDING


class PackageList(HostRecord):
    """The newest packages; ``total`` counts all."""

    total: int
    packages: FactList[Package]


class AgentDates(HostRecord):
    """When automatic updates last succeeded. New virus definitions count as an installation."""

    last_search_at: Instant | None
    last_install_at: Instant | None


class SearchWarning(HostRecord):
    """IUpdateException: context 4 says that the search is incomplete."""

    context: int
    hresult: str


class Update(HostRecord):
    """A missing update; ``published_at`` is its LastDeploymentChangeTime."""

    update_id: str
    kbs: FactList[str]
    severity: Literal["critical", "important", "moderate", "low"] | None
    published_at: Instant | None
    category_ids: FactList[str]
    browse_only: bool
    is_hidden: bool
    is_downloaded: bool
    is_mandatory: bool
    reboot_required: bool
    reboot_behavior: int
    impact: int

    @property
    def name(self) -> str:
        return f"KB{self.kbs.items[0]}" if self.kbs.items else self.update_id


class Search(HostRecord):
    """The answer of the update agent; ``total`` counts the updates that the list may have cut."""

    online: bool
    result_code: int
    warnings: FactList[SearchWarning]
    total: int
    updates: FactList[Update]

    @property
    def has_answer(self) -> bool:
        return self.result_code in {SUCCEEDED, SUCCEEDED_WITH_ERRORS}


class HistoryEntry(HostRecord):
    operation: int
    result_code: int
    hresult: str
    at: Instant | None
    update_id: str
    kbs: FactList[str]


class History(HostRecord):
    total: int
    entries: FactList[HistoryEntry]


class UpdateEvent(HostRecord):
    """An installation that began, succeeded or failed; ``hresult`` is set for a failure."""

    id: int
    at: Instant
    update_id: str
    hresult: str | None
    kbs: FactList[str]


class ServicingEvent(HostRecord):
    """A package asked for a reboot."""

    at: Instant


class Hotfix(HostRecord):
    hotfix_id: str | None


class HotfixList(HostRecord):
    total: int
    hotfixes: FactList[Hotfix]


class UpdateSettings(HostRecord):
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
    agent_start: int | None


class UpdateService(HostRecord):
    """A service that offers updates, such as WSUS or Microsoft Update."""

    service_id: str
    is_default: bool
    is_managed: bool


class Service(HostRecord):
    """Win32_Service; a trigger starts most services of updates, so that stopped is normal."""

    name: str
    exists: bool
    state: str | None
    start_mode: Literal["Boot", "System", "Auto", "Manual", "Disabled"] | None
    exit_code: int | None


class RebootSigns(HostRecord):
    """Who waits for a reboot. ``file_renames`` are left behind on most hosts and prove nothing."""

    servicing_pending: bool
    servicing_in_progress: bool
    packages_pending: bool
    update_required: bool
    server_manager: int | None
    computer_rename: bool
    domain_join: bool
    file_renames: int


class AgentReboot(HostRecord):
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchingFacts(CheckFacts):
    """One probe a source, in the order in which the judge believes them."""

    CHECK = CheckId.PATCHING

    packages: Probe[PackageList] = UNREAD
    agent_dates: Probe[AgentDates] = UNREAD
    search: Probe[Search] = UNREAD
    cached_search: Probe[Search] = UNREAD
    legacy_dates: Probe[AgentDates] = UNREAD
    history: Probe[History] = UNREAD
    events: Probe[FactList[UpdateEvent]] = UNREAD
    servicing_events: Probe[FactList[ServicingEvent]] = UNREAD
    hotfixes: Probe[HotfixList] = UNREAD
    settings: Probe[UpdateSettings] = UNREAD
    update_services: Probe[FactList[UpdateService]] = UNREAD
    services: Probe[FactList[Service]] = UNREAD
    reboot: Probe[RebootSigns] = UNREAD
    agent_reboot: Probe[AgentReboot] = UNREAD

    @property
    def best_search(self) -> Search | None:
        """The search that answered; the cache counts only when the source of updates did not."""
        for probe in (self.search, self.cached_search):
            if probe.value is not None and probe.value.has_answer:
                return probe.value
        return None
