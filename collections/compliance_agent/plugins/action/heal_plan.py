# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what the healer does on a host; see plugin_utils/healer. Changes no host."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.clock import utc_now
from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.evidence import carrier, runstate
from ..plugin_utils.evidence.carrier import Carrier
from ..plugin_utils.evidence.repairs import KEY, pack_record
from ..plugin_utils.healer.acting import order_of
from ..plugin_utils.healer.connection import management_port
from ..plugin_utils.healer.healer import (
    Healer,
    HealerSettings,
    default_database_url,
    open_healer,
)
from ..plugin_utils.healer.host import HostSeen
from ..plugin_utils.healer.plan import Item, Planning, amendment_line
from ..plugin_utils.healer.proposals import Proposal
from ..plugin_utils.healer.taking_up import take_up
from ..plugin_utils.healing.attempts import Attempt
from ..plugin_utils.healing.runbooks import Runbook, Step
from ..plugin_utils.inventory import plain_value
from ..plugin_utils.phi.scrubber import Scrubber
from ..plugin_utils.rules import default_rules_dir
from ..plugin_utils.store.run_identity import identify_run

VARIABLE = "compliance_healing"
CONTROLLER = "compliance_controller_address"


class HealerAction(ActionBase):
    """What the tasks of the healer share: the run that they belong to, and its memory."""

    _requires_connection = False
    _supports_check_mode = True

    @contextmanager
    def healer(
        self, variables: dict[str, Any], known: dict[str, Any] | None = None
    ) -> Iterator[Healer]:
        """Give the healer of this run; raises a ComplianceError for what cannot be used.

        *known* is what is known of the connection, for who plans repairs.
        """
        state = self.state()
        raw = variables.get(VARIABLE)
        healing = plain_value(self._templar.template(raw)) if raw is not None else None
        settings = HealerSettings(
            site_id=self.site_id(variables),
            rules_dir=self.rules_dir(variables),
            database_url=default_database_url(Path(state.evidence_dir)),
            # A worker dies with its task; ansible-playbook lives as long as the run.
            run=identify_run(state.run_id, os.getppid()),
            healing=healing,
            known=known or {},
            plans=known is not None,
        )
        scrubber = state.shared.scrubber or Scrubber(os.urandom(32), today=utc_now().date())
        healer = open_healer(settings, scrubber)
        try:
            yield healer
        finally:
            healer.close()

    @staticmethod
    def state() -> runstate.RunState:
        """Return what the callback of this run announced; raises AnsibleActionFail without it."""
        state = runstate.current()
        if state is None:
            raise AnsibleActionFail(runstate.NOT_LOADED)
        return state

    def site_id(self, variables: dict[str, Any]) -> str:
        return str(self._templar.template(variables.get("site_id", "")))

    def rules_dir(self, variables: dict[str, Any]) -> Path:
        given = self._task.args.get("rules_dir") or variables.get("compliance_rules_dir")
        return Path(str(self._templar.template(given))) if given else default_rules_dir()

    def carrier(self) -> Carrier:
        return Carrier(self.state().carrier_key)


class ActionModule(HealerAction):
    _VALID_ARGS = frozenset({"checks", "rules_dir"})

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result["changed"] = False
        variables = task_vars or {}
        try:
            seen = self._seen(variables)
            known = self._known(variables)
            with self.healer(variables, known) as healer:
                now = utc_now()
                left = [] if self._task.check_mode else take_up(healer, seen.host_id, now)
                is_dry = bool(self._task.check_mode)
                planning = Planning(healer, seen, now, is_dry=is_dry)
                items = planning.plan()
                amendments = planning.amendments()
                planned = self._described(healer, items, left)
                planned["lines"] += [amendment_line(*each) for each in amendments]
        except ComplianceError as error:
            return result | {"failed": True, "error_code": error.code, "msg": str(error)}
        if not self._task.check_mode:
            key = self.state().carrier_key
            decided = [(item.check, item.record()) for item in items if not item.may_begin]
            result[KEY] = [pack_record(*each, key) for each in (*amendments, *decided)]
        return result | {
            "heal_plan": planned,
            "is_domain_member": seen.is_domain_member,
            "management_port": known["management_port"],
        }

    def _known(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return from where, and on which port, this host is reached; None for what is not known.

        A repair of the firewall lets exactly that in, or the host would be lost. The address is
        the inventory's to say: hosts may see another one than the controller has.
        """
        raw = variables.get(CONTROLLER)
        controller = plain_value(self._templar.template(raw)) if raw is not None else None
        plugin = self._connection
        port = management_port(str(plugin.transport), plugin.get_option)
        return {"controller": controller, "management_port": port}

    def _seen(self, variables: dict[str, Any]) -> HostSeen:
        given = plain_value(self._task.args.get("checks")) or {}
        packed = given.get(carrier.KEY) if isinstance(given, dict) else None
        if not isinstance(packed, str):
            raise AnsibleActionFail("checks is not the registered result of check_all")
        carried = self.carrier().unpack(packed)
        place = self.site_id(variables), str(variables["inventory_hostname"])
        groups = [str(item) for item in variables.get("group_names", [])]
        return HostSeen.of(place, groups, carried)

    def _described(
        self, healer: Healer, items: list[Item], left: list[Attempt]
    ) -> dict[str, list[Any]]:
        pack = self.carrier().pack_document
        repairs = [
            item.to_dict()
            | described(item.proposal.runbook)
            | {"carried": pack(order_of(item.proposal)), "attempt_id": None}
            for item in items
            if item.may_begin and isinstance(item.proposal, Proposal)
        ]
        resumed = [
            described(healer.registry.find(item.runbook_id))
            | {
                "attempt_id": item.attempt_id,
                "check": item.key.check_type.value,
                "state": item.state.value,
                "carried": pack({}),
            }
            for item in left
        ]
        decided = [item.to_dict() for item in items if not item.may_begin]
        lines = [item.line() for item in items]
        return {"repairs": repairs, "resumed": resumed, "decided": decided, "lines": lines}


def described(runbook: Runbook) -> dict[str, Any]:
    """Return what the tasks of the role must know of *runbook*."""
    return {
        "runbook_id": runbook.runbook_id,
        "runbook_name": runbook.name,
        "run_as": runbook.run_as,
        "expects_disconnect": runbook.expects_disconnect,
        "steps": [_step(step) for step in runbook.steps],
        "rollback_steps": [_step(step) for step in runbook.rollback_steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step_id": step.step_id,
        "description": step.description,
        "timeout_seconds": step.timeout_seconds,
        "async": step.runs_async,
        "reboots": step.reboots,
        "reboots_when": step.reboots_when,
        "continue_on_error": step.continue_on_error,
    }
