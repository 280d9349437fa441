# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the JSON Schemas that editors complete the files of ``rules/`` by: ``rules/schemas``.

python -m tools.export_rule_schemas        (PYTHONPATH=collections:tests)

A schema knows the shape and the words: keys, checks, finding codes. What hangs together (a code of
another check, a runbook that does something else) is for `flask --app webui rules lint`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_cases import (
    CaseFile,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_targets import (
    phrases_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rules import RuleFile
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import Runbook
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from tools.export_schemas import DIALECT

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "rules" / "schemas"
FILES: dict[str, type[BaseModel]] = {
    "l1_rules.json": RuleFile,
    "l1_cases.json": CaseFile,
    "runbook.json": Runbook,
}
CODE_PATTERN = "^[a-z][a-z0-9_]*$"
# The loader fills it; nobody writes it.
NOT_WRITTEN = "scripts"


def rule_schema_texts() -> dict[str, str]:
    """Return the text of each schema by file name; the same models give the same bytes."""
    return {name: _text(model) for name, model in FILES.items()}


def _text(model: type[BaseModel]) -> str:
    schema = {"$schema": DIALECT} | model.model_json_schema(mode="validation")
    if model is Runbook:
        del schema["properties"][NOT_WRITTEN]
    for node in list(_nodes(schema)):
        if node.get("pattern") == CODE_PATTERN:
            node.pop("pattern")
            node.pop("type")
            node["$ref"] = "#/$defs/FindingCode"
    definitions = schema.setdefault("$defs", {})
    codes = {code for check in CheckId for code in phrases_of(check)}
    definitions["FindingCode"] = {"enum": sorted(codes)}
    if model is RuleFile:
        # PASS asks for nothing: no pattern may have it.
        definitions["Pattern"] = _without_pass(definitions["Pattern"])
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for child in list(node.values()):
            yield from _nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _nodes(child)


def _without_pass(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_pass(child) for child in node]
    if not isinstance(node, dict):
        return node
    if node.get("$ref") == "#/$defs/CheckStatus":
        return {"enum": ["FAIL", "WARNING", "ERROR"]}
    return {key: _without_pass(child) for key, child in node.items()}


def main() -> None:
    """Rewrite rules/schemas."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in rule_schema_texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"rules/schemas: {len(FILES)} schemas")


if __name__ == "__main__":
    main()
