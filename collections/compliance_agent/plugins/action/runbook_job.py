# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for the script that an interrupted run left at work on the host."""

import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.utils.display import Display

from ..plugin_utils.clock import utc_now
from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.healer.healer import Healer
from ..plugin_utils.healer.taking_up import keep_end, unseen_script
from ..plugin_utils.healing.jobs import (
    GRACE_SECONDS,
    UNSEEN_SECONDS,
    JobSeen,
    JobState,
    JobUnseen,
    Patience,
    folder_name,
    ran_of,
    see_job,
)
from ..plugin_utils.healing.steps import step_of
from ..plugin_utils.inventory import plain_value
from .heal_plan import HealerAction

RUNBOOK_JOB = "hipaa.compliance_agent.runbook_job"

display = Display()


class JobAction(HealerAction):
    """What begins scripts detached from the connection, and asks for them, has in common."""

    _requires_connection = True
    _is_disconnected = False

    def begin_job(
        self, name: str, seconds: int, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        """Start the module of this task in the folder *name*; return what Ansible's wrapper says.

        After *seconds* Ansible ends it on the host. The task has no `async` but for this call:
        with it, each module would be detached, and the executor would ask for a job of its own.
        """
        shell = self._connection._shell  # noqa: SLF001 - as ansible-core; there is no other way
        usual = self.get_shell_option("async_dir")
        shell.set_option("async_dir", self._job_folder(name))
        self._task.async_val = seconds
        try:
            reply: dict[str, Any] = self._execute_module(
                module_args=dict(arguments), task_vars=variables, wrap_async=True
            )
        finally:
            self._task.async_val = 0
            shell.set_option("async_dir", usual)
        return reply

    def wait_for_job(
        self, name: str, seconds: int, variables: dict[str, Any], job_id: str | None = None
    ) -> JobSeen:
        """Ask for a job in the folder *name* until it is over, for *seconds* at most.

        Without *job_id* for the one that began last. Raises AnsibleConnectionFailure if the host
        does not answer in the end.
        """
        # `poll: 0` says "do not wait", which nobody can mean who has to know how it went.
        poll_seconds = max(1, int(self._task.poll))
        patience = Patience(seconds, poll_seconds, time.monotonic, time.sleep)
        try:
            return patience.wait(lambda: see_job(self._ask_for_job(name, variables), job_id))
        except JobUnseen as error:
            raise AnsibleConnectionFailure(str(error)) from error

    def forget_job(self, name: str, variables: dict[str, Any]) -> None:
        """Remove what the host keeps of a job that is over; a host that refuses is told of."""
        try:
            see_job(self._ask_for_job(name, variables, remove=True))
        except JobUnseen as error:
            display.warning(f"The folder {name} of a job stays on the host: {error}")

    def _ask_for_job(
        self, name: str, variables: dict[str, Any], *, remove: bool = False
    ) -> dict[str, Any]:
        arguments = {"folder": self._job_folder(name), "remove": remove}
        try:
            if self._is_disconnected:
                self._connection.reset()
                self._is_disconnected = False
            reply: dict[str, Any] = self._execute_module(
                module_name=RUNBOOK_JOB, module_args=arguments, task_vars=variables
            )
        # As ansible-core does when it polls: connections let through what their libraries raise.
        except Exception as error:
            self._is_disconnected = True
            raise JobUnseen("the host did not answer", value=str(error)) from error
        return reply

    def _job_folder(self, name: str) -> str:
        return f"{self.get_shell_option('async_dir')}\\{name}"


class ActionModule(JobAction):
    _VALID_ARGS = frozenset({"attempt_id", "grace_seconds", "rules_dir"})

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result["changed"] = False
        _options, given = self.validate_argument_spec(
            {
                "attempt_id": {"type": "str", "required": True},
                "grace_seconds": {"type": "int", "default": GRACE_SECONDS},
                "rules_dir": {"type": "str"},
            }
        )
        arguments, variables = plain_value(given), task_vars or {}
        try:
            with self.healer(variables) as healer:
                return result | self._wait(healer, arguments, variables)
        except ComplianceError as error:
            return result | {"failed": True, "error_code": error.code, "msg": str(error)}

    def _wait(
        self, healer: Healer, arguments: dict[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        attempt = healer.attempts.get(arguments["attempt_id"])
        begun = unseen_script(healer, attempt)
        if begun is None:
            return {"job": None}
        runbook = healer.registry.find(attempt.runbook_id)
        step = step_of(runbook, begun.phase, begun.step_id)
        if not step.runs_async:
            return {"job": None}
        name = folder_name(attempt.attempt_id, begun.phase, begun.step_id)
        # Counted from now: when it began is known by the clock of another controller, perhaps.
        seconds = step.timeout_seconds + arguments["grace_seconds"]
        seen = self.wait_for_job(name, seconds + UNSEEN_SECONDS, variables)
        if seen.state is JobState.RUNNING:
            # Neither proof nor way back while it works: this host is left alone until the next run.
            return {
                "failed": True,
                "job": seen.state.value,
                "msg": f"{runbook.runbook_id}/{step.script} is still at work on the host.",
            }
        if seen.result is not None:
            ran = ran_of(begun.phase, seen.result, seconds)
            if ran is not None:
                keep_end(healer, attempt, ran, utc_now())
        if seen.state is not JobState.NONE:
            self.forget_job(name, variables)
        return {"job": seen.state.value}
