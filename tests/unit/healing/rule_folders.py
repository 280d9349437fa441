# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders ``rules/`` for tests: the real controls, small runbooks, and the rules of a test."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import Runbook
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import JUDGES
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId

RULES = Path(__file__).parents[3] / "rules"
SCRIPT = (
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
    "param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)\n"
)
NAMES = ("preconditions.ps1", "act.ps1", "restore.ps1", "validate.ps1")
# What each runbook does, in the contract's words; fix_config where it is not said.
ACTIONS = {
    "RB-WIN-AV-001": "run_script",
    "RB-WIN-AV-002": "enable_feature",
    "RB-WIN-AV-003": "enable_feature",
    "RB-WIN-AV-004": "restart_service",
    "RB-WIN-BACKUP-001": "restart_service",
    "RB-WIN-BACKUP-002": "restart_service",
    "RB-WIN-BACKUP-003": "restart_service",
    "RB-WIN-ENC-001": "enable_feature",
    "RB-WIN-ENC-002": "run_script",
    "RB-WIN-ENC-003": "enable_feature",
    "RB-WIN-FW-001": "enable_feature",
    "RB-WIN-FW-003": "restart_service",
    "RB-WIN-LOG-003": "restart_service",
    "RB-WIN-PATCH-001": "apply_patch",
    "RB-WIN-PATCH-002": "run_script",
    "RB-WIN-PATCH-003": "apply_patch",
}
SERVICES = {"RB-WIN-BACKUP-001": "$name = 'wbengine'\n"}


def step(script: str) -> dict[str, Any]:
    return {"step_id": 1, "description": "One step", "script": script, "timeout_seconds": 60}


def runbook_document(
    runbook_id: str, check: str, repairs: list[str], **keys: Any
) -> dict[str, Any]:
    """Return what the YAML file of a small runbook holds."""
    return {
        "runbook_id": runbook_id,
        "name": "A repair",
        "description": "Mends what it names.",
        "check_type": check,
        "action_type": ACTIONS.get(runbook_id, "fix_config"),
        "hipaa_controls": CONTROLS[check][:1],
        "is_disruptive": False,
        "requires_reboot": False,
        "estimated_duration": "5m",
        "requires_approval": False,
        "maintenance_window_only": False,
        "repairs": repairs,
        "steps": [step("act.ps1")],
        "rollback_steps": [step("restore.ps1")],
        **keys,
    }


CONTROLS: Mapping[str, list[str]] = yaml.safe_load((RULES / "controls.yml").read_text())["checks"]


def promised() -> dict[str, dict[str, Any]]:
    """Return a small document for each runbook that the checks name, with the codes it mends."""
    mended: dict[str, tuple[CheckId, list[str]]] = {}
    for check, judge in JUDGES.items():
        for code, entry in judge.catalogue.items():
            if entry.runbook:
                mended.setdefault(entry.runbook, (check, []))[1].append(code)
    return {
        name: runbook_document(name, check.value, codes)
        for name, (check, codes) in sorted(mended.items())
    }


def runbook(runbook_id: str, check: str, repairs: list[str], **keys: Any) -> Runbook:
    """Return a small runbook without a folder."""
    return from_document(runbook_document(runbook_id, check, repairs, **keys))


def from_document(document: Mapping[str, Any]) -> Runbook:
    def frozen(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: frozen(item) for key, item in value.items()}
        return tuple(map(frozen, value)) if isinstance(value, list) else value

    extra = SERVICES.get(document["runbook_id"], "")
    return Runbook.model_validate(
        {**frozen(document), "scripts": dict.fromkeys(NAMES, SCRIPT + extra)}
    )


def promised_runbooks() -> dict[str, Runbook]:
    return {name: from_document(document) for name, document in promised().items()}


def write_folder(folder: Path, **changed: Mapping[str, Any]) -> Path:
    """Write controls and every promised runbook into *folder*; *changed*: AV_001={key: value}."""
    (folder / "runbooks" / "scripts").mkdir(parents=True)
    shutil.copy(RULES / "controls.yml", folder)
    for name, document in promised().items():
        short = name.removeprefix("RB-WIN-").replace("-", "_")
        text = yaml.safe_dump({**document, **changed.get(short, {})}, sort_keys=False)
        (folder / "runbooks" / f"{name}.yml").write_text(text)
        scripts = folder / "runbooks" / "scripts" / name
        scripts.mkdir()
        for script in NAMES:
            (scripts / script).write_text(SCRIPT + SERVICES.get(name, ""))
    return folder


def write_rules(folder: Path, text: str) -> Path:
    """Write *text* as the rules of *folder*, which gets the real controls if it has none."""
    folder.mkdir(exist_ok=True)
    if not (folder / "controls.yml").exists():
        shutil.copy(RULES / "controls.yml", folder)
    (folder / "l1_rules.yaml").write_text(text)
    return folder
