# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a JSON Schema for each model of the interface contract: ``docs/schemas/<model>.json``.

python -m tools.export_schemas        (PYTHONPATH=collections:tests)
"""

import json
import re
from pathlib import Path

from pydantic import BaseModel

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils import models
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.coverage import (
    CoverageStatement,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_statements import (  # noqa: E501 - one name
    KeyRevocation,
    KeyRotation,
)

ROOT = Path(__file__).parents[2]
# What a site signs beside the models of the contract.
STATEMENTS: tuple[type[BaseModel], ...] = (CoverageStatement, KeyRotation, KeyRevocation)
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_texts() -> dict[str, str]:
    """Return the text of each schema by file name; the same models give the same bytes."""
    base = models.ContractModel
    contract = [
        model
        for model in vars(models).values()
        if isinstance(model, type) and issubclass(model, base) and model is not base
    ]
    return {_file_name(model): _schema_text(model) for model in (*contract, *STATEMENTS)}


def _file_name(model: type[BaseModel]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", model.__name__).lower() + ".json"


def _schema_text(model: type[BaseModel]) -> str:
    schema = {"$schema": DIALECT} | model.model_json_schema(mode="serialization")
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Rewrite docs/schemas; a schema whose model is gone goes too."""
    directory = ROOT / "docs" / "schemas"
    directory.mkdir(parents=True, exist_ok=True)
    texts = schema_texts()
    for stale in directory.glob("*.json"):
        if stale.name not in texts:
            stale.unlink()
    for name, text in texts.items():
        (directory / name).write_text(text)
    print(f"docs/schemas: {len(texts)} schemas")


if __name__ == "__main__":
    main()
