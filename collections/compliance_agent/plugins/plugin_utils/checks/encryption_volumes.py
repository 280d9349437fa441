# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge data at rest: volumes, their protectors, and where the recovery password is kept. Pure."""

from dataclasses import dataclass
from datetime import datetime

from ..facts.encryption import (
    DECRYPTED,
    ENCRYPTED,
    ENCRYPTING,
    ENCRYPTION_PAUSED,
    FEATURE_INSTALLED,
    OS_VOLUME,
    PROTECTION_OFF,
    PROTECTION_ON,
    PROTECTION_UNKNOWN,
    RECOVERY_PASSWORD,
    REMOVABLE_VOLUME,
    TPM_PROTECTORS,
    EncryptionFacts,
    EncryptionPolicy,
    Volume,
)
from ..models import Severity
from .judgement import Judgement, age_hours, is_in_future

# Start types 0 to 2: boot, system, automatic.
LARGEST_LOADED_START = 2
# What encrypts below Windows, and is not below a computer that somebody carries about.
LAYERS_BELOW = frozenset({"hypervisor", "san", "cloud_sse"})


@dataclass(frozen=True, slots=True)
class Case:
    """One host before the judge: what was read, what is demanded, and when."""

    judgement: Judgement
    facts: EncryptionFacts
    policy: EncryptionPolicy
    now: datetime


def judge_volumes(
    judgement: Judgement, facts: EncryptionFacts, policy: EncryptionPolicy, now: datetime
) -> None:
    """Judge each volume that holds data; a volume that BitLocker does not list is unread."""
    case = Case(judgement, facts, policy, now)
    volumes = facts.volumes.value
    if volumes is None:
        _judge_without_bitlocker(case)
        return
    named = {item.device_id for item in facts.fixed_volumes.value or () if item.has_path}
    for volume in volumes:
        if volume.volume_type == REMOVABLE_VOLUME:
            _judge_removable(judgement, policy, volume)
        elif volume.drive or volume.volume_type == OS_VOLUME or volume.device_id in named:
            _judge_volume(case, volume)
        elif not facts.fixed_volumes.is_ok:
            _judge_perhaps_mounted(case, volume)
    _note_unlisted(judgement, facts, volumes.items)
    for name in ("fixed_volumes", "escrow_policy", "pending_reboot", "tpm", "events"):
        judgement.unread_minor(name, getattr(facts, name))
    judgement.unread_minor("other_products", facts.other_products)
    judgement.unread_minor("secure_boot", facts.secure_boot)
    judgement.unread_minor("feature", facts.feature)


def _judge_without_bitlocker(case: Case) -> None:
    judgement, facts = case.judgement, case.facts
    system, feature = facts.host.os.value, facts.feature.value
    is_server = system is not None and not system.is_client
    # The namespace comes with the feature: clients always have it, servers only with BitLocker.
    is_proven = facts.volumes.is_absent and is_server and feature is not None
    if not is_proven or feature is None or feature.install_state == FEATURE_INSTALLED:
        judgement.unread("volumes", facts.volumes)
        if not facts.feature.is_ok:
            judgement.unread("feature", facts.feature)
        return
    _report_unencrypted(case, "bitlocker_not_installed", "", facts.volumes.hresult)


def _note_unlisted(
    judgement: Judgement, facts: EncryptionFacts, volumes: tuple[Volume, ...]
) -> None:
    listed = {volume.device_id for volume in volumes}
    mounted = {fixed.device_id for fixed in facts.fixed_volumes.value or ()}
    of_windows = {volume.device_id for volume in volumes if volume.volume_type == OS_VOLUME}
    if not of_windows:
        judgement.error("volume_unread", "volume of Windows", observed="not listed")
    elif facts.fixed_volumes.is_ok and not of_windows & mounted:
        # Windows runs from a mounted volume: a list without it may lack others too.
        judgement.warn("conflicting_evidence", "fixed_volumes", observed="without that of Windows")
    for fixed in facts.fixed_volumes.value or ():
        if fixed.has_path and fixed.device_id not in listed:
            judgement.error("volume_unread", fixed.drive or fixed.device_id, observed="not listed")


