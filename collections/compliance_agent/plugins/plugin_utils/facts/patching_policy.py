# SPDX-License-Identifier: GPL-3.0-or-later
"""What the policy demands of updates."""

from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from ..models import Instant
from ..policy import Day, Days, Hours, NonNegativeInt, Policy

Guid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Release(NamedTuple):
    """An update level (UBR). A hotpatch is numbered below the cumulative update of its day."""

    ubr: int
    released_on: Day
    kind: Literal["lcu", "out_of_band", "hotpatch"]


class SupportEnd(NamedTuple):
    """The last day of support of the editions that match, as in ``Server*``."""

    edition: str
    last_day: Day


class PatchingPolicy(Policy):
    """Thresholds of ``rules/policy/patching.yml``; the file names the source of each default."""

    critical_sla_days: Days
    high_sla_days: Days
    unrated_severity: Literal["critical", "high"]
    lcu_age_warn_days: Days
    lcu_age_fail_days: Days
    scan_age_warn_days: Days
    scan_age_fail_days: Days
    pending_reboot_warn_hours: Hours
    pending_reboot_fail_hours: Hours
    pending_reboot_first_seen: Annotated[
        Instant | None, Field(description="Like 2026-03-02T12:00:00Z.")
    ] = None
    install_failures_max: NonNegativeInt
    install_failure_window_days: Days
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
