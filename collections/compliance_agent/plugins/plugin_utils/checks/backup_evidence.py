# SPDX-License-Identifier: GPL-3.0-or-later
"""Which products back a host up, and what each proves: what follows from the facts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal

from ..facts.backup import (
    AUTO,
    EXTERNAL,
    WSB,
    BackupFacts,
    BackupPolicy,
    Product,
    ResultEvent,
    WsbSummary,
)
from ..facts.service import InstalledService

FEATURE_ENABLED = 1
SUCCEEDED, CANCELLED = 4, 8
# Windows levels of the event that ends a job.
WARNED_LEVEL, SUCCESS_LEVEL = 3, 4
WINDOWS_SERVER_BACKUP = "Windows Server Backup"
DUMP_FILES = "dump files"
# HRESULTs that name the cause of a failed job. The detailed result is the more exact one.
CAUSES = {
    0x800701B1: "target_missing",  # a device which does not exist was specified
    0x80070015: "target_missing",  # the device is not ready
    0x80070070: "target_full",  # there is not enough space on the disk
    0x80070005: "target_denied",  # access is denied
    0x800423F0: "vss_writer_failed",
    0x800423F2: "vss_writer_failed",  # freeze and thaw took too long
    0x800423F3: "vss_writer_failed",
    0x800423F4: "vss_writer_failed",  # the error is not transient
    0x807800A1: "vss_writer_failed",
    0x807800C5: "target_missing",
}

LastResult = Literal["succeeded", "warned", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one product proves.

    ``is_verifiable`` is false for a product that documents no event of success. ``is_read`` is
    false when a source that would tell was not read, so that silence proves nothing.
    """

    product: str
    last_success_at: datetime | None
    last_result: LastResult
    cause: str | None = None
    observed: str | None = None
    is_verifiable: bool = True
    is_read: bool = True
    services_down: tuple[str, ...] = ()


def find_evidence(facts: BackupFacts, policy: BackupPolicy) -> list[Evidence]:
    """Return what each product proves that the policy's provider stands for."""
    if policy.provider == EXTERNAL:
        return [Evidence("external", policy.external_last_success, "unknown")]
    found: list[Evidence] = []
    for product in policy.products:
        services = _services_of(product, facts)
        if services and policy.provider in {AUTO, product.provider}:
            found.append(_product_evidence(product, services, facts))
    named = {product.name for product in policy.products}
    found += [
        _event_evidence(item.product, facts)
        for item in policy.success_events
        if item.product not in named
    ]
    if policy.dump_files:
        found.append(_dump_evidence(facts, policy))
    # What the site names is asked, whatever else makes copies.
    is_alone = not found or policy.provider == WSB
    if policy.provider in {AUTO, WSB} and is_wsb_in_use(facts, is_alone=is_alone):
        found.append(_wsb_evidence(facts))
    return found


def has_named_product(evidence: Sequence[Evidence], policy: BackupPolicy) -> bool:
    """Return whether the product is there that the site names; where it names none, any will do."""
    if policy.provider in {AUTO, EXTERNAL}:
        return bool(evidence)
    named = {item.name for item in policy.products if item.provider == policy.provider}
    if policy.provider == WSB:
        named.add(WINDOWS_SERVER_BACKUP)
    return any(item.product in named for item in evidence)


def is_wsb_in_use(facts: BackupFacts, *, is_alone: bool) -> bool:
    """Return whether Windows Server Backup has a policy or a history, or may have one.

    Where its cmdlets do not answer, an empty log tells that another product does the work.
    """
    summary, policy = facts.wsb_summary.value, facts.wsb_policy.value
    if summary is None:
        events = facts.wsb_events.value
        return is_wsb_installed(facts) and (is_alone or events is None or len(events) > 0)
    is_configured = policy is None or policy.is_configured
    return is_configured or summary.last_success_at is not None or bool(summary.version_count)


def is_wsb_installed(facts: BackupFacts) -> bool:
    """Return whether the feature is there; cmdlets that are not there prove that it is not."""
    feature = facts.feature.value
    if not facts.wsb_summary.is_absent:
        return True
    return feature is not None and feature.install_state == FEATURE_ENABLED


def are_products_known(facts: BackupFacts, policy: BackupPolicy) -> bool:
    """Return whether the services of all products of the table were looked for."""
    products = facts.products.value
    return products is not None and products.patterns == len(policy.service_patterns())


def cause_of(result: int | None, detailed: int | None) -> str | None:
    """Return the code of what made a job fail, as far as its results name it."""
    for value in (detailed, result):
        if value in CAUSES:
            return CAUSES[value]
    return None


