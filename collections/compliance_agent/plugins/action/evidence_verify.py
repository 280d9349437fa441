# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify the evidence of a site on the controller, with the verifier that auditors use."""

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils.evidence import verify

ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "keys": {"type": "list", "elements": "str", "required": True},
    "checkpoint": {"type": "path"},
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        try:
            keys = verify.read_keys(arguments["keys"])
        except (OSError, ValueError) as error:
            return result | {"failed": True, "msg": f"A public key cannot be read: {error}"}
        verifier = verify.Verifier(keys)
        checkpoint = arguments["checkpoint"]
        verifier.read_site(Path(arguments["path"]), Path(checkpoint) if checkpoint else None)
        *_details, summary = verify.report_text(verifier)
        return result | {
            "changed": False,
            "failed": bool(verifier.problems),
            "msg": summary,
            "problems": list(map(str, verifier.problems)),
            "notes": list(map(str, verifier.notes)),
            "bundles": verifier.bundles,
            "runs": verifier.runs,
            "exit_code": verifier.exit_code(),
        }
