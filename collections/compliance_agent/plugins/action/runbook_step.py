# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one script of a runbook on the host, and read its answer strictly.

With an attempt, that it may have begun is kept before it does, and how it went afterwards. With
`async` the script is detached from the connection, which may then break: it is asked for again,
every `poll` seconds at most, until its time is over.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from ..plugin_utils.clock import utc_now
from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.healer.acting import Acting
from ..plugin_utils.healing.jobs import (
    UNSEEN_SECONDS,
    JobState,
    folder_name,
    out_of_time,
    ran_of,
)
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
from .runbook_job import JobAction

_NOBODY_SAW = "The detached script is gone and left no result: the host restarted, or it was ended."


class ActionModule(JobAction):
    _supports_async = True
    _detached_seconds = 0
    _is_left = False  # a job that still was at work when its time was over
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
        self._detached_seconds, self._task.async_val = int(self._task.async_val), 0
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
        name = folder_name(str(uuid4()), phase, step_id)
        reply, ran = self._ask(runbook, (phase, step_id, name), values, variables)
        self._forget(name, variables)
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
        name = folder_name(attempt.attempt_id, phase, step_id)
        reply, ran = self._ask(runbook, (phase, step_id, name), values, variables)
        # The host did not answer, or the module itself failed: what was done is not known.
        known = ran or Ran(None, "no_answer", None, None, None, 0)
        stopped_by = acting.after_script(attempt, phase, known)
        # Not before it is kept here: a run that is killed in between must find it there.
        self._forget(name, variables)
        return reply if ran is None else _told(runbook, script, ran, stopped_by)

    def _ask(
        self,
        runbook: Runbook,
        place: tuple[Phase, int, str],
        values: dict[str, Any],
        variables: dict[str, Any],
    ) -> tuple[dict[str, Any], Ran | None]:
        """Return the reply of the module, and how the script went; None if that is not known.

        *place*: phase, step and the name of the folder for a job.
        """
        phase, step_id, name = place
        script = script_of(runbook, phase, step_id)
        tries = 1 + (step_of(runbook, phase, step_id).retry_count if phase.changes_host else 0)
        reply: dict[str, Any] = {}
        ran: Ran | None = None
        for _try in range(tries):
            module_args = {
                "runbook_id": runbook.runbook_id,
                "phase": phase.value,
                "step_id": step_id,
                "script": script.text,
                "timeout_seconds": script.timeout_seconds,
                **values,
            }
            if self._detached_seconds:
                reply, ran = self._detached(name, phase, module_args, variables)
            else:
                reply = self._execute_module(module_args=module_args, task_vars=variables)
                is_read = not (reply.get("failed") or reply.get("unreachable"))
                ran = parse_answer(phase, reply.get("runbook_script")) if is_read else None
            if ran is None:
                return reply, None
            # One that is out of time may still be at work: it is not begun a second time.
            if ran.failure is None or ran.failure == "script_timeout":
                break
        return reply, ran

    def _detached(
        self, name: str, phase: Phase, module_args: Mapping[str, Any], variables: dict[str, Any]
    ) -> tuple[dict[str, Any], Ran | None]:
        """Run the script as a job, and wait for it; as `_ask` returns it."""
        seconds = self._detached_seconds
        begun = self.begin_job(name, seconds, module_args, variables)
        self._is_left = True
        # What says that it did not start may be wrong: it was slow, and starts a moment later. Then
        # it is waited for, and what it was nobody can tell from what another try has left.
        job_id = begun.get("ansible_job_id")
        seen = self.wait_for_job(name, seconds + UNSEEN_SECONDS, variables, job_id)
        if seen.state is JobState.RUNNING:
            return {}, out_of_time(seconds)
        self._is_left = False
        if job_id is None:
            return {"msg": "The script was not detached."} | begun | {"failed": True}, None
        if seen.result is None:
            return {"failed": True, "msg": _NOBODY_SAW}, None
        ran = ran_of(phase, seen.result, seconds)
        return {"failed": ran is None, "msg": str(seen.result.get("msg", ""))}, ran

    def _forget(self, name: str, variables: dict[str, Any]) -> None:
        if self._detached_seconds and not self._is_left:
            self.forget_job(name, variables)


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
