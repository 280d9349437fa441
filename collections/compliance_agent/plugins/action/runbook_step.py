# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one script of a runbook on the host, and read its answer strictly.

With an attempt, that it may have begun is kept before it does, and how it went afterwards.
"""

from typing import Any

from ..plugin_utils.clock import utc_now
from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.healer.acting import Acting
from ..plugin_utils.healing.parameters import bind
from ..plugin_utils.healing.registry import load_registry
from ..plugin_utils.healing.runbooks import Runbook
from ..plugin_utils.healing.steps import (
    Phase,
    Ran,
    Script,
    StepAnswer,
    parse_answer,
    script_of,
    step_of,
)
from ..plugin_utils.inventory import plain_value
from .heal_plan import HealerAction


class ActionModule(HealerAction):
    _requires_connection = True
    _VALID_ARGS = frozenset(
        {"attempt_id", "runbook_id", "phase", "step_id", "parameters", "saved", "rules_dir"}
    )

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result["changed"] = False
        _options, given = self.validate_argument_spec(
            {
                "attempt_id": {"type": "str"},
                "runbook_id": {"type": "str"},
                "phase": {"type": "str", "required": True, "choices": list(Phase)},
                "step_id": {"type": "int", "default": 0},
                "parameters": {"type": "dict", "default": {}},
                "saved": {"type": "dict", "default": {}},
                "rules_dir": {"type": "str"},
            },
            required_one_of=[("attempt_id", "runbook_id")],
        )
        arguments, variables = plain_value(given), task_vars or {}
        phase, step_id = Phase(arguments["phase"]), arguments["step_id"]
        try:
            if not arguments["attempt_id"]:
                registry = load_registry(self.rules_dir(variables))
                return result | self._alone(
                    registry.find(arguments["runbook_id"]), arguments, variables
                )
            with self.healer(variables) as healer:
                acting = Acting(healer, utc_now)
                return result | self._for_attempt(acting, arguments, phase, step_id, variables)
        except ComplianceError as error:
            return result | {"failed": True, "error_code": error.code, "msg": str(error)}

    def _alone(
        self, runbook: Runbook, arguments: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        phase, step_id = Phase(arguments["phase"]), arguments["step_id"]
        script = script_of(runbook, phase, step_id)
        if self._task.check_mode and phase.changes_host:
            # Whether it would have found something to do is for its precondition to say.
            return {"changed": True, "msg": f"would run {runbook.runbook_id}/{script.name}"}
        values = {
            "parameters": bind(runbook.parameters, arguments["parameters"], ()),
            "saved": arguments["saved"],
        }
        reply, ran = self._ask(runbook, phase, step_id, values, variables)
        return reply if ran is None else _told(runbook, script, ran, None)

    def _for_attempt(
        self,
        acting: Acting,
        arguments: dict[str, Any],
        phase: Phase,
        step_id: int,
        variables: dict[str, Any],
    ) -> dict[str, Any]:
        attempt, runbook = acting.runbook_of(arguments["attempt_id"])
        script = script_of(runbook, phase, step_id)
        values = {
            "parameters": dict(attempt.parameters or {}),
            "saved": acting.saved(attempt.attempt_id),
        }
        attempt = acting.before_script(attempt.attempt_id, phase, step_id)
        reply, ran = self._ask(runbook, phase, step_id, values, variables)
        if ran is None:
            # The host did not answer, or the module itself failed: what was done is not known.
            acting.after_script(attempt, phase, Ran(None, "no_answer", None, None, None, 0))
            return reply
        return _told(runbook, script, ran, acting.after_script(attempt, phase, ran))

    def _ask(
        self,
        runbook: Runbook,
        phase: Phase,
        step_id: int,
        values: dict[str, Any],
        variables: dict[str, Any],
    ) -> tuple[dict[str, Any], Ran | None]:
        """Return the reply of the module, and how the script went; None if that is not known."""
        script = script_of(runbook, phase, step_id)
        tries = 1 + (step_of(runbook, phase, step_id).retry_count if phase.changes_host else 0)
        reply: dict[str, Any] = {}
        ran: Ran | None = None
        for _try in range(tries):
            reply = self._execute_module(
                module_args={
                    "runbook_id": runbook.runbook_id,
                    "phase": phase.value,
                    "step_id": step_id,
                    "script": script.text,
                    "timeout_seconds": script.timeout_seconds,
                    **values,
                },
                task_vars=variables,
            )
            if reply.get("failed") or reply.get("unreachable"):
                return reply, None
            ran = parse_answer(phase, reply.get("runbook_script"))
            # One that is out of time may still be at work: it is not begun a second time.
            if ran.failure is None or ran.failure == "script_timeout":
                break
        return reply, ran


def _told(runbook: Runbook, script: Script, ran: Ran, stopped_by: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "runbook_step": ran.to_dict(),
        "changed": isinstance(ran.answer, StepAnswer) and ran.answer.changed,
        "stopped_by": stopped_by,
    }
    if ran.failure is not None:
        told["failed"] = True
        told["msg"] = (
            f"{runbook.runbook_id}/{script.name}: {ran.failure}"
            f" ({ran.hresult or ran.error_id or 'no code'}, line {ran.error_line or '?'})"
        )
    elif stopped_by is not None and script.name == runbook.validation_script:
        told["failed"] = True
        told["msg"] = f"{runbook.runbook_id}/{script.name}: {stopped_by}"
    return told