def _wsb_evidence(facts: BackupFacts) -> Evidence:
    summary = facts.wsb_summary.value
    return _from_events(facts) if summary is None else _from_summary(summary)


def _from_summary(summary: WsbSummary) -> Evidence:
    has_failed = summary.result is None or summary.result != 0
    never = summary.last_backup_at is None
    return Evidence(
        WINDOWS_SERVER_BACKUP,
        summary.last_success_at,
        "unknown" if never else "failed" if has_failed else "succeeded",
        cause=cause_of(summary.result, summary.detailed_result) if has_failed else None,
        observed=_hex(summary.result, summary.detailed_result) if has_failed else None,
    )


def _from_events(facts: BackupFacts) -> Evidence:
    """Fall back to the event log while the cmdlets do not answer."""
    events = facts.wsb_events.value
    if events is None:
        return Evidence(WINDOWS_SERVER_BACKUP, None, "unknown", is_read=False)
    success = next((item for item in events if item.id == SUCCEEDED), None)
    newest = next(iter(events), None)
    has_failed = newest is not None and newest.id not in {SUCCEEDED, CANCELLED}
    result = _number(newest.result) if newest and has_failed else None
    detailed = _number(newest.detailed_result) if newest and has_failed else None
    return Evidence(
        WINDOWS_SERVER_BACKUP,
        success.at if success else None,
        "failed" if has_failed else "succeeded" if success else "unknown",
        cause=cause_of(result, detailed),
        observed=_hex(result, detailed) if has_failed else None,
    )


def _product_evidence(
    product: Product, services: Sequence[InstalledService], facts: BackupFacts
) -> Evidence:
    down = tuple(sorted(item.name for item in services if _is_down(item)))
    told = _results_of(product.name, facts)
    if product.events is None and told is None:
        return Evidence(product.name, None, "unknown", is_verifiable=False, services_down=down)
    evidence = _event_evidence(product.name, facts)
    return Evidence(
        product.name,
        evidence.last_success_at,
        evidence.last_result,
        is_read=evidence.is_read,
        services_down=down,
    )


def _event_evidence(name: str, facts: BackupFacts) -> Evidence:
    results = _results_of(name, facts)
    if results is None:
        return Evidence(name, None, "unknown", is_read=False)
    # Newest first. A success with warnings left a copy behind.
    success = next((item for item in results if item.level in {WARNED_LEVEL, SUCCESS_LEVEL}), None)
    last: LastResult = "unknown"
    if results:
        names: dict[int, LastResult] = {SUCCESS_LEVEL: "succeeded", WARNED_LEVEL: "warned"}
        last = names.get(results[0].level, "failed")
    return Evidence(name, success.at if success else None, last)


def _results_of(name: str, facts: BackupFacts) -> list[ResultEvent] | None:
    """Return the results that a product's log told, newest first; None when it was not read."""
    readings = [
        item.events.value for item in facts.product_events.value or () if item.product == name
    ]
    results = [event for reading in readings if reading is not None for event in reading]
    if not readings or None in readings:
        return None
    return sorted(results, key=_time_of, reverse=True)


def _time_of(event: ResultEvent) -> datetime:
    return event.at


def _dump_evidence(facts: BackupFacts, policy: BackupPolicy) -> Evidence:
    dumps = facts.dumps.value
    if dumps is None or len(dumps) != len(policy.dump_files):
        return Evidence(DUMP_FILES, None, "unknown", is_read=False)
    times = [item.newest_at for item in dumps]
    # As old as the oldest of them: a set of dumps is complete or worth nothing.
    known = [time for time in times if time is not None]
    oldest = min(known) if known and len(known) == len(times) else None
    return Evidence(DUMP_FILES, oldest, "succeeded" if oldest else "unknown")


def _services_of(product: Product, facts: BackupFacts) -> list[InstalledService]:
    products = facts.products.value
    patterns = [pattern.casefold() for pattern in product.services]
    return [
        item
        for item in (products.services if products else ())
        if any(fnmatchcase(item.name.casefold(), pattern) for pattern in patterns)
    ]


def _is_down(service: InstalledService) -> bool:
    # Agents that are started by a schedule are manual and stopped between jobs.
    return not service.is_running and service.start_mode != "Manual"


def _number(text: str | None) -> int | None:
    try:
        return int(text, 16) if text else None
    except ValueError:
        return None


def _hex(*values: int | None) -> str:
    return ", ".join("unknown" if value is None else f"0x{value:08X}" for value in values)
