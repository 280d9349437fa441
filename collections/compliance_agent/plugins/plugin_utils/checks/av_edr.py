# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what protects a host against malware. Pure: no clock, no I/O, no Ansible.

Exactly one engine must be on. Microsoft Defender is one when it runs in its normal mode with
real-time protection; a product of another vendor is one when the policy accepts it and its services
run or, on clients, Windows' Security Center says that it is on.
"""

from datetime import datetime

from ..facts.av_edr import AvEdrFacts, AvEdrPolicy
from ..models import CheckId, ComplianceCheck, Severity
from .av_edr_defender import judge_defender
from .av_edr_engines import (
    SERVICE_STOPPED,
    Defender,
    Partner,
    defender_state,
    find_partners,
    unread_partner_sources,
)
from .av_edr_threats import judge_threats
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
    "defender_mode_unknown": Code(Severity.HIGH, "Defender answered, but not whether it protects"),
    "edr_stopped": Code(
        Severity.HIGH, "a protection product is installed and stopped", "RB-WIN-AV-004"
    ),
    "edr_missing": Code(Severity.MEDIUM, "no sensor for detection and response runs"),
    "product_stopped": Code(Severity.LOW, "a second protection product is installed and stopped"),
    "product_not_automatic": Code(Severity.LOW, "a protection product does not start by itself"),
    "product_not_accepted": Code(
        Severity.MEDIUM, "a product that is not accepted protects the host"
    ),
    "two_active_engines": Code(Severity.MEDIUM, "two engines are active at the same time"),
    "thirdparty_signatures_old": Code(
        Severity.MEDIUM, "another vendor's definitions are out of date"
    ),
    "signature_age_unknown": Code(Severity.LOW, "nothing tells the age of the definitions"),
    "signatures_old": Code(Severity.MEDIUM, "definitions are too many days old", "RB-WIN-AV-001"),
    "quick_scan_old": Code(Severity.LOW, "the last scan is too many days ago", "RB-WIN-AV-002"),
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
    "defender_sensor_removed": Code(
        Severity.INFO, "the host was onboarded to Defender for Endpoint and has another sensor now"
    ),
    "cloud_protection_off": Code(Severity.INFO, "cloud-delivered protection is off"),
    "version_undated": Code(Severity.INFO, "a version does not tell its age"),
    "protection_was_off": Code(Severity.INFO, "protection was switched off for a time"),
    "tampering_blocked": Code(Severity.INFO, "tamper protection blocked a change"),
    "signature_update_failed": Code(Severity.INFO, "an update of the definitions failed"),
}

# Windows' ProductStatus: service not running, service without an engine, product expired.
NOT_PROTECTING = 1 | 2 | 16384
REPLACED = {
    Defender.ABSENT: "defender_absent",
    Defender.PASSIVE: "defender_passive",
    Defender.STOPPED: "defender_stopped",
    Defender.REALTIME_OFF: "defender_stopped",
}
DEFENDER_PROBES = (
    "computer_status",
    "preference",
    "detections",
    "threat_events",
    "protection_events",
)
# "Provider load failure": Defender was taken out by force.
PROVIDER_GONE = "0x80041013"


def judge_av_edr(facts: AvEdrFacts, policy: AvEdrPolicy, now: datetime) -> ComplianceCheck:
    """Judge the engines, the sensor, and what Defender says of itself."""
    judgement = Judgement(CheckId.AV_EDR, CATALOGUE)
    if judgement.is_blocked_by(facts.host):
        return judgement.verdict(facts, policy)
    defender = defender_state(facts)
    partners = find_partners(facts, policy)
    engines = [item for item in partners if item.is_on and item.is_engine and item.is_accepted]
    has_engine = bool(engines) or defender is Defender.ACTIVE
    _note_engines(judgement, defender, engines)
    if not has_engine:
        _judge_no_engine(judgement, facts, policy, defender, partners)
    _judge_partners(judgement, partners, has_engine=has_engine or defender is Defender.UNKNOWN)
    _judge_sensor(judgement, facts, policy, partners)
    if defender is Defender.ACTIVE or (defender is Defender.REALTIME_OFF and not engines):
        judge_defender(judgement, facts, policy, now)
    judge_threats(judgement, facts, policy, now)
    if defender is Defender.ACTIVE:
        _note_conflicts(judgement, facts, engines)
    _note_unread(judgement, facts, policy, defender, has_engine=has_engine)
    return judgement.verdict(facts, policy)


def _note_engines(judgement: Judgement, defender: Defender, engines: list[Partner]) -> None:
    for item in engines:
        judgement.inform("third_party_active", item.name, observed=item.observed)
    names = [item.name for item in engines]
    if defender is Defender.ACTIVE:
        judgement.inform("defender_active")
        names.append("Microsoft Defender")
    elif engines and defender in REPLACED:
        judgement.inform(REPLACED[defender])
    if len(names) > 1:
        judgement.warn("two_active_engines", observed=names, expected="one")


def _judge_no_engine(
    judgement: Judgement,
    facts: AvEdrFacts,
    policy: AvEdrPolicy,
    defender: Defender,
    partners: list[Partner],
) -> None:
    """Judge a host where nothing was seen to protect: that is proven, or was not read."""
    is_owned = facts.host.setting_owner_is_policy and _is_switched_off_by_policy(facts)
    is_down = any(
        item.are_services_down and item.is_engine and item.is_accepted for item in partners
    )
    status = facts.computer_status.value
    mode = status.running_mode if status else None
    if defender is Defender.UNKNOWN:
        if status:
            judgement.error("defender_mode_unknown", observed=mode, expected="Normal")
        else:
            judgement.unread("computer_status", facts.computer_status)
    elif defender is Defender.REALTIME_OFF:
        judgement.fail("realtime_off", observed="off", expected="on", gpo_managed=is_owned)
    elif not is_down and (unread := unread_partner_sources(facts, policy)):
        # Somebody else may protect the host, and nobody could tell us.
        for name in unread:
            judgement.unread(name, getattr(facts, name))
    elif defender is Defender.PASSIVE:
        onboarding = facts.onboarding.value
        is_forced = onboarding is not None and onboarding.force_passive == 1
        is_owned = is_forced and facts.host.setting_owner_is_policy
        judgement.fail(
            "passive_without_active_engine", observed=mode, expected="Normal", gpo_managed=is_owned
        )
    elif not is_down:
        seen = [item.observed for item in partners]
        judgement.fail("no_active_engine", observed=seen, expected="one", gpo_managed=is_owned)
        if defender is Defender.ABSENT:
            judgement.fail("defender_missing", observed="absent", expected="installed")


def _is_switched_off_by_policy(facts: AvEdrFacts) -> bool:
    policy = facts.policy.value
    return policy is not None and (
        1 in {policy.disable_antispyware, policy.disable_realtime} or policy.managed_realtime == 0
    )


def _judge_partners(judgement: Judgement, partners: list[Partner], *, has_engine: bool) -> None:
    for item in partners:
        if item.is_on and not item.is_accepted:
            judgement.warn("product_not_accepted", item.name, observed=item.observed)
        elif item.is_on:
            _judge_running_partner(judgement, item)
        elif item.are_services_down and item.is_accepted:
            is_needed = item.is_engine and not has_engine
            # The names alone: what starts them again takes them from here.
            seen = {"observed": list(item.services_down), "expected": "Running"}
            if is_needed:
                judgement.fail("edr_stopped", item.name, severity=Severity.CRITICAL, **seen)
            elif item.is_sensor:
                judgement.fail("edr_stopped", item.name, **seen)
            else:
                judgement.warn("product_stopped", item.name, **seen)


def _judge_running_partner(judgement: Judgement, item: Partner) -> None:
    if item.is_contradicted:
        judgement.warn("conflicting_evidence", item.name, observed=item.observed)
    if item.services_by_hand:
        by_hand = list(item.services_by_hand)
        judgement.warn("product_not_automatic", item.name, observed=by_hand, expected="Automatic")
    if item.is_fresh is False:
        judgement.fail(
            "thirdparty_signatures_old", item.name, observed="out of date", expected="up to date"
        )
    elif item.is_fresh is None and item.product and item.product.has_signatures:
        judgement.warn("signature_age_unknown", item.name, observed="unknown")


def _judge_sensor(
    judgement: Judgement, facts: AvEdrFacts, policy: AvEdrPolicy, partners: list[Partner]
) -> None:
    onboarding, sense = facts.onboarding.value, facts.service("Sense")
    is_onboarded = onboarding is not None and onboarding.onboarding_state == 1
    is_reporting = is_onboarded and sense is not None and sense.is_running
    has_other = any(item.is_sensor and item.is_on and item.is_accepted for item in partners)
    if is_reporting:
        judgement.inform("defender_sensor_active")
    elif is_onboarded and sense is not None:
        # The mark of an onboarding stays when the sensor is removed for another one.
        if has_other and not sense.exists:
            judgement.inform("defender_sensor_removed")
        else:
            # As for other products, the services to start; one that is gone cannot be started.
            down = ["Sense"] if sense.exists else []
            judgement.fail("edr_stopped", "Sense", observed=down, expected="Running")
    elif is_onboarded and facts.services.is_ok:
        judgement.warn("probe_missing", "Sense", observed="not reported", expected="reported")
    if not policy.edr_required or is_reporting or has_other:
        return
    unread = [
        name for name in ("onboarding", "services", "products") if not getattr(facts, name).is_ok
    ]
    for name in unread:
        judgement.unread(name, getattr(facts, name))
    if not unread:
        judgement.fail("edr_missing", observed="none", expected="one")


def _note_conflicts(judgement: Judgement, facts: AvEdrFacts, engines: list[Partner]) -> None:
    """Note sources that contradict a Defender which says that it protects."""
    service, driver, status = (
        facts.service("WinDefend"),
        facts.filter_driver.value,
        facts.computer_status.value,
    )
    if service is not None and not service.is_running:
        judgement.warn("conflicting_evidence", "WinDefend", observed=service.state or "absent")
    elif service is not None and service.start_mode in {"Disabled", None}:
        # It protects until the next start.
        judgement.warn("product_not_automatic", "WinDefend", observed=service.start_mode)
    if driver is not None and driver.state != "Running":
        judgement.warn("conflicting_evidence", "WdFilter", observed=driver.state or "absent")
    if status and status.product_status and status.product_status & NOT_PROTECTING:
        judgement.warn(
            "conflicting_evidence",
            "product status",
            observed=status.product_status,
            expected=524288,
        )
    own = [item for item in facts.security_center.value or () if item.is_microsoft]
    if own and not engines and not any(item.is_on for item in own):
        observed = f"{own[0].product_state:#08x}"
        judgement.warn("conflicting_evidence", "Security Center", observed=observed)


def _note_unread(
    judgement: Judgement,
    facts: AvEdrFacts,
    policy: AvEdrPolicy,
    defender: Defender,
    *,
    has_engine: bool,
) -> None:
    """Note sources whose silence could hide a weakness."""
    if facts.host.os.value is None:
        judgement.unread("os", facts.host.os)
    if facts.host.computer.value is None:
        judgement.unread("computer", facts.host.computer)
    for name in ("services", "filter_driver", "onboarding", "policy", "feature"):
        judgement.unread_minor(name, getattr(facts, name))
    is_off = defender in {Defender.STOPPED, Defender.ABSENT}
    for name in DEFENDER_PROBES:
        probe = getattr(facts, name)
        # Where Defender is proven to be off or gone, its own sources are silent by nature.
        is_silent = probe.is_absent or probe.hresult in {SERVICE_STOPPED, PROVIDER_GONE}
        if not (is_off and is_silent) and (name != "computer_status" or has_engine or is_off):
            judgement.unread_minor(name, probe)
    if has_engine and defender is Defender.UNKNOWN and facts.computer_status.is_ok:
        judgement.warn("defender_mode_unknown", expected="Not running")
    if has_engine or defender in {Defender.UNKNOWN, Defender.REALTIME_OFF}:
        for name in unread_partner_sources(facts, policy):
            probe = getattr(facts, name)
            observed = probe.hresult or probe.state.value
            code = "probe_error" if probe.is_ok else f"probe_{probe.state}"
            judgement.warn(code, name, observed=observed, expected="ok")