def _judge_removable(judgement: Judgement, policy: EncryptionPolicy, volume: Volume) -> None:
    is_protected = volume.protection in {PROTECTION_ON, PROTECTION_UNKNOWN}
    if is_protected and volume.method in {None, *policy.methods_accepted_removable}:
        return
    seen = {"observed": volume.conversion, "expected": ENCRYPTED}
    report = {
        "ignore": judgement.inform,
        "warn": judgement.warn,
        "fail": judgement.fail,
    }[policy.removable_volumes]
    report("removable_unencrypted", volume.name, **seen)


def _judge_volume(case: Case, volume: Volume) -> None:
    judgement = case.judgement
    if volume.protection == PROTECTION_UNKNOWN or volume.lock == 1:
        judgement.warn("volume_locked", volume.name, observed="locked", expected="unlocked")
        return
    if volume.protection is None or volume.conversion is None or volume.protectors is None:
        judgement.error("volume_unread", volume.name, observed="no answer", expected="its state")
        return
    if volume.conversion == DECRYPTED:
        kind = "os" if volume.volume_type == OS_VOLUME else "fixed"
        code = f"{kind}_volume_unencrypted"
        _report_unencrypted(case, code, volume.name, "decrypted")
        return
    if volume.conversion == ENCRYPTING:
        judgement.warn(
            "encryption_in_progress", volume.name, observed=volume.percentage, expected=100
        )
    elif volume.conversion == ENCRYPTION_PAUSED:
        judgement.fail("encryption_paused", volume.name, observed=volume.percentage, expected=100)
    elif volume.conversion != ENCRYPTED:
        judgement.fail("volume_decrypting", volume.name, observed=volume.percentage, expected=100)
    elif volume.protection == PROTECTION_OFF:
        _judge_unprotected(case, volume)
    elif volume.protection != PROTECTION_ON or not volume.protectors:
        # Neither a number that Windows does not have nor a lock without a key is protection.
        observed = volume.protection if volume.protectors else "no protector"
        judgement.error("volume_unread", volume.name, observed=observed, expected=PROTECTION_ON)
    _judge_method(case, volume)
    _judge_protectors(case, volume, volume.protectors.items)


def _judge_perhaps_mounted(case: Case, volume: Volume) -> None:
    """Judge a volume that may hold data, or be a recovery partition, which nobody encrypts."""
    if volume.conversion == DECRYPTED:
        case.judgement.error("volume_unread", volume.name, observed="whether it is mounted")
    else:
        _judge_volume(case, volume)


def _judge_unprotected(case: Case, volume: Volume) -> None:
    """Judge a volume that is encrypted while its key lies on the disk in clear."""
    judgement, facts, policy = case.judgement, case.facts, case.policy
    if not volume.protectors:
        judgement.fail("protection_not_activated", volume.name, observed="no protector")
        return
    suspended = [
        item.at
        for item in facts.events.value or ()
        if item.event == "suspended"
        and item.drive in {None, volume.drive}
        and not is_in_future(case.now, item.at)
    ]
    hours = age_hours(case.now, max(suspended)) if suspended else None
    reboot = facts.pending_reboot.value
    waits_for_reboot = reboot is not None and (reboot.servicing or reboot.update)
    is_young = waits_for_reboot if hours is None else hours <= policy.suspended_grace_hours
    report = judgement.warn if is_young else judgement.fail
    report(
        "protection_suspended",
        volume.name,
        observed="unknown since when" if hours is None else f"for {hours} h",
        expected=f"for {policy.suspended_grace_hours} h at most",
    )


def _judge_method(case: Case, volume: Volume) -> None:
    judgement, policy = case.judgement, case.policy
    if volume.method in policy.methods_accepted:
        return
    expected = list(policy.methods_accepted)
    if volume.method in policy.methods_weak:
        judgement.warn("method_outdated", volume.name, observed=volume.method, expected=expected)
    elif volume.method is None:
        judgement.error("volume_unread", volume.name, observed="no method", expected=expected)
    else:
        judgement.fail("weak_method", volume.name, observed=volume.method, expected=expected)


