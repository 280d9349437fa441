# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate is asked: one repair of one host, who wants it, and how the host stands. Pure.

Whoever asks fills in flags of the runbook. The gate does not take their word: `as_strict_as` raises
each flag to what the runbook itself says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from ..errors import ComplianceError, RunbookNotFound
from ..models import CheckId, HealingAction, ResolutionLevel
from .policy import needs_window
from .runbooks import Runbook

Serialize = Literal["none", "domain_controllers", "cluster_nodes"]
# The finding whose repair is the reboot that others wait for.
REBOOT_FINDING = "reboot_pending"


class RequestUnreadable(ComplianceError):
    """A kept request has a form that this release does not know; ask for the repair anew."""

    code = "repair_request_unreadable"


@dataclass(frozen=True, slots=True)
class HostSituation:
    """How the host stood when it was looked at last, as far as the gate must know.

    *gpo_managed* speaks of the findings that the repair would mend.
    """

    groups: frozenset[str]
    pending_reboot: bool
    gpo_managed: bool
    is_domain_controller: bool
    is_cluster_member: bool


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """One repair that somebody wants; tries and cooldown count by requester, site, host, check.

    *requested_by* is ``rule:L1-BACKUP-001``, ``planner``, ``order:<id>`` or ``user:<name>``.
    *longest_seconds* is the most that the steps of the runbook may take together, *runbook_sha256*
    the digest of its text, which the gate fills in: who approves a repair approves what it does.
    *max_retries* are tries after the first one. *mends_pending_reboot* is for the repair whose
    purpose is to restart the host.
    """

    site_id: str
    host_id: str
    check_type: CheckId
    incident_id: str
    tier: ResolutionLevel
    requested_by: str
    action: HealingAction
    requires_reboot: bool
    longest_seconds: int
    max_retries: int
    cooldown_seconds: int
    host: HostSituation
    serialize: Serialize
    mends_pending_reboot: bool = False
    runbook_sha256: str = ""

    @property
    def runbook_id(self) -> str:
        return self.action.runbook_id

    @property
    def parameters_sha256(self) -> str:
        """Return the SHA-256, in hexadecimal, of the parameters: an approval is for these alone."""
        text = json.dumps(self.action.parameters, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    @property
    def needs_window(self) -> bool:
        """Return whether it waits for a window. A choice of the planner does if it disturbs."""
        by_planner = self.tier is ResolutionLevel.L2 and self.action.is_disruptive
        return self.action.maintenance_window_only or self.requires_reboot or by_planner

    @property
    def serialized_as(self) -> Serialize:
        """Return among which hosts of the site it runs alone; ``none`` if its host is not one."""
        is_one = {
            "none": False,
            "domain_controllers": self.host.is_domain_controller,
            "cluster_nodes": self.host.is_cluster_member,
        }
        return self.serialize if is_one[self.serialize] else "none"

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it."""
        document: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        document["host"]["groups"] = sorted(document["host"]["groups"])
        return document


_ADAPTER = TypeAdapter(RepairRequest)


def parse_request(document: Mapping[str, Any]) -> RepairRequest:
    """Return the request that `RepairRequest.to_dict` gave; raises RequestUnreadable."""
    try:
        request = _ADAPTER.validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise _unreadable(where) from error
    # What this release does not know may be what forbids the repair.
    known = request.to_dict()
    if known != document:
        differs = sorted(key for key in document if document[key] != known.get(key))
        raise _unreadable(differs[0] if differs else "a field is missing")
    return request


def find_request(document: Mapping[str, Any]) -> RepairRequest | None:
    """Return the request that was kept, or None if another release kept it in a form of its own."""
    try:
        return parse_request(document)
    except RequestUnreadable:
        return None


def as_strict_as(request: RepairRequest, runbook: Runbook) -> RepairRequest:
    """Return *request* with every flag at least as careful as *runbook* says.

    Raises RunbookNotFound (E003) for a runbook of another check.
    """
    if runbook.check_type is not request.check_type or runbook.runbook_id != request.runbook_id:
        raise RunbookNotFound(
            f"{runbook.runbook_id} is no runbook of {request.check_type}",
            value=request.runbook_id,
            remedy="Mend the rule that names it.",
        )
    action = request.action.model_copy(
        update={
            "requires_approval": request.action.requires_approval or runbook.requires_approval,
            "is_disruptive": request.action.is_disruptive or runbook.is_disruptive,
            "maintenance_window_only": request.action.maintenance_window_only
            or needs_window(runbook),
        }
    )
    return replace(
        request,
        action=action,
        requires_reboot=request.requires_reboot or runbook.requires_reboot,
        longest_seconds=max(request.longest_seconds, int(runbook.longest.total_seconds())),
        serialize=runbook.serialize if request.serialize == "none" else request.serialize,
        mends_pending_reboot=REBOOT_FINDING in runbook.repairs,
        runbook_sha256=runbook.sha256,
    )


def _unreadable(where: str) -> RequestUnreadable:
    remedy = "It was made by another release; the next run asks for the repair anew."
    return RequestUnreadable(
        "a kept request for a repair cannot be read", value=where, remedy=remedy
    )
