# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engines and sensors a host has: what follows from its facts, before any verdict. Pure."""

from dataclasses import dataclass
from enum import Enum, auto
from fnmatch import fnmatchcase

from ..facts.av_edr import (
    AvEdrFacts,
    AvEdrPolicy,
    Product,
    SecurityCenterProduct,
)
from ..facts.service import InstalledService

# "The service has not been started", as the Defender provider says it.
SERVICE_STOPPED = "0x800106BA"
# Modes in which Defender watches and blocks nothing by itself; they are not translated.
PASSIVE_MODES = frozenset({"passive mode", "sxs passive mode", "edr block mode"})
FEATURE_NOT_INSTALLED = frozenset({2, 3})


class Defender(Enum):
    """What Microsoft Defender Antivirus does on this host."""

    ACTIVE = auto()
    REALTIME_OFF = auto()
    PASSIVE = auto()
    STOPPED = auto()
    ABSENT = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Partner:
    """A product of another vendor that is installed.

    ``product`` is None for one that the policy's table does not know. ``is_fresh`` is None where
    nothing on the host tells the age of its definitions. ``is_contradicted``: Security Center has
    several entries of it, which say different things. ``services_down`` are the services to
    start, ``services_by_hand`` those that run and do not start by themselves, and those beside a
    running one that nothing can start.
    """

    name: str
    product: Product | None
    is_accepted: bool
    is_on: bool
    services_down: tuple[str, ...]
    services_by_hand: tuple[str, ...]
    is_fresh: bool | None
    observed: str
    is_contradicted: bool = False

    @property
    def are_services_down(self) -> bool:
        return bool(self.services_down)

    @property
    def is_engine(self) -> bool:
        return self.product is None or self.product.is_engine

    @property
    def is_sensor(self) -> bool:
        return self.product is not None and self.product.is_sensor


def defender_state(facts: AvEdrFacts) -> Defender:
    """Return what Defender does; UNKNOWN unless a source proves it."""
    status = facts.computer_status.value
    if status is None:
        return _state_without_status(facts)
    mode = (status.running_mode or "").casefold()
    if mode in PASSIVE_MODES:
        return Defender.PASSIVE
    if (
        mode == "not running"
        or status.service_enabled is False
        or status.antivirus_enabled is False
    ):
        return Defender.STOPPED
    # Old platforms have no running mode: there the switches decide alone.
    if mode not in {"", "normal"} or not status.antivirus_enabled:
        return Defender.UNKNOWN
    if status.realtime_enabled is None:
        return Defender.UNKNOWN
    is_protecting = status.realtime_enabled and status.on_access_enabled is not False
    return Defender.ACTIVE if is_protecting else Defender.REALTIME_OFF


def _state_without_status(facts: AvEdrFacts) -> Defender:
    service = facts.service("WinDefend")
    if service is not None:
        if service.is_running:
            return Defender.UNKNOWN
        return Defender.STOPPED if service.exists else Defender.ABSENT
    if facts.computer_status.hresult == SERVICE_STOPPED:
        return Defender.STOPPED
    feature = facts.feature.value
    is_removed = feature is not None and feature.install_state in FEATURE_NOT_INSTALLED
    return Defender.ABSENT if facts.computer_status.is_absent and is_removed else Defender.UNKNOWN


def unread_partner_sources(facts: AvEdrFacts, policy: AvEdrPolicy) -> list[str]:
    """Return the names of the sources that could show another engine and were not read."""
    unread = []
    products = facts.products.value
    # A collector that looked for other names cannot have seen all products.
    if products is None or products.patterns != len(policy.service_patterns()):
        unread.append("products")
    system = facts.host.os.value
    # Servers have no Security Center.
    is_server = system is not None and not system.is_client
    if not facts.security_center.is_ok and not (is_server and facts.security_center.is_absent):
        unread.append("security_center")
    return unread


def find_partners(facts: AvEdrFacts, policy: AvEdrPolicy) -> list[Partner]:
    """Return the products of other vendors, by name."""
    services = facts.products.value.services.items if facts.products.value else ()
    entries = [
        item
        for item in facts.security_center.value or ()
        # The entry of a product that was removed proves nothing.
        if not item.is_microsoft and item.has_program
    ]
    partners = []
    for product in policy.products:
        own = [item for item in services if _is_one_of(item, product)]
        listed = [item for item in entries if _is_entry_of(item, product)]
        if own or listed:
            partners.append(_partner(product, own, listed, is_accepted=policy.accepts(product)))
    partners += [
        _stranger(item)
        for item in entries
        if not any(_is_entry_of(item, product) for product in policy.products)
    ]
    return sorted(partners, key=lambda partner: partner.name)


def _is_one_of(service: InstalledService, product: Product) -> bool:
    name = service.name.casefold()
    return any(fnmatchcase(name, pattern.casefold()) for pattern in product.services)


def _is_entry_of(entry: SecurityCenterProduct, product: Product) -> bool:
    name = (entry.name or "").casefold()
    return any(part.casefold() in name for part in product.display_names)


def _partner(
    product: Product,
    services: list[InstalledService],
    entries: list[SecurityCenterProduct],
    *,
    is_accepted: bool,
) -> Partner:
    running = [item for item in services if item.is_running]
    down = [item for item in services if item.start_mode == "Auto" and not item.is_running]
    are_services_up = bool(running) and not down
    # A part that was taken out by hand; what starts on demand is often stopped.
    taken_out = [
        item for item in services if not item.is_running and item.start_mode in {"Disabled", None}
    ]
    by_hand = [item for item in running if item.start_mode != "Auto"]
    # Where none of them starts by itself, all that do not run are missed.
    missed = down or ([] if running else services)
    seen = [f"{item.name} {item.state or 'unknown'}" for item in sorted(services, key=_name)]
    states = sorted({entry.product_state for entry in entries})
    seen += [f"Security Center {state:#08x}" for state in states]
    # An upgrade may leave the entry of the version before: of several, one that is on is enough.
    is_listed_on = {entry.is_on for entry in entries}
    freshness = {
        entry.is_up_to_date for entry in entries if entry.is_on or True not in is_listed_on
    }
    is_contradicted = len(is_listed_on) > 1 or len(freshness) > 1
    return Partner(
        name=product.name,
        product=product,
        is_accepted=is_accepted,
        # A product that says of itself that it is off is off, whatever its services do.
        is_on=(are_services_up or not services) and (not entries or True in is_listed_on),
        services_down=tuple(sorted(item.name for item in missed)),
        services_by_hand=tuple(sorted(item.name for item in (*by_hand, *taken_out))),
        is_fresh=freshness.pop() if len(freshness) == 1 else None,
        observed=", ".join(seen),
        is_contradicted=is_contradicted,
    )


def _stranger(entry: SecurityCenterProduct) -> Partner:
    return Partner(
        name=entry.name or "unnamed product",
        product=None,
        is_accepted=False,
        is_on=entry.is_on,
        services_down=(),
        services_by_hand=(),
        is_fresh=entry.is_up_to_date,
        observed=f"Security Center {entry.product_state:#08x}",
    )


def _name(service: InstalledService) -> str:
    return service.name
