# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one script of a runbook on the host, and read its answer strictly. No decision lives here."""

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.healing.parameters import bind
from ..plugin_utils.healing.registry import load_registry
from ..plugin_utils.healing.steps import Phase, StepAnswer, parse_answer, script_of
from ..plugin_utils.inventory import plain_value
from ..plugin_utils.rules import default_rules_dir


class ActionModule(ActionBase):
    _VALID_ARGS = frozenset({"runbook_id", "phase", "step_id", "parameters", "saved", "rules_dir"})

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result["changed"] = False
        _options, given = self.validate_argument_spec(
            {
                "runbook_id": {"type": "str", "required": True},
                "phase": {"type": "str", "required": True, "choices": list(Phase)},
                "step_id": {"type": "int", "default": 0},
                "parameters": {"type": "dict", "default": {}},
                "saved": {"type": "dict", "default": {}},
                "rules_dir": {"type": "str"},
            }
        )
        arguments = plain_value(given)
        phase = Phase(arguments["phase"])
        try:
            rules_dir = Path(arguments["rules_dir"] or default_rules_dir())
            runbook = load_registry(rules_dir).find(arguments["runbook_id"])
            script = script_of(runbook, phase, arguments["step_id"])
            parameters = bind(runbook.parameters, arguments["parameters"], ())
        except ComplianceError as error:
            return result | {"failed": True, "error_code": error.code, "msg": str(error)}
        if self._task.check_mode and phase.changes_host:
            # Whether it would have found something to do is for its precondition to say.
            return result | {
                "changed": True,
                "msg": f"would run {runbook.runbook_id}/{script.name}",
            }
        reply = self._execute_module(
            module_args={
                "runbook_id": runbook.runbook_id,
                "phase": phase.value,
                "step_id": arguments["step_id"],
                "parameters": parameters,
                "saved": arguments["saved"],
                "script": script.text,
                "timeout_seconds": script.timeout_seconds,
            },
            task_vars=task_vars,
        )
        if reply.get("failed") or reply.get("unreachable"):
            return result | reply
        ran = parse_answer(phase, reply.get("runbook_script"))
        result["runbook_step"] = ran.to_dict()
        result["changed"] = isinstance(ran.answer, StepAnswer) and ran.answer.changed
        if ran.failure is not None:
            result["failed"] = True
            result["msg"] = (
                f"{runbook.runbook_id}/{script.name}: {ran.failure}"
                f" ({ran.hresult or ran.error_id or 'no code'}, line {ran.error_line or '?'})"
            )
        return result
