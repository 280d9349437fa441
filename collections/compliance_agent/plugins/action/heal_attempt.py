# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin, judge and end one repair in the memory of the healer. Changes no host."""

from datetime import timedelta
from typing import Any

from ..plugin_utils.clock import utc_now
from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.evidence import carrier
from ..plugin_utils.evidence.repairs import KEY, pack_record
from ..plugin_utils.healer.acting import Acting, Begun
from ..plugin_utils.healer.recorded import not_taken
from ..plugin_utils.healer.watching import OPENED
from ..plugin_utils.healing.repair_request import parse_request
from ..plugin_utils.inventory import plain_value
from ..plugin_utils.models import CheckId, ComplianceCheck, Outcome
from .heal_plan import HealerAction

RESTART = "ansible.windows.win_reboot"
NO_RESTART = "restart_unavailable"
GET_RESTART = f"This controller has no {RESTART}: ansible-galaxy collection install ansible.windows"
EVENTS = ("open", "take", "judge", "finish")


class ActionModule(HealerAction):
    _supports_check_mode = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result["changed"] = False
        _options, given = self.validate_argument_spec(
            {
                "event": {"type": "str", "required": True, "choices": list(EVENTS)},
                "carried": {"type": "str"},
                "attempt_id": {"type": "str"},
                "check": {"type": "str", "choices": list(CheckId)},
                "rechecked": {"type": "dict"},
                "turn_seconds": {"type": "int", "default": 0},
                "is_domain_member": {"type": "bool", "default": True},
                "rules_dir": {"type": "path"},
            },
            required_if=[
                ("event", "take", ("carried",)),
                ("event", "judge", ("attempt_id", "check", "rechecked")),
                ("event", "finish", ("attempt_id", "check", "carried")),
            ],
        )
        arguments = plain_value(given)
        variables = task_vars or {}
        try:
            with self.healer(variables) as healer:
                acting = Acting(healer, utc_now)
                event = getattr(self, f"_{arguments['event']}")
                told = event(acting, arguments)
                if arguments["event"] == "open":
                    rules_dir = str(self.rules_dir(variables))
                    told[OPENED] = {"site_id": healer.site_id, "rules_dir": rules_dir}
                return result | told
        except ComplianceError as error:
            return result | {"failed": True, "error_code": error.code, "msg": str(error)}

    def _open(self, acting: Acting, given: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - as all events
        """Make the memory before all hosts ask for it at once, and prove that limits can be met."""
        healer = acting.healer
        rules = [item.rule for table in healer.matcher.tables.values() for item in table.targets]
        healer.relapse.prove_reachable(
            {rule.id: rule.cooldown_seconds for rule in rules if rule.action.runbook is not None}
        )
        return {"rules": len(rules), "runbooks": len(healer.registry.runbooks)}

    def _take(self, acting: Acting, given: dict[str, Any]) -> dict[str, Any]:
        order = self.carrier().unpack(given["carried"])
        runbook = acting.healer.registry.find(parse_request(order["request"]).runbook_id)
        if runbook.requires_reboot and not self._can_restart():
            begun = Begun(is_taken=False, attempt_id="", code=NO_RESTART, reason=GET_RESTART)
        else:
            begun = acting.take(order, timedelta(seconds=given["turn_seconds"]))
        records = []
        if not begun.is_taken:
            record = not_taken(order, begun.code)
            check = CheckId(order["request"]["check_type"])
            records = [pack_record(check, record, self.state().carrier_key)]
        return {
            KEY: records,
            "taken": begun.is_taken,
            "attempt_id": begun.attempt_id,
            "code": begun.code,
            "reason": begun.reason,
        }

    def _can_restart(self) -> bool:
        """Say whether hosts can be restarted from here: half a repair would be worse than none."""
        loader = self._shared_loader_obj.action_loader
        return bool(loader.find_plugin_with_context(RESTART).resolved)

    def _judge(self, acting: Acting, given: dict[str, Any]) -> dict[str, Any]:
        check = self._rechecked(given)
        if check is None:
            return {"failed": True, "msg": "The check was not made again: nothing is proven."}
        outcome = acting.judge(
            given["attempt_id"], check, is_domain_member=given["is_domain_member"]
        )
        if outcome is Outcome.FAILURE:
            return {"failed": True, "msg": f"The check still says: {check.message}"}
        return {"outcome": outcome.value}

    def _finish(self, acting: Acting, given: dict[str, Any]) -> dict[str, Any]:
        attempt = acting.finish(given["attempt_id"])
        order = self.carrier().unpack(given["carried"])
        record = acting.record(attempt, order, self._rechecked(given))
        packed = pack_record(CheckId(given["check"]), record, self.state().carrier_key)
        return {
            KEY: [packed],
            "outcome": record.outcome.value if record.outcome else None,
            "reason": record.reason,
            "state": attempt.state.value,
        }

    def _rechecked(self, given: dict[str, Any]) -> ComplianceCheck | None:
        """Return the verdict that was made after the repair, whole; None without one."""
        packed = (given.get("rechecked") or {}).get(carrier.KEY)
        if not isinstance(packed, str):
            return None
        for document in self.carrier().unpack(packed)["checks"]:
            if document["check_id"] == given["check"]:
                return ComplianceCheck.from_dict(document)
        return None
