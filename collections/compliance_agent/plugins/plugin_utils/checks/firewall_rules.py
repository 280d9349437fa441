# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what the rules of the Windows firewall let in. Pure."""

from ..facts.firewall import PROFILE_BIT, FirewallFacts, FirewallPolicy, InboundRule
from .judgement import Judgement

# Microsoft Learn, "New-NetFirewallRule", parameter LocalPort: the endpoint mapper of RPC.
PORT_WORDS = {"rpcepmap": 135, "rpc-epmap": 135}
# Only these carry ports; other protocols name any port and open none.
PORT_PROTOCOLS = frozenset({"any", "tcp", "udp", "6", "17"})


def judge_rules(judgement: Judgement, facts: FirewallFacts, policy: FirewallPolicy) -> None:
    """Judge rules that let any address in: to everything, or to a port that *policy* forbids."""
    rules = [item for item in facts.rules.value or () if item.protocol.lower() in PORT_PROTOCOLS]
    broad = [item for item in rules if item.any_port and item.any_remote and item.any_program]
    if len(broad) > policy.broad_rules_max:
        for rule in broad:
            judgement.warn("broad_allow_rule", rule.name, observed="any port", expected="none")
    for rule in rules:
        ports = [
            str(port)
            for port in sorted(policy.forbidden_inbound_ports)
            if any(_covers(item, port) for item in rule.ports)
        ]
        if ports and rule.any_remote and _is_public(rule):
            judgement.warn("forbidden_port_open", rule.name, observed=ports, expected=[])


def _covers(listed: str, port: int) -> bool:
    """Return whether *listed*, such as 445, 3000-4000 or RPCEPMap, opens *port*."""
    if listed.casefold() in PORT_WORDS:
        return PORT_WORDS[listed.casefold()] == port
    first, _dash, last = listed.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        return False
    return int(first) <= port <= int(last or first)


def _is_public(rule: InboundRule) -> bool:
    return rule.profiles == 0 or bool(rule.profiles & PROFILE_BIT["public"])
