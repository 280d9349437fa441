# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge Windows firewall facts. Pure: no clock, no I/O, no Ansible."""

from datetime import datetime

from ..facts.firewall import (
    PROFILE_BIT,
    REGISTRY_ALLOW,
    FirewallFacts,
    FirewallPolicy,
    FirewallProfile,
    ProfileName,
    ProfileSetting,
)
from ..models import CheckId, ComplianceCheck, Severity
from .firewall_products import judge_products
from .firewall_rules import judge_rules
from .judgement import Catalogue, Code, Judgement

CATALOGUE: Catalogue = {
    "active_profile_disabled": Code(Severity.HIGH, "an active profile is off", "RB-WIN-FW-001"),
    "inactive_profile_disabled": Code(Severity.MEDIUM, "a profile is off", "RB-WIN-FW-001"),
    "inbound_allowed": Code(
        Severity.HIGH, "inbound connections are allowed by default", "RB-WIN-FW-001"
    ),
    "outbound_allowed": Code(Severity.LOW, "outbound connections are allowed by default"),
    "interface_excluded": Code(
        Severity.MEDIUM, "the firewall is off on interfaces that are left out of a profile"
    ),
    "profile_unread": Code(Severity.MEDIUM, "a required profile was not reported"),
    "profiles_from_registry": Code(
        Severity.LOW, "profiles are on in the registry; what Windows enforces was not read"
    ),
    "firewall_service_down": Code(
        Severity.HIGH, "the firewall service is not running", "RB-WIN-FW-003"
    ),
    "firewall_start_mode": Code(
        Severity.MEDIUM, "a firewall service runs and will not start by itself"
    ),
    "thirdparty_firewall": Code(Severity.MEDIUM, "a product that is not accepted is the firewall"),
    "thirdparty_active": Code(Severity.INFO, "an accepted product is the firewall"),
    "log_blocked_off": Code(Severity.LOW, "blocked packets are not logged", "RB-WIN-FW-002"),
    "log_too_small": Code(
        Severity.LOW, "the firewall log is smaller than required", "RB-WIN-FW-002"
    ),
    "log_allowed_off": Code(Severity.INFO, "allowed connections are not logged"),
    "local_rules_allowed": Code(Severity.INFO, "local rules apply on the public profile"),
    "broad_allow_rule": Code(Severity.MEDIUM, "a rule lets any address reach any port"),
    "forbidden_port_open": Code(Severity.MEDIUM, "a forbidden port is open to any address"),
    "wrong_network_category": Code(
        Severity.MEDIUM, "a domain member takes its network for a public one"
    ),
}
# Every firewall filters through it, that of another product as well.
FILTERING = frozenset({"BFE"})


def judge_firewall(
    facts: FirewallFacts,
    policy: FirewallPolicy,
    now: datetime,  # noqa: ARG001 - every judge takes it
) -> ComplianceCheck:
    """Judge each profile that *policy* requires; an unread one is an ERROR, never a PASS."""
    judgement = Judgement(CheckId.FIREWALL, CATALOGUE)
    if judgement.is_blocked_by(facts.host):
        return judgement.verdict(facts, policy)
    is_replaced = judge_products(judgement, facts, policy)
    if is_replaced:
        _judge_services(judgement, facts, FILTERING)
    else:
        _judge_services(judgement, facts)
        _judge_profiles(judgement, facts, policy)
    _judge_connections(judgement, facts)
    judge_rules(judgement, facts, policy)
    _note_unread(judgement, facts)
    if not is_replaced:
        judgement.unread_minor("products", facts.products)
    return judgement.verdict(facts, policy)


def _judge_services(
    judgement: Judgement, facts: FirewallFacts, names: frozenset[str] | None = None
) -> None:
    """Judge the services called *names*; all of them without it."""
    if facts.services.value is None:
        # Profiles in force prove that the services run; without them nothing does.
        if not facts.profiles.is_ok:
            judgement.unread("services", facts.services)
        return
    for service in facts.services.value:
        if names is not None and service.name not in names:
            continue
        if not service.is_running:
            judgement.fail(
                "firewall_service_down",
                service.name,
                observed=f"{service.state or 'absent'}, {service.start_mode or 'absent'}",
                expected="Running",
            )
        elif service.start_mode != "Auto":
            # It protects until the next restart.
            judgement.warn(
                "firewall_start_mode", service.name, observed=service.start_mode, expected="Auto"
            )


def _judge_profiles(judgement: Judgement, facts: FirewallFacts, policy: FirewallPolicy) -> None:
    settings = {item.name: item for item in facts.settings.value or ()}
    if facts.profiles.value is None:
        _judge_settings(judgement, facts, policy, settings)
        return
    seen = {profile.name: profile for profile in facts.profiles.value}
    for name in policy.profiles_required:
        profile = seen.get(name)
        if profile is None:
            judgement.error("profile_unread", name, observed="not reported", expected="reported")
            continue
        is_ours = facts.host.setting_owner_is_policy
        setting = settings.get(name)
        _judge_profile(judgement, facts, policy, profile, setting if is_ours else None)


