# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its malware protection, and what the policy demands."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ..models import CheckId, Instant
from ..policy import Days, NonNegativeInt, Policy, PolicyModel
from .host import CheckFacts
from .host_record import FactList, HostRecord
from .probe import UNREAD, Probe
from .service import InstalledService, Service

Component = Literal["behavior", "ioav", "script", "network"]
# productState of AntiVirusProduct: who made it, whether it is on, whether it is up to date.
MAKER_MASK, MICROSOFT = 0x0F00, 0x0100
SWITCH_MASK, ON = 0xF000, 0x1000
OUT_OF_DATE_MASK = 0x00F0
# AntivirusSignatureAge and QuickScanAge of something that never happened, by platform version.
NEVER_DAYS = frozenset({4294967295, 65535})


class ComputerStatus(HostRecord):
    """MSFT_MpComputerStatus. Null is what an old platform does not know, never a no."""

    running_mode: str | None
    service_enabled: bool | None
    antivirus_enabled: bool | None
    realtime_enabled: bool | None
    on_access_enabled: bool | None
    behavior_enabled: bool | None
    ioav_enabled: bool | None
    nis_enabled: bool | None
    signature_age_days: int | None
    signature_updated_at: Instant | None
    signature_version: str | None
    signatures_out_of_date: bool | None
    quick_scan_age_days: int | None
    full_scan_age_days: int | None
    engine_version: str | None
    platform_version: str | None
    tamper_protected: bool | None
    computer_state: int | None
    product_status: int | None
    reboot_required: bool | None


class Exclusion(HostRecord):
    """What is not scanned; the name of a user's folder is replaced by ``*`` on the host."""

    kind: Literal["path", "process", "extension", "address"]
    value: str


class Preference(HostRecord):
    """MSFT_MpPreference; ``exclusions`` may be cut, the shortest and so the broadest stay."""

    realtime_disabled: bool | None
    behavior_disabled: bool | None
    ioav_disabled: bool | None
    script_disabled: bool | None
    cloud_reporting: int | None
    are_exclusions_hidden: bool
    exclusion_total: int
    exclusions: FactList[Exclusion]


class FilterDriver(HostRecord):
    """WdFilter, which sees every file that is opened."""

    exists: bool
    state: str | None


class Onboarding(HostRecord):
    """Defender for Endpoint: state 1 is onboarded."""

    onboarding_state: int | None
    force_passive: int | None


class PolicySetting(HostRecord):
    """Group policy (1 disables) and MDM (0 disables); null is not configured."""

    disable_antispyware: int | None
    disable_realtime: int | None
    disable_behavior: int | None
    disable_ioav: int | None
    disable_script: int | None
    managed_realtime: int | None
    managed_behavior: int | None
    managed_ioav: int | None
    managed_script: int | None


class SecurityCenterProduct(HostRecord):
    """AntiVirusProduct of a client; ``has_program`` is false for the entry of a removed product."""

    name: str | None
    product_state: int
    has_program: bool

    @property
    def is_microsoft(self) -> bool:
        return self.product_state & MAKER_MASK == MICROSOFT

    @property
    def is_on(self) -> bool:
        return self.product_state & SWITCH_MASK == ON

    @property
    def is_up_to_date(self) -> bool:
        return self.product_state & OUT_OF_DATE_MASK == 0


class ProductServices(HostRecord):
    """Services that fit one of the patterns that the collector was asked to look for."""

    patterns: int
    services: FactList[InstalledService]


class Feature(HostRecord):
    """Win32_OptionalFeature Windows-Defender: 1 enabled, 2 disabled, 3 absent; null on clients."""

    install_state: int | None


class Detection(HostRecord):
    """MSFT_MpThreatDetection, without the files and the user."""

    threat_id: int | None
    is_action_successful: bool | None
    status_id: int | None
    changed_at: Instant | None


class Detections(HostRecord):
    """``detections`` may be cut; those that were not dealt with stay."""

    total: int
    detections: FactList[Detection]


class ThreatEvent(HostRecord):
    id: int
    at: Instant | None
    detection_id: str | None


class ProtectionEvent(HostRecord):
    id: int
    times: int
    newest_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AvEdrFacts(CheckFacts):
    """One probe a source, in the order in which the judge believes them."""

    CHECK = CheckId.AV_EDR

    computer_status: Probe[ComputerStatus] = UNREAD
    preference: Probe[Preference] = UNREAD
    services: Probe[FactList[Service]] = UNREAD
    filter_driver: Probe[FilterDriver] = UNREAD
    onboarding: Probe[Onboarding] = UNREAD
    policy: Probe[PolicySetting] = UNREAD
    security_center: Probe[FactList[SecurityCenterProduct]] = UNREAD
    products: Probe[ProductServices] = UNREAD
    feature: Probe[Feature] = UNREAD
    detections: Probe[Detections] = UNREAD
    threat_events: Probe[FactList[ThreatEvent]] = UNREAD
    protection_events: Probe[FactList[ProtectionEvent]] = UNREAD

    def service(self, name: str) -> Service | None:
        """Return a service by name; None when services were not read."""
        return next((item for item in self.services.value or () if item.name == name), None)


class Product(PolicyModel):
    """A row of ``rules/data/av_edr/products.yml``, whose head explains the keys."""

    name: Annotated[str, Field(min_length=1)]
    kind: Literal["engine", "sensor", "both"]
    services: tuple[str, ...]
    display_names: tuple[str, ...]
    has_signatures: bool

    @property
    def is_engine(self) -> bool:
        return self.kind != "sensor"

    @property
    def is_sensor(self) -> bool:
        return self.kind != "engine"


class AvEdrPolicy(Policy):
    """Thresholds of ``rules/policy/av_edr.yml``; the file names the source of each default."""

    signature_age_warn_days: NonNegativeInt
    signature_age_fail_days: Days
    quick_scan_age_warn_days: Days
    quick_scan_age_fail_days: Days
    components_required: tuple[Component, ...]
    tamper_protection_required_on: Annotated[
        Literal["all", "manageable", "none"], Field(description="all, manageable or none.")
    ]
    edr_required: bool
    accepted_products: Annotated[
        tuple[str, ...] | None, Field(description="Names from the products table, or null for all.")
    ]
    engine_age_max_days: Days
    platform_age_max_days: Days
    event_lookback_days: Days
    forbidden_exclusion_paths: tuple[str, ...]
    forbidden_exclusion_processes: tuple[str, ...]
    forbidden_exclusion_extensions: tuple[str, ...]
    products: tuple[Product, ...]

    @model_validator(mode="after")
    def _limits_are_in_order(self) -> Self:
        for key in ("signature_age", "quick_scan_age"):
            warn, fail = getattr(self, f"{key}_warn_days"), getattr(self, f"{key}_fail_days")
            if warn > fail:
                raise ValueError(f"{key}_warn_days ({warn}) is above {key}_fail_days ({fail})")
        unknown = set(self.accepted_products or ()) - {product.name for product in self.products}
        if unknown:
            raise ValueError(f"accepted_products are not in the products table: {sorted(unknown)}")
        return self

    @classmethod
    def tables(cls) -> frozenset[str]:
        return frozenset({"products"})

    def collector_options(self) -> dict[str, Any]:
        return {"services": self.service_patterns()}

    def service_patterns(self) -> list[str]:
        """Return the service names of all products, each once."""
        return sorted({name for product in self.products for name in product.services})

    def accepts(self, product: Product) -> bool:
        return self.accepted_products is None or product.name in self.accepted_products
