# SPDX-License-Identifier: GPL-3.0-or-later
"""A healer of one site with the shipped rules and a database of its own, and hosts as it sees them.

A host is told in the words of `unit.healing.planner.cases`: a check, and a line of findings.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.healer import (
    Healer,
    HealerSettings,
    open_healer,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.host import HostSeen
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.instants import to_text
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    ComplianceCheck,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.run_identity import (
    identify_run,
)
from unit.healing.planner.cases import NOW, check_document, findings_of, passed
from unit.healing.rule_folders import RULES

SITE, HOST = "clinic-001", "fs01"
KNOWN = {"controller": "10.0.0.5", "management_port": 5986}
ENDPOINT = {"base_url": "https://model.clinic.local/v1", "model": "model-1"}
# Not at noon, when these hosts are seen, and long enough for any repair.
NIGHT = {
    "name": "night",
    "rrule": "FREQ=DAILY;BYHOUR=19;BYMINUTE=0",
    "duration_minutes": 720,
    "time_zone": "UTC",
}
# A check that says nothing of interest passes with a note; which one, for each.
NOTES = {
    CheckId.PATCHING: "updates_waiting.",
    CheckId.AV_EDR: "defender_active.",
    CheckId.BACKUP: "backup_succeeded.",
    CheckId.LOGGING: "log_was_full.",
    CheckId.FIREWALL: "log_allowed_off.",
    CheckId.ENCRYPTION: "escrow_attested.",
}


@contextmanager
def opened(
    folder: Path,
    mode: str = "propose",
    known: Mapping[str, Any] = KNOWN,
    *,
    model: Any = None,
    plans: bool = True,
    rules: Path = RULES,
    run: str = "heal-1",
    healing: Mapping[str, Any] | None = None,
) -> Iterator[Healer]:
    """Give the healer of the site *SITE*; *mode* and *model* are its planner's."""
    settings = HealerSettings(
        site_id=SITE,
        rules_dir=rules,
        database_url=f"sqlite:///{folder / 'healer.sqlite3'}",
        run=identify_run(run),
        healing={"l2_mode": mode, "maintenance_windows": [NIGHT]}
        | ({"l2_endpoint": ENDPOINT} if model else {})
        | dict(healing or {}),
        known=known,
        plans=plans,
    )
    healer = open_healer(settings, Scrubber(bytes(32), today=NOW.date()), lambda _: model)
    try:
        yield healer
    finally:
        healer.close()


def check_of(check: CheckId, line: str, **change: Any) -> ComplianceCheck:
    """Return the verdict on *check* with the findings of *line*."""
    return ComplianceCheck.from_dict(check_document(check, findings_of(check, line)) | change)


def host_with(
    check: CheckId,
    line: str,
    *,
    without: Iterable[CheckId] = (),
    host: str = HOST,
    asked_at: datetime = NOW,
) -> HostSeen:
    """Return *host* with the findings of *line*; its other checks pass, but those *without*.

    *asked_at* is when the controller asked for them.
    """
    others = [item for item in CheckId if item is not check and item not in set(without)]
    verdicts = [check_of(check, line).to_dict(), *(passed(item, NOTES[item]) for item in others)]
    carried = {"checks": verdicts, "facts": {}, "asked_at": to_text(asked_at)}
    return HostSeen.of((SITE, host), ["servers"], carried)