def _judge_profile(
    judgement: Judgement,
    facts: FirewallFacts,
    policy: FirewallPolicy,
    profile: FirewallProfile,
    setting: ProfileSetting | None,
) -> None:
    name = profile.name

    def owned(key: str) -> bool:
        return setting is not None and getattr(setting, key) is not None

    if profile.enabled != "on":
        code = "active" if _is_active(facts, name) else "inactive"
        judgement.fail(
            f"{code}_profile_disabled",
            name,
            observed=profile.enabled,
            expected="on",
            gpo_managed=owned("policy_enabled"),
        )
    if profile.inbound == "allow":
        judgement.fail(
            "inbound_allowed",
            name,
            observed="allow",
            expected=policy.inbound,
            gpo_managed=owned("policy_inbound"),
        )
    if profile.excluded_interfaces:
        judgement.warn("interface_excluded", name, observed=profile.excluded_interfaces, expected=0)
    if policy.outbound == "block" and profile.outbound != "block":
        judgement.warn("outbound_allowed", name, observed=profile.outbound, expected="block")
    if policy.log_blocked_required and profile.log_blocked != "on":
        judgement.warn(
            "log_blocked_off",
            name,
            observed=profile.log_blocked,
            expected="on",
            gpo_managed=owned("policy_log_blocked"),
        )
    if profile.log_max_kb < policy.log_max_kb:
        judgement.warn(
            "log_too_small",
            name,
            observed=profile.log_max_kb,
            expected=policy.log_max_kb,
            gpo_managed=owned("policy_log_max_kb"),
        )
    if profile.log_allowed != "on":
        judgement.inform("log_allowed_off", name, observed=profile.log_allowed)
    if name == "public" and profile.allow_local_rules != "off":
        judgement.inform("local_rules_allowed", name, observed=profile.allow_local_rules)


def _judge_settings(
    judgement: Judgement,
    facts: FirewallFacts,
    policy: FirewallPolicy,
    settings: dict[ProfileName, ProfileSetting],
) -> None:
    """Fall back to the registry: it can prove a profile off or open, never that it is enforced."""
    are_on = True
    for name in policy.profiles_required:
        setting = settings.get(name)
        enabled = setting.enabled if setting else None
        are_on = are_on and enabled == 1
        if setting is not None and enabled == 0:
            judgement.fail(
                "active_profile_disabled"
                if _is_active(facts, name)
                else "inactive_profile_disabled",
                name,
                observed="off",
                expected="on",
                gpo_managed=setting.policy_enabled is not None
                and facts.host.setting_owner_is_policy,
            )
        if setting is not None and setting.inbound == REGISTRY_ALLOW:
            judgement.fail(
                "inbound_allowed",
                name,
                observed="allow",
                expected=policy.inbound,
                gpo_managed=setting.policy_inbound is not None
                and facts.host.setting_owner_is_policy,
            )
    services = facts.services.value
    if are_on and services is not None and len(services) and all(s.is_running for s in services):
        judgement.warn("profiles_from_registry", observed=facts.profiles.hresult)
    else:
        judgement.unread("profiles", facts.profiles)


def _is_active(facts: FirewallFacts, name: ProfileName) -> bool:
    # Unknown counts as active: the worse of the two.
    state = facts.policy_state.value
    return state is None or bool(state.current_profiles & PROFILE_BIT[name])


def _judge_connections(judgement: Judgement, facts: FirewallFacts) -> None:
    computer = facts.host.computer.value
    if computer is None or not computer.part_of_domain:
        return
    for connection in facts.connections.value or ():
        if connection.category == "public":
            scope = f"interface {connection.interface_index}"
            judgement.warn("wrong_network_category", scope, observed="public", expected="domain")


def _note_unread(judgement: Judgement, facts: FirewallFacts) -> None:
    """Note sources whose silence could hide a weakness, or the owner of a setting."""
    if facts.host.os.value is None:
        judgement.unread("os", facts.host.os)
    if facts.host.computer.value is None:
        judgement.unread("computer", facts.host.computer)
    for name in ("settings", "policy_state", "connections", "rules"):
        judgement.unread_minor(name, getattr(facts, name))
    if not facts.services.is_ok and facts.profiles.is_ok:
        judgement.unread_minor("services", facts.services)
    # Servers have no security center.
    system = facts.host.os.value
    is_expected_absent = facts.security_center.is_absent and not (system and system.is_client)
    if not is_expected_absent:
        judgement.unread_minor("security_center", facts.security_center)
