# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what Microsoft Defender found, and what it could not deal with. Pure."""

from datetime import datetime, timedelta

from ..facts.av_edr import AvEdrFacts, AvEdrPolicy, Detection, ThreatEvent
from ..instants import to_text
from .judgement import Judgement

# ThreatStatusID: cleaned, quarantined, removed, blocked.
RESOLVED = frozenset({2, 3, 4, 6})
ALLOWED = 5
# Quarantine, removal and block failed, or the threat was given up (MSFT_MpThreatDetection).
FAILED = frozenset({102, 103, 105, 107})
# ComputerState and ProductStatus: a person must act, or the removal failed critically.
STATE_UNRESOLVED = 4 | 16
PRODUCT_UNRESOLVED = 16 | 0x20000
# ComputerState and ProductStatus: a full scan, a restart or an offline scan is due.
STATE_PENDING = 1 | 2 | 8
PRODUCT_PENDING = 4 | 8 | 0x8000
ACTION_FAILED = frozenset({1008, 1118, 1119})
ACTION_DONE = frozenset({1007, 1117})
SWITCHED_OFF = frozenset({5001, 5010, 5012})
TAMPERING_BLOCKED = 5013


def judge_threats(
    judgement: Judgement, facts: AvEdrFacts, policy: AvEdrPolicy, now: datetime
) -> None:
    """Judge what Defender found; its history stays readable beside another engine."""
    status = facts.computer_status.value
    for detection in facts.detections.value.detections if facts.detections.value else ():
        _judge_detection(judgement, detection)
    if status is not None:
        state, product = status.computer_state or 0, status.product_status or 0
        seen = {"observed": {"computer_state": state, "product_status": product}}
        if state & STATE_UNRESOLVED or product & PRODUCT_UNRESOLVED:
            judgement.fail("threat_unresolved", "computer state", **seen)
        if state & STATE_PENDING or product & PRODUCT_PENDING:
            judgement.warn("cleanup_pending", "computer state", **seen)
        if status.reboot_required:
            judgement.warn("cleanup_pending", "restart", observed="required")
    _judge_events(judgement, facts, policy, now)


def _judge_detection(judgement: Judgement, detection: Detection) -> None:
    scope = f"threat {detection.threat_id}" if detection.threat_id is not None else "threat"
    if detection.status_id == ALLOWED:
        judgement.warn("threat_allowed", scope, observed=detection.status_id)
    elif detection.status_id in FAILED or (
        detection.is_action_successful is not True and detection.status_id not in RESOLVED
    ):
        judgement.fail(
            "threat_unresolved", scope, observed=detection.status_id, expected=sorted(RESOLVED)
        )


def _judge_events(
    judgement: Judgement, facts: AvEdrFacts, policy: AvEdrPolicy, now: datetime
) -> None:
    oldest = now - timedelta(days=policy.event_lookback_days)
    events = tuple(facts.threat_events.value or ())
    for event in events:
        is_recent = event.at is None or event.at >= oldest
        if event.id in ACTION_FAILED and is_recent and not _is_mended(event, events):
            seen = to_text(event.at) if event.at else None
            judgement.warn("threat_action_failed", f"event {event.id}", observed=seen)
    for change in facts.protection_events.value or ():
        if change.newest_at is not None and change.newest_at < oldest:
            continue
        code = "signature_update_failed"
        if change.id in SWITCHED_OFF:
            code = "protection_was_off"
        elif change.id == TAMPERING_BLOCKED:
            code = "tampering_blocked"
        judgement.inform(code, f"event {change.id}", observed=change.times)


def _is_mended(failure: ThreatEvent, events: tuple[ThreatEvent, ...]) -> bool:
    """Whether a later action against the same detection succeeded."""
    return any(
        event.id in ACTION_DONE
        and event.detection_id is not None
        and event.detection_id == failure.detection_id
        and event.at is not None
        and failure.at is not None
        and event.at >= failure.at
        for event in events
    )
