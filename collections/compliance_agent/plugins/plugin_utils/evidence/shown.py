# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result shows of verdicts: scrubbed, since Ansible prints it and AWX keeps it.

The controller makes the scrubber before it forks; a worker without one takes a key of its own, so
that its pseudonyms match no others.
"""

import os
from collections.abc import Iterable
from datetime import date
from typing import Any

from ..phi.inventory import SiteInventory
from ..phi.scrubber import Scrubber
from . import runstate

ROOT = "check"
# Every field that a brief verdict can have, so that no worker is the first to meet one.
_SAMPLE = {
    "check_id": "firewall",
    "status": "FAIL",
    "message": "FAIL: a profile is off",
    "timestamp": "2026-03-02T12:00:00Z",
    "hipaa_controls": ["164.312(e)(1)"],
    "details": {
        "schema_version": 1,
        "reason_code": "active_profile_disabled",
        "findings": [
            {
                "code": "active_profile_disabled",
                "status": "FAIL",
                "severity": "HIGH",
                "message": "a profile is off",
                "scope": "domain",
                "observed": ["off"],
                "expected": {"state": "on"},
                "gpo_managed": False,
            }
        ],
    },
    "remediation_available": True,
}


def share_scrubber(
    state: runstate.RunState, secret: bytes, hosts: Iterable[str], today: date
) -> None:
    """Give the workers that will be forked the scrubber of the site, warm."""
    scrubber = Scrubber(secret, SiteInventory.of(hosts=hosts), today=today)
    scrubber.scrub_document(_SAMPLE, root=ROOT)
    state.shared.scrubber = scrubber


def scrubbed_checks(checks: Iterable[dict[str, Any]], today: date) -> list[Any]:
    """Return *checks* as a result may show them."""
    state = runstate.current()
    scrubber = state.shared.scrubber if state else None
    if scrubber is None:
        scrubber = Scrubber(os.urandom(32), today=today)
    return [scrubber.scrub_document(check, root=ROOT).document for check in checks]
