# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seal what killed runs left of a site, on the controller."""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.clock import utc_now
from ..plugin_utils.errors import ComplianceError
from ..plugin_utils.evidence import runstate

try:
    from ..plugin_utils.evidence.recovery import needs_recovery, recover
    from ..plugin_utils.evidence.sealer import open_sealer
    from ..plugin_utils.evidence.site import SiteDirectory
except ImportError as error:
    IMPORT_ERROR = str(error)
else:
    IMPORT_ERROR = ""

ARGUMENTS = {"site_id": {"type": "str", "required": True}}
NOTHING = "No run of this site was interrupted."


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
        try:
            site = SiteDirectory(Path(state.evidence_dir), str(arguments["site_id"]))
            if self._task.check_mode:
                found = needs_recovery(site)
                return result | {"changed": found, "recovered": []}
            recovery = recover(open_sealer(state, site, utc_now))
        except ComplianceError as error:
            return result | {"failed": True, "error_code": error.code, "msg": str(error)}
        sentences = recovery.sentences()
        changed = bool(recovery.sealed or recovery.finished or recovery.set_aside)
        return result | {
            "changed": changed,
            "recovered": sentences,
            "msg": " ".join(sentences) or NOTHING,
        }
