# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its firewall, and what the policy demands."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from ..models import CheckId
from ..policy import NonNegativeInt, Policy, PositiveInt
from .host import CheckFacts
from .host_record import FactList, HostRecord
from .probe import UNREAD, Probe
from .service import Service

ProfileName = Literal["domain", "private", "public"]
Switch = Literal["on", "off", "not_configured"]
Action = Literal["allow", "block", "not_configured"]
STATE_MASK, STATE_ON = 0xF000, 0x1000
# DefaultInboundAction in the registry.
REGISTRY_ALLOW = 0
# Bits of INetFwPolicy2.CurrentProfileTypes and of a rule's Profile; a rule with 0 is for all.
PROFILE_BIT: dict[ProfileName, int] = {"domain": 1, "private": 2, "public": 4}


class FirewallProfile(HostRecord):
    """A profile as Windows enforces it now (ActiveStore).

    ``excluded_interfaces`` counts those on which it is off although the profile is on.
    """

    name: ProfileName
    enabled: Switch
    inbound: Action
    outbound: Action
    log_blocked: Switch
    log_allowed: Switch
    log_max_kb: int
    allow_local_rules: Switch
    excluded_interfaces: int


class ProfileSetting(HostRecord):
    """What the registry asks for; actions count the other way there: 0 allows, 1 blocks."""

    name: ProfileName
    policy_enabled: int | None
    policy_inbound: int | None
    policy_log_blocked: int | None
    policy_log_max_kb: int | None
    local_enabled: int | None
    local_inbound: int | None

    @property
    def enabled(self) -> int | None:
        return self.local_enabled if self.policy_enabled is None else self.policy_enabled

    @property
    def inbound(self) -> int | None:
        return self.local_inbound if self.policy_inbound is None else self.policy_inbound


class PolicyState(HostRecord):
    """INetFwPolicy2: which profiles are active, and whether a local change would take effect."""

    current_profiles: int
    modify_state: int


class Connection(HostRecord):
    interface_index: int
    category: Literal["public", "private", "domain"]


class FirewallProduct(HostRecord):
    """A product that registered itself as owner of rule categories; 2 is the firewall."""

    name: str
    categories: tuple[int, ...]


class SecurityCenterProduct(HostRecord):
    """Security Center of clients; bits 12 to 15 of ``product_state`` tell whether it is on."""

    name: str | None
    product_state: int

    @property
    def is_on(self) -> bool:
        return self.product_state & STATE_MASK == STATE_ON


class InboundRule(HostRecord):
    """An enabled inbound allow rule that opens much: any port, or a port that was asked for."""

    name: str
    profiles: int
    protocol: str
    ports: tuple[str, ...]
    any_port: bool
    any_remote: bool
    any_program: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallFacts(CheckFacts):
    """One probe a source, in the order in which the judge believes them."""

    CHECK = CheckId.FIREWALL

    profiles: Probe[FactList[FirewallProfile]] = UNREAD
    settings: Probe[FactList[ProfileSetting]] = UNREAD
    services: Probe[FactList[Service]] = UNREAD
    policy_state: Probe[PolicyState] = UNREAD
    connections: Probe[FactList[Connection]] = UNREAD
    products: Probe[FactList[FirewallProduct]] = UNREAD
    security_center: Probe[FactList[SecurityCenterProduct]] = UNREAD
    rules: Probe[FactList[InboundRule]] = UNREAD


class FirewallPolicy(Policy):
    """Thresholds of ``rules/policy/firewall.yml``; the file names the source of each default."""

    profiles_required: Annotated[
        tuple[ProfileName, ...],
        Field(min_length=1, description="Some of domain, private, public."),
    ]
    inbound: Literal["block"]
    outbound: Literal["allow", "block"]
    # 32767 KB is the largest log that Windows accepts.
    log_max_kb: Annotated[int, Field(ge=1, le=32767, description="Kilobytes, from 1 to 32767.")]
    log_blocked_required: bool
    broad_rules_max: NonNegativeInt
    forbidden_inbound_ports: tuple[Annotated[PositiveInt, Field(le=65535)], ...]
    accepted_third_party: tuple[str, ...]

    def collector_options(self) -> dict[str, Any]:
        return {"ports": [str(port) for port in self.forbidden_inbound_ports]}
