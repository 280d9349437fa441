# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a host whether it can be checked; explain why not. Works where no module could run."""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ..plugin_utils.clock import utc_now
from ..plugin_utils.connection import is_connection_loss
from ..plugin_utils.preflight import PROBE, explain_connection, find_problems, parse_answer


class ActionModule(ActionBase):
    _VALID_ARGS = frozenset({"clock_skew_max_seconds"})
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(
            argument_spec={"clock_skew_max_seconds": {"type": "int", "default": 300}}
        )
        try:
            reply = self._low_level_execute_command(PROBE, sudoable=False)
        except Exception as error:
            if not isinstance(error, AnsibleError) and not is_connection_loss(error):
                raise
            problems = [explain_connection(str(error))]
        else:
            answer = parse_answer(reply["stdout"])
            problems = find_problems(answer, utc_now(), arguments["clock_skew_max_seconds"])
        result["changed"] = False
        result["problems"] = [
            {"code": item.code, "message": item.message, "remedy": item.remedy} for item in problems
        ]
        if problems:
            result["failed"] = True
            result["error_code"] = problems[0].code
            result["msg"] = " ".join(map(str, problems))
        else:
            result["msg"] = "ready to be checked"
        return result
