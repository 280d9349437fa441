# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge whether events reach a place where the host cannot erase them. Pure."""

from datetime import datetime, timedelta

from ..facts.logging import ForwardingEvent, LoggingFacts, LoggingPolicy
from ..instants import to_text
from .judgement import Judgement

# Microsoft-Windows-Forwarding: 100 subscribed, 104 connected; 102 subscription failed,
# 105 collector out of reach.
SUBSCRIBED, REFUSED = frozenset({100}), frozenset({102})
SUCCEEDED = frozenset({100, 104})
FAILED = frozenset({102, 105})


def judge_forwarding(
    judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy, now: datetime
) -> bool:
    """Return whether forwarding is proven, by its own log or by the agent that the site wants."""
    is_agent = _judge_agents(judgement, facts, policy)
    forwarding = facts.forwarding.value
    if forwarding is None:
        if policy.forwarding_required == "wef":
            judgement.unread("forwarding", facts.forwarding)
        else:
            judgement.unread_minor("forwarding", facts.forwarding)
        return is_agent
    if not len(forwarding.managers):
        # Without a collector both may be absent, as on any host that forwards nothing.
        for name in ("forwarding_events", "forwarding_reader"):
            if not getattr(facts, name).is_absent:
                judgement.unread_minor(name, getattr(facts, name))
        if policy.forwarding_required == "wef":
            judgement.fail("forwarding_missing", "wef", observed="not configured", expected="wef")
        return is_agent
    _judge_reader(judgement, facts)
    return _judge_subscription(judgement, facts, policy, now) or is_agent


def _judge_agents(judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy) -> bool:
    is_required = policy.forwarding_required == "agent"
    agents = facts.agents.value
    if agents is None:
        if is_required:
            judgement.unread("agents", facts.agents)
        else:
            judgement.unread_minor("agents", facts.agents)
        return False
    running = [agent for agent in agents if agent.state == "Running"]
    stopped = [agent for agent in agents if agent.state != "Running"]
    for agent in running:
        judgement.inform("forwarding_agent_running", agent.name)
    for agent in stopped:
        state = f"{agent.state}, {agent.start_mode}"
        if is_required and not running:
            judgement.fail(
                "forwarding_agent_stopped", agent.name, observed=state, expected="Running"
            )
        elif agent.start_mode == "Auto":
            judgement.warn(
                "forwarding_agent_stopped", agent.name, observed=state, expected="Running"
            )
    if is_required and not len(agents):
        judgement.fail("forwarding_missing", "agent", observed="none installed", expected="agent")
    return is_required and bool(running)


def _judge_reader(judgement: Judgement, facts: LoggingFacts) -> None:
    reader = facts.forwarding_reader
    system = facts.host.os.value
    if reader.value is not None and not reader.value.network_service:
        expected = "NETWORK SERVICE may read it"
        judgement.warn(
            "forwarding_cannot_read", "Security", observed="no access", expected=expected
        )
    elif system is None or not system.is_domain_controller:
        # A domain controller has no local groups to ask.
        judgement.unread_minor("forwarding_reader", reader)


def _judge_subscription(
    judgement: Judgement, facts: LoggingFacts, policy: LoggingPolicy, now: datetime
) -> bool:
    is_required = policy.forwarding_required == "wef"
    if facts.forwarding_events.value is None:
        if is_required:
            judgement.unread("forwarding_events", facts.forwarding_events)
        else:
            judgement.unread_minor("forwarding_events", facts.forwarding_events)
        return False
    add = judgement.fail if is_required else judgement.warn
    if any(item.name == "WinRM" and not item.is_running for item in facts.services.value or ()):
        # The subscription is kept by the WinRM service.
        add("forwarding_broken", "WinRM", observed="not running", expected="Running")
        return False
    success = _last(facts, SUCCEEDED)
    failure = _last(facts, FAILED)
    if success is None and failure is None:
        add = judgement.error if is_required else judgement.warn
        add("forwarding_unproven", "wef", observed="no record", expected="a connection")
        return False
    refusal = _refusal(facts)
    if success is not None and refusal is None and (failure is None or success.at >= failure.at):
        return _is_of_this_boot(judgement, facts, success, is_required=is_required)
    failure = refusal or failure
    if failure is None:
        return False
    seen = {
        "last_success_at": None if success is None else to_text(success.at),
        "last_failure_at": to_text(failure.at),
        "error_code": failure.error_code,
    }
    limit = timedelta(hours=policy.forwarding_failing_hours)
    if success is not None and refusal is None and now - success.at <= limit:
        judgement.inform("forwarding_retrying", "wef", observed=seen)
    else:
        add("forwarding_broken", "wef", observed=seen, expected="a connection")
    return False


def _refusal(facts: LoggingFacts) -> ForwardingEvent | None:
    """Return the refused subscription after which none succeeded.

    A connection, often of the same second, only reaches the collector; what was refused is not
    forwarded, and no retry mends it.
    """
    refused, subscribed = _last(facts, REFUSED), _last(facts, SUBSCRIBED)
    if refused is None or (subscribed is not None and subscribed.at > refused.at):
        return None
    return refused


def _is_of_this_boot(
    judgement: Judgement, facts: LoggingFacts, success: ForwardingEvent, *, is_required: bool
) -> bool:
    """Return whether the connection is one of now: each start of the host makes a new one."""
    system = facts.host.os.value
    booted_at = system.last_boot_at if system is not None else None
    if booted_at is None or success.at >= booted_at:
        return True
    add = judgement.error if is_required else judgement.warn
    add("forwarding_unproven", "wef", observed=to_text(success.at), expected=to_text(booted_at))
    return False


def _last(facts: LoggingFacts, ids: frozenset[int]) -> ForwardingEvent | None:
    found = [item for item in facts.forwarding_events.value or () if item.id in ids]
    return max(found, key=lambda item: item.at, default=None)
