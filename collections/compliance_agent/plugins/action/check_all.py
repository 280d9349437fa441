# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect facts on the host, judge them on the controller. No rule lives here."""

from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ..plugin_utils.clock import utc_now
from ..plugin_utils.collectors import collectors_digest
from ..plugin_utils.connection import is_connection_loss
from ..plugin_utils.errors import ComplianceError, PolicyInvalid
from ..plugin_utils.evidence import carrier, runstate
from ..plugin_utils.evidence.carrier import Carrier
from ..plugin_utils.evidence.shown import scrubbed_checks
from ..plugin_utils.facts.probe import parse_document
from ..plugin_utils.inventory import plain_value, variable_origin
from ..plugin_utils.judges import judge_document, load_policies
from ..plugin_utils.models import CheckId
from ..plugin_utils.policy import Layer
from ..plugin_utils.rules import default_rules_dir
from ..plugin_utils.waivers import VARIABLE as WAIVERS
from ..plugin_utils.waivers import WAIVED_KEY, Waiver, current_waivers

# Weakest first: the site, then the host, then the task itself.
POLICY_VARIABLES = ("compliance_policy", "compliance_policy_host")
# Where the role compliance_check keeps these arguments. Read here, a value costs nothing; written
# into the task as "{{ ... }}", each costs every host the compilation of a template.
ROLE_VARIABLES = {"checks": "compliance_check_ids", "fail_on": "compliance_check_fail_on"}
GATE_STATUSES = frozenset({"WARNING", "ERROR", "FAIL"})
NOTHING_TO_CHECK = "compliance_check_ids names no check for this host"
# What a playbook may want to act on; of the findings, those that ask for something.
BRIEF_DETAILS = ("schema_version", "reason_code")


class ActionModule(ActionBase):
    """Base of the single checks too: they differ in the checks that they run."""

    CHECKS: ClassVar[tuple[str, ...]] = tuple(CheckId)
    _VALID_ARGS = frozenset({"checks", "policy", "rules_dir", "fail_on"})

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result["changed"] = False
        variables = task_vars or {}
        try:
            checks, refused_statuses = self._wanted(variables), self._refused_statuses(variables)
            if not checks:
                return result | {"skipped": True, "skip_reason": NOTHING_TO_CHECK}
            asked_at = utc_now()
            waivers = self._waivers(variables, checks, asked_at)
            checks = [check for check in checks if check not in waivers]
            if waivers:
                result[WAIVED_KEY] = [waiver.to_dict() for waiver in waivers.values()]
            if not checks:
                return result | {carrier.CHECKS_KEY: []}
            policies = load_policies(self._rules_dir(variables), checks, self._layers(variables))
            reply = self._collect(self._module_args(policies), variables)
            if reply.get("failed") or reply.get("unreachable"):
                return result | reply
            document = parse_document(reply.get("facts"))
            verdicts = judge_document(document, policies, asked_at, utc_now())
        except ComplianceError as error:
            return result | {"failed": True, "error_code": error.code, "msg": str(error)}
        documents = [verdict.to_dict() for verdict in verdicts]
        result[carrier.CHECKS_KEY] = scrubbed_checks(map(_brief, documents), utc_now().date())
        result["collector_sha256"] = collectors_digest()
        if (state := runstate.current()) is not None:
            box = Carrier(state.carrier_key)
            result[carrier.KEY] = box.pack(documents, reply["facts"], asked_at)
        refused = [verdict for verdict in verdicts if verdict.status in refused_statuses]
        if refused:
            result["failed"] = True
            result["msg"] = "; ".join(f"{item.check_id} {item.message}" for item in refused)
        return result

    def _collect(self, module_args: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = self._execute_module(
                module_args=module_args, task_vars=variables
            )
        except Exception as error:
            if not is_connection_loss(error):
                raise
            raise AnsibleConnectionFailure("The host was lost while it was checked.") from error
        return reply

    def _wanted(self, variables: dict[str, Any]) -> list[CheckId]:
        """Return the checks to make, in their order; none where the role is told to make none."""
        given = self._given("checks", variables)
        names = list(self.CHECKS) if given is None else plain_value(given)
        try:
            wanted = {CheckId(name) for name in names}
        except ValueError as error:
            remedy = f"Allowed: {', '.join(CheckId)}."
            raise PolicyInvalid(
                "checks names an unknown check", value=names, remedy=remedy
            ) from error
        if not wanted and "checks" in self._task.args:
            raise PolicyInvalid("checks is empty", value=names, remedy="Name at least one check.")
        return [check for check in CheckId if check in wanted]

    def _waivers(
        self, variables: dict[str, Any], checks: list[CheckId], now: datetime
    ) -> dict[CheckId, Waiver]:
        """Return the waivers of this host that hold now, of the checks that it should have."""
        if (raw := variables.get(WAIVERS)) is None:
            return {}
        given = plain_value(self._templar.template(raw))
        origin = f"variable {WAIVERS}{variable_origin(raw)}"
        found = current_waivers(given, now, origin)
        return {check: found[check] for check in checks if check in found}

    def _refused_statuses(self, variables: dict[str, Any]) -> list[str]:
        given = plain_value(self._given("fail_on", variables))
        if given is None:
            return []
        # A misspelt status would switch the gate off in silence.
        if not isinstance(given, list) or not set(given) <= GATE_STATUSES:
            remedy = f"Allowed: a list of {', '.join(sorted(GATE_STATUSES))}."
            raise PolicyInvalid("fail_on is not a list of statuses", value=given, remedy=remedy)
        return given

    def _given(self, argument: str, variables: dict[str, Any]) -> Any:
        """Return an argument of the task, else what the role has for it, else None."""
        if argument in self._task.args:
            return self._task.args[argument]
        # The role makes all checks in one task; a single check is told by its arguments alone.
        variable = ROLE_VARIABLES[argument] if len(self.CHECKS) > 1 else ""
        return self._templar.template(variables.get(variable))

    def _module_args(self, policies: dict[CheckId, Any]) -> dict[str, Any]:
        collect = {check.value: policy.collector_options() for check, policy in policies.items()}
        if len(self.CHECKS) == 1:
            return {"collect": collect}
        return {"checks": [check.value for check in policies], "collect": collect}

    def _rules_dir(self, variables: dict[str, Any]) -> Path:
        given = self._task.args.get("rules_dir") or variables.get("compliance_rules_dir")
        return Path(str(self._templar.template(given))) if given else default_rules_dir()

    def _layers(self, variables: dict[str, Any]) -> list[Layer]:
        layers = []
        for name in POLICY_VARIABLES:
            if (raw := variables.get(name)) is not None:
                values = plain_value(self._templar.template(raw))
                layers.append(
                    Layer(f"variable {name}{variable_origin(raw)}", _mapping(name, values))
                )
        if (given := self._task.args.get("policy")) is not None:
            # A single check takes the keys of its own policy.
            values = _mapping("policy", plain_value(given))
            single = {self.CHECKS[0]: values} if len(self.CHECKS) == 1 else values
            layers.append(Layer("task argument policy", single))
        return layers


def _brief(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only evidence needs; see carrier."""
    details = document["details"]
    brief = {key: details[key] for key in BRIEF_DETAILS}
    brief["findings"] = [item for item in details["findings"] if item["status"] != "PASS"]
    return {**document, "details": brief}


def _mapping(name: str, values: Any) -> dict[str, Any]:
    if isinstance(values, dict):
        return values
    raise PolicyInvalid(f"{name} is no mapping", value=values, remedy="Write check: {key: value}.")
