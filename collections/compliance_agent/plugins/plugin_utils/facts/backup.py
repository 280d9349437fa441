# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its backup, and what the policy demands."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ..models import CheckId, Instant
from ..policy import Days, Hours, NonNegativeInt, Policy, PolicyModel, PositiveInt
from .host import CheckFacts
from .host_record import FactList, HostRecord
from .probe import UNREAD, Probe
from .service import InstalledService, Service

# Providers beside those of the products table.
AUTO, WSB, EXTERNAL, NONE = "auto", "wsb", "external", "none_with_exception"


class WsbSummary(HostRecord):
    """Get-WBSummary. Results are unsigned HRESULTs, 0 for success; null times are never."""

    next_backup_at: Instant | None
    version_count: int | None
    last_success_at: Instant | None
    last_backup_at: Instant | None
    result: int | None
    detailed_result: int | None
    operation: str | None
    target_path: str | None


class WsbTarget(HostRecord):
    type: str
    path: str | None


class WsbPolicy(HostRecord):
    """Get-WBPolicy; a system state is also part of a bare metal backup."""

    is_configured: bool
    schedule_times: int
    has_system_state: bool
    volumes: FactList[str]
    targets: FactList[WsbTarget]


class WsbJob(HostRecord):
    """Get-WBJob: the job that runs now, or state Unknown."""

    state: str
    type: str
    started_at: Instant | None


class WsbEvent(HostRecord):
    """An event of Microsoft-Windows-Backup, newest first; 4 is a success, 8 a cancellation."""

    id: int
    at: Instant | None
    result: str | None
    detailed_result: str | None


class DiskOfPath(HostRecord):
    path: str
    disk: int


class ProductServices(HostRecord):
    """Services that fit one of the patterns that the collector was asked to look for."""

    patterns: int
    services: FactList[InstalledService]


class ResultEvent(HostRecord):
    """The end of a job; the level is its result."""

    level: int
    at: Instant


class ProductEvents(HostRecord):
    """The newest results of one product, read from its own log."""

    product: str
    events: Probe[FactList[ResultEvent]]


class Feature(HostRecord):
    """Win32_OptionalFeature WindowsServerBackup: 1 enabled; null where Windows does not know it."""

    install_state: int | None


class Dump(HostRecord):
    """The newest file of a folder that the policy names; null when there is none."""

    path: str
    pattern: str
    newest_at: Instant | None
    bytes: int | None


class ShadowCopies(HostRecord):
    copies: int
    newest_at: Instant | None


class Writer(HostRecord):
    """A VSS writer; state 1 is stable."""

    id: str
    state: int


class DirectoryBackup(HostRecord):
    """When a backup last marked the directory as saved (dSASignature); domain controllers only."""

    last_backup_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFacts(CheckFacts):
    """One probe a source, in the order in which the judge believes them."""

    CHECK = CheckId.BACKUP

    wsb_summary: Probe[WsbSummary] = UNREAD
    wsb_policy: Probe[WsbPolicy] = UNREAD
    wsb_job: Probe[WsbJob] = UNREAD
    wsb_events: Probe[FactList[WsbEvent]] = UNREAD
    disks: Probe[FactList[DiskOfPath]] = UNREAD
    services: Probe[FactList[Service]] = UNREAD
    products: Probe[ProductServices] = UNREAD
    product_events: Probe[FactList[ProductEvents]] = UNREAD
    feature: Probe[Feature] = UNREAD
    dumps: Probe[FactList[Dump]] = UNREAD
    shadow_copies: Probe[ShadowCopies] = UNREAD
    writers: Probe[FactList[Writer]] = UNREAD
    directory: Probe[DirectoryBackup] = UNREAD

    def service(self, name: str) -> Service | None:
        """Return a service by name; None when services were not read."""
        return next((item for item in self.services.value or () if item.name == name), None)


def _parse_date(value: object) -> object:
    # YAML may have made a date of it already; strict models take text for a mistake.
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return date.fromisoformat(value)
    return value


SiteDate = Annotated[date, BeforeValidator(_parse_date)]
# What stands between quotes in a query for events.
LogName = Annotated[str, Field(min_length=1, pattern=r"^[^'\"<>]+$")]


class EventSource(PolicyModel):
    """Where a product writes the result of each job."""

    log: LogName
    provider: LogName
    ids: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]


class SuccessEvents(EventSource):
    """A log of a product that the site names."""

    product: Annotated[str, Field(min_length=1)]


class Product(PolicyModel):
    """A row of ``rules/data/backup/products.yml``, whose head explains the keys."""

    name: Annotated[str, Field(min_length=1)]
    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    services: Annotated[tuple[str, ...], Field(min_length=1)]
    events: EventSource | None


class DumpFiles(PolicyModel):
    """A folder whose newest file must be fresh and large enough."""

    path: Annotated[str, Field(min_length=1)]
    pattern: Annotated[str, Field(min_length=1)]
    max_age_hours: Hours
    min_bytes: NonNegativeInt


class BackupPolicy(Policy):
    """Thresholds of ``rules/policy/backup.yml``; the file names the source of each default."""

    provider: Annotated[
        str,
        Field(
            description="auto, wsb, external, none_with_exception, or one of the products table."
        ),
    ]
    max_age_warn_hours: Hours
    max_age_fail_hours: Hours
    business_days_aware: bool
    min_versions: NonNegativeInt
    require_schedule: bool
    require_system_state: bool
    same_disk_target: Annotated[Literal["fail", "warn"], Field(description="fail or warn.")]
    hung_job_hours: Hours
    restore_test_required: bool
    restore_test_max_age_days: Days
    restore_test_last: Annotated[SiteDate | None, Field(description='A date: "2025-10-28".')]
    external_last_success: Annotated[
        Instant | None, Field(description='An instant: "2025-11-04T02:00:00Z".')
    ]
    exception_reason: Annotated[str | None, Field(description="Why no backup is needed.")]
    exception_expires: Annotated[SiteDate | None, Field(description='A date: "2026-06-30".')]
    dump_files: tuple[DumpFiles, ...]
    success_events: tuple[SuccessEvents, ...]
    products: tuple[Product, ...]

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Self:
        warn, fail = self.max_age_warn_hours, self.max_age_fail_hours
        if warn > fail:
            raise ValueError(f"max_age_warn_hours ({warn}) is above max_age_fail_hours ({fail})")
        known = {AUTO, WSB, EXTERNAL, NONE, *(product.provider for product in self.products)}
        if self.provider not in known:
            raise ValueError(f"provider {self.provider!r} is none of {sorted(known)}")
        if self.provider == NONE and not (self.exception_reason and self.exception_expires):
            raise ValueError(
                "provider none_with_exception needs exception_reason and exception_expires"
            )
        return self

    @classmethod
    def tables(cls) -> frozenset[str]:
        return frozenset({"products"})

    def collector_options(self) -> dict[str, Any]:
        sources = [
            {"product": item.name, "services": list(item.services), **item.events.model_dump()}
            for item in self.products
            if item.events is not None
        ]
        sources += [{"services": [], **item.model_dump()} for item in self.success_events]
        return {
            "services": self.service_patterns(),
            "event_sources": [{**item, "ids": list(item["ids"])} for item in sources],
            "dumps": [{"path": item.path, "pattern": item.pattern} for item in self.dump_files],
        }

    def service_patterns(self) -> list[str]:
        """Return the service names of all products, each once."""
        return sorted({name for product in self.products for name in product.services})
