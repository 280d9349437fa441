# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse to start a run whose evidence could not be kept, and say what the run covers."""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils.clock import utc_now
from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.evidence import runstate

try:
    from ..plugin_utils.evidence.readiness import Readiness, make_ready, refuse_unusable_names
    from ..plugin_utils.rules import default_rules_dir
except ImportError as error:
    IMPORT_ERROR = str(error)
else:
    IMPORT_ERROR = ""

ARGUMENTS = {
    "site_id": {"type": "str", "required": True},
    "checks": {"type": "list", "elements": "str", "required": True},
    "rules_dir": {"type": "path"},
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False
    BYPASS_HOST_LOOP = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        state = runstate.current()
        if state is None:
            raise AnsibleActionFail(runstate.NOT_LOADED)
        if missing := state.import_error or IMPORT_ERROR:
            raise AnsibleActionFail(runstate.NOT_IMPORTED.format(missing))
        # Plain text: Ansible's own carries tags, and is none to whatever asks for the exact type.
        site_id, rules = str(arguments["site_id"]), arguments["rules_dir"]
        hosts = [str(host) for host in (task_vars or {})["ansible_play_hosts_all"]]
        try:
            rules_dir = Path(rules) if rules else default_rules_dir()
            ready = make_ready(state, site_id, arguments["checks"], rules_dir, utc_now)
            refuse_unusable_names(hosts, ready.sealer.scrubber(hosts, utc_now().date()))
        except ComplianceError as error:
            return result | {"failed": True, "error_code": error.code, "msg": str(error)}
        if ready.key.is_new:
            _announce_key(site_id, ready)
        for sentence in ready.recovered:
            Display().warning(sentence)
        scope = {
            "site_id": site_id,
            "rules_dir": str(rules_dir),
            "run_id": state.run_id,
            "checks": [check.value for check in ready.checks],
            "controls": {check.value: list(ids) for check, ids in ready.controls.items()},
            "rules_sha256": ready.rules_sha256,
            "hosts": hosts,
        }
        result["recovered"] = list(ready.recovered)
        public = {"key_id": ready.key.key_id, "public_key": ready.key.public_line}
        return result | {"changed": False, "evidence_scope": scope, **public}


def _announce_key(site_id: str, ready: "Readiness") -> None:
    Display().display(
        f"A signing key for {site_id} was made: {ready.key_file}. Back it up; without it no more "
        f"evidence of this site can be signed.\nIts public half, for whoever verifies: "
        f"{ready.key.public_line}"
    )
