# SPDX-License-Identifier: GPL-3.0-or-later
"""What the healer knows of a host in this run: its verdicts, and what it is. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ..facts.host import DOMAIN_CONTROLLER, HostFacts
from ..facts.probe import parse_probes
from ..healing.repair_request import REBOOT_FINDING, HostSituation
from ..healing.rules import HostOs
from ..healing.runbooks import Runbook
from ..models import CheckId, CheckStatus, ComplianceCheck, Finding


@dataclass(frozen=True)
class HostSeen:
    """One host, as the checks of this run saw it; *facts* are those that they share.

    *asked_at* is when the controller asked for them, by its own clock.
    """

    site_id: str
    host_id: str
    groups: frozenset[str]
    checks: tuple[ComplianceCheck, ...]
    facts: HostFacts
    asked_at: datetime

    @classmethod
    def of(
        cls,
        place: tuple[str, str],
        groups: Iterable[str],
        carried: Mapping[str, Any],
    ) -> "HostSeen":
        """Return the host *place* (site and name) with what `evidence.carrier` brought of it.

        Raises ValidationError for what is no verdict.
        """
        host = carried["facts"].get("host")
        return cls(
            *place,
            frozenset(groups),
            tuple(ComplianceCheck.from_dict(item) for item in carried["checks"]),
            parse_probes(HostFacts, host if isinstance(host, dict) else {}),
            datetime.fromisoformat(carried["asked_at"]),
        )

    def check(self, check_id: CheckId) -> ComplianceCheck | None:
        """Return the verdict on *check_id*, if it was made."""
        return next((item for item in self.checks if item.check_id is check_id), None)

    @cached_property
    def findings(self) -> dict[CheckId, tuple[Finding, ...]]:
        """The findings of each check."""
        return {item.check_id: _findings(item) for item in self.checks}

    @property
    def os(self) -> HostOs | None:
        """What Windows is there for; None where it was not read."""
        system = self.facts.os.value
        return HostOs.of(system.product_type) if system else None

    @property
    def is_domain_member(self) -> bool:
        """Whether group policies may put a setting back; unread counts as yes."""
        computer = self.facts.computer.value
        return computer is None or computer.part_of_domain or computer.mdm_enrolled

    def situation(self, runbook: Runbook) -> HostSituation:
        """Return how the host stands before *runbook*; what was not read counts as a reason."""
        system, computer = self.facts.os.value, self.facts.computer.value
        patching = self.check(CheckId.PATCHING)
        waits = any(item.code == REBOOT_FINDING for item in self.findings.get(CheckId.PATCHING, ()))
        return HostSituation(
            groups=self.groups,
            pending_reboot=waits or patching is None or patching.status is CheckStatus.ERROR,
            gpo_managed=any(
                item.gpo_managed
                for item in self.findings.get(runbook.check_type, ())
                if item.code in runbook.repairs and item.status is not CheckStatus.PASS
            ),
            is_domain_controller=system is None or system.product_type == DOMAIN_CONTROLLER,
            is_cluster_member=computer is None or computer.is_cluster_node,
        )


def _findings(check: ComplianceCheck) -> tuple[Finding, ...]:
    listed: Any = check.details.get("findings") or []
    return tuple(Finding.from_dict(item) for item in listed)
