# SPDX-License-Identifier: GPL-3.0-or-later
"""Test double of the check actions: answers what its arguments say, connects to no host."""

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

FACTS = {
    "schema_version": 1,
    "collected_at": "2026-03-02T12:00:00Z",
    "host": {"os": {"state": "ok", "value": {"build": 20348}}},
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        answer = self._task.args.get("answer", "PASS")
        if answer == "unreachable":
            raise AnsibleConnectionFailure("no route to secret-text-of-windows")
        if answer == "broken":
            return result | {"failed": True, "msg": "secret-text-of-windows"}
        if answer == "timeout":
            return result | {"failed": True, "reason_code": "collector_timeout"}
        names = self._task.args["checks"]
        checks = [_check(name, answer) for name in names]
        if answer == "garbage":
            checks = [{"check_id": name, "status": "FINE"} for name in names]
        if answer == "float":
            checks[0]["details"]["load"] = 0.5
        padding = "x" * int(self._task.args.get("padding", 0))
        facts = FACTS | {"checks": {name: {"probe": padding} for name in names}}
        gate = {"failed": True, "msg": "a gate"} if answer == "gate" else {}
        return result | {"compliance_checks": checks, "facts": facts} | gate


def _check(name: str, answer: str) -> dict[str, Any]:
    status = answer if answer in {"PASS", "WARNING", "FAIL", "ERROR"} else "PASS"
    return {
        "check_id": name,
        "status": status,
        "message": f"{status}: said by the test",
        "timestamp": "2026-03-02T12:00:00Z",
        "hipaa_controls": ["164.312(b)"],
        "details": {"schema_version": 1, "reason_code": "ok", "findings": [], "policy": {}},
        "remediation_available": False,
    }