def _judge_protectors(case: Case, volume: Volume, types: tuple[int, ...]) -> None:
    judgement, policy = case.judgement, case.policy
    is_os = volume.volume_type == OS_VOLUME
    if policy.tpm_protector_required and is_os and types and not TPM_PROTECTORS.intersection(types):
        judgement.warn("no_tpm_protector", volume.name, observed=sorted(types))
    if RECOVERY_PASSWORD not in types:
        if policy.recovery_password_required and types:
            judgement.fail("no_recovery_password", volume.name, observed=sorted(types))
        return
    if policy.escrow_required:
        _judge_escrow(case, volume)


def _judge_escrow(case: Case, volume: Volume) -> None:
    """Judge whether a record shows that somebody keeps a recovery password that the volume has.

    A group policy is no such record: it stops BitLocker from starting without a backup, and lets a
    protector be added later that nobody keeps. A record that names no protector counts for its
    volume, as long as none names one that the volume has.
    """
    judgement, policy = case.judgement, case.policy
    if policy.escrow_attested is not None:
        judgement.inform("escrow_attested", volume.name, observed=policy.escrow_attested)
        return
    newest: dict[str, str] = {}
    # The log tells the newest first; of two in one second that is all that tells them apart.
    oldest_first = reversed(tuple(case.facts.events.value or ()))
    for item in sorted(oldest_first, key=lambda item: item.at):
        about = item.protector or item.drive
        if about is not None and item.event != "suspended":
            newest[about] = item.event
    said = {newest[protector] for protector in volume.recovery or () if protector in newest}
    if not said and volume.drive in newest:
        said = {newest[volume.drive]}
    # One that is kept opens the volume, whatever became of the others.
    if "escrowed" in said:
        return
    if "escrow_failed" in said:
        judgement.warn("escrow_failed", volume.name, observed="failed", expected="kept")
    else:
        judgement.warn("escrow_unverified", volume.name, observed="no record", expected="kept")


def _report_unencrypted(case: Case, code: str, scope: str, seen: str | None) -> None:
    """Report a fault, unless another product, a layer below Windows or an exception covers it."""
    judgement, policy, today = case.judgement, case.policy, case.now.date()
    if _is_covered_by_product(case, scope):
        return
    computer = case.facts.host.computer.value
    is_laptop = computer is not None and computer.is_portable and not computer.is_virtual
    if is_laptop and policy.compensating in LAYERS_BELOW:
        judgement.warn(
            "conflicting_evidence",
            scope,
            observed="a portable computer",
            expected=policy.compensating,
        )
    elif policy.compensating != "none":
        expires = policy.compensating_expires
        if expires is None or expires >= today:
            proof = {"layer": policy.compensating, "evidence": policy.compensating_evidence}
            judgement.inform("compensating_control", scope, observed=proof)
            return
        judgement.warn("compensating_expired", scope, observed=expires.isoformat())
    if policy.exception_expires is not None and policy.exception_expires >= today:
        until = policy.exception_expires.isoformat()
        judgement.warn("documented_exception", scope, observed=seen, expected=f"until {until}")
        return
    severity = None
    if code == "os_volume_unencrypted" and computer is not None and computer.is_portable:
        severity = Severity.CRITICAL
    judgement.fail(code, scope, observed=seen, expected="encrypted", severity=severity)


def _is_covered_by_product(case: Case, scope: str) -> bool:
    judgement, facts, policy = case.judgement, case.facts, case.policy
    names = {product.service: product.name for product in policy.products}
    loaded = [
        names.get(item.service, item.service)
        for item in facts.other_products.value or ()
        if item.start <= LARGEST_LOADED_START
    ]
    for name in loaded:
        if name in policy.accepted_products:
            judgement.inform("third_party_accepted", scope, observed=name)
        else:
            judgement.warn("third_party_encryption", scope, observed=name)
    return any(name in policy.accepted_products for name in loaded)
