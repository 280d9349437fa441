# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what protects a host against malware. Pure: no clock, no I/O, no Ansible.

Exactly one engine must be on. Microsoft Defender is one when it runs in its normal mode with
real-time protection; a product of another vendor is one when the policy accepts it and its services
run or, on clients, Windows' Security Center says that it is on.
"""

from datetime import datetime

from ..facts.av_edr import AvEdrFacts, AvEdrPolicy
from ..models import CheckId, ComplianceCheck, Severity
from .av_edr_defender import judge_defender, judge_threats
from .av_edr_engines import (
    SERVICE_STOPPED,
    Defender,
    Partner,
    are_partners_known,
    defender_state,
    find_partners,
)
from .judgement import Catalogue, Code, Judgement

CATALOGUE: Catalogue = {
    "no_active_engine": Code(
        Severity.CRITICAL, "no engine protects against malware", "RB-WIN-AV-002"
    ),
    "realtime_off": Code(Severity.HIGH, "real-time protection is off", "RB-WIN-AV-002"),
    "passive_without_active_engine": Code(
        Severity.CRITICAL, "Defender is passive and no other engine is active", "RB-WIN-AV-003"
    ),
    "defender_missing": Code(
        Severity.HIGH, "Defender is not installed and nothing replaces it", "RB-WIN-AV-003"
    ),
    "defender_mode_unknown": Code(
        Severity.HIGH, "Defender answered, but not whether it protects"
    ),
    "edr_stopped": Code(Severity.HIGH, "a protection product is installed and stopped", "RB-WIN-AV-004"),
    "edr_missing": Code(Severity.MEDIUM, "no sensor for detection and response runs"),
    "product_stopped": Code(Severity.LOW, "a second protection product is installed and stopped"),
    "product_not_automatic": Code(
        Severity.LOW, "a protection product does not start by itself", "RB-WIN-AV-004"
    ),
    "product_not_accepted": Code(Severity.MEDIUM, "a product that is not accepted protects the host"),
    "two_active_engines": Code(Severity.MEDIUM, "two engines are active at the same time"),
    "thirdparty_signatures_old": Code(
        Severity.MEDIUM, "another vendor's definitions are out of date"
    ),
    "signature_age_unknown": Code(Severity.LOW, "nothing tells the age of the definitions"),
    "signatures_old": Code(Severity.MEDIUM, "definitions are too old", "RB-WIN-AV-001"),
    "quick_scan_old": Code(Severity.LOW, "the last scan is too long ago", "RB-WIN-AV-002"),
    "component_off": Code(Severity.MEDIUM, "a part of the protection is off", "RB-WIN-AV-002"),
    "tamper_off": Code(Severity.LOW, "tamper protection is off"),
    "engine_old": Code(Severity.LOW, "the scan engine is outdated", "RB-WIN-AV-001"),
    "platform_old": Code(Severity.LOW, "the Defender platform is outdated"),
    "disabled_by_policy": Code(Severity.MEDIUM, "a policy asks to switch the protection off"),
    "exclusion_of_everything": Code(Severity.HIGH, "an exclusion covers a drive or everything"),
    "exclusion_forbidden": Code(Severity.MEDIUM, "an exclusion is too broad"),
    "exclusions_unread": Code(Severity.LOW, "not all exclusions could be read"),
    "threat_unresolved": Code(Severity.CRITICAL, "a threat was found and not removed"),
    "threat_action_failed": Code(Severity.HIGH, "an action against a threat failed"),
    "threat_allowed": Code(Severity.MEDIUM, "a threat was allowed to stay"),
    "cleanup_pending": Code(Severity.MEDIUM, "Defender waits for a scan or a restart"),
    "third_party_active": Code(Severity.INFO, "another vendor's product is active"),
    "defender_active": Code(Severity.INFO, "Microsoft Defender is the active engine"),
    "defender_absent": Code(Severity.INFO, "Defender is not installed"),
    "defender_passive": Code(Severity.INFO, "Defender is passive beside another engine"),
    "defender_stopped": Code(Severity.INFO, "Defender is off beside another engine"),
    "defender_sensor_active": Code(Severity.INFO, "the host reports to Defender for Endpoint"),
    "cloud_protection_off": Code(Severity.INFO, "cloud-delivered protection is off"),
    "version_undated": Code(Severity.INFO, "a version does not tell its age"),
    "protection_was_off": Code(Severity.INFO, "protection was switched off for a time"),
    "tampering_blocked": Code(Severity.INFO, "tamper protection blocked a change"),
    "signature_update_failed": Code(Severity.INFO, "an update of the definitions failed"),
}


def judge_av_edr(facts: AvEdrFacts, policy: AvEdrPolicy, now: datetime) -> ComplianceCheck:
    """Judge the engines, the sensor, and what Defender says of itself."""
    judgement = Judgement(CheckId.AV_EDR, CATALOGUE)
    if judgement.is_blocked_by(facts.host):
        return judgement.verdict(facts, policy)
    defender = defender_state(facts)
    partners = find_partners(facts, policy)
    is_replaced = any(item.is_on and item.is_engine and item.is_accepted for item in partners)
    _judge_engine(judgement, facts, policy, defender, partners)
    _judge_partners(judgement, defender, partners)
    _judge_sensor(judgement, facts, policy, partners)
    if defender is Defender.ACTIVE or (defender is Defender.REALTIME_OFF and not is_replaced):
        judge_defender(judgement, facts, policy, now)
    judge_threats(judgement, facts, policy, now)
    _note_conflicts(judgement, facts, defender)
    _note_unread(judgement, facts, policy, defender)
    return judgement.verdict(facts, policy)


def _judge_engine(
    judgement: Judgement,
    facts: AvEdrFacts,
    policy: AvEdrPolicy,
    defender: Defender,
    partners: list[Partner],
) -> None:
    engines = [item for item in partners if item.is_on and item.is_engine and item.is_accepted]
    active = [item.name for item in engines]
    for item in partners:
        if item.is_on and item.is_accepted:
            judgement.inform("third_party_active", item.name, observed=item.observed)
    if defender is Defender.ACTIVE:
        judgement.inform("defender_active")
        active.append("Microsoft Defender")
    if len(active) > 1:
        judgement.warn("two_active_engines", observed=active, expected="one")
    if engines:
        _note_replaced_defender(judgement, defender)
    elif defender is Defender.UNKNOWN:
        if facts.computer_status.is_ok:
            status = facts.computer_status.value
            observed = status.running_mode if status else None
            judgement.error("defender_mode_unknown", observed=observed, expected="Normal")
        else:
            judgement.unread("computer_status", facts.computer_status)
    elif defender is Defender.REALTIME_OFF:
        owned = facts.host.setting_owner_is_policy and _is_switched_off_by_policy(facts)
        judgement.fail("realtime_off", observed="off", expected="on", gpo_managed=owned)
    elif defender is not Defender.ACTIVE:
        _judge_no_engine(judgement, facts, policy, defender, partners)


def _note_replaced_defender(judgement: Judgement, defender: Defender) -> None:
    notes = {
        Defender.ABSENT: "defender_absent",
        Defender.PASSIVE: "defender_passive",
        Defender.STOPPED: "defender_stopped",
        Defender.REALTIME_OFF: "defender_stopped",
    }
    if defender in notes:
        judgement.inform(notes[defender])


def _judge_no_engine(
    judgement: Judgement,
    facts: AvEdrFacts,
    policy: AvEdrPolicy,
    defender: Defender,
    partners: list[Partner],
) -> None:
    """Judge a host where Defender is proven not to protect, and no accepted product does."""
    stopped = [item for item in partners if item.is_engine and not item.is_on and item.is_accepted]
    # Only services can be started; a product that says itself that it is off needs a person.
    stopped = [item for item in stopped if item.product and _has_services_down(item)]
    if not stopped and not are_partners_known(facts, policy):
        # Somebody else may protect the host, and nobody could tell us.
        for name in ("products", "security_center"):
            probe = getattr(facts, name)
            if not probe.is_ok:
                judgement.unread(name, probe)
        if not judgement.has("probe_denied", "probe_timeout", "probe_error", "probe_absent"):
            judgement.unread("products", facts.products)
        return
    if stopped:
        for item in stopped:
            judgement.fail(
                "edr_stopped",
                item.name,
                observed=item.observed,
                expected="Running",
                severity=Severity.CRITICAL,
            )
    elif defender is not Defender.PASSIVE:
        off = [item.observed for item in partners]
        owned = facts.host.setting_owner_is_policy and _is_switched_off_by_policy(facts)
        judgement.fail("no_active_engine", observed=off, expected="one", gpo_managed=owned)
    if defender is Defender.PASSIVE:
        onboarding = facts.onboarding.value
        is_forced = onboarding is not None and onboarding.force_passive == 1
        status = facts.computer_status.value
        judgement.fail(
            "passive_without_active_engine",
            observed=status.running_mode if status else None,
            expected="Normal",
            gpo_managed=is_forced and facts.host.setting_owner_is_policy,
        )
    if defender is Defender.ABSENT:
        judgement.fail("defender_missing", observed="absent", expected="installed")


def _has_services_down(partner: Partner) -> bool:
    return "Security Center" not in partner.observed or "Stopped" in partner.observed


def _is_switched_off_by_policy(facts: AvEdrFacts) -> bool:
    policy = facts.policy.value
    return policy is not None and (
        1 in {policy.disable_antispyware, policy.disable_realtime} or policy.managed_realtime == 0
    )
