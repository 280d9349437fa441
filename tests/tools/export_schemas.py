# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a JSON Schema for each model of the interface contract: ``docs/schemas/<model>.json``.

python -m tools.export_schemas        (PYTHONPATH=collections:tests)
"""

import json
import re
from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils import models

ROOT = Path(__file__).parents[2]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_texts() -> dict[str, str]:
    """Return the text of each schema by file name; the same models give the same bytes."""
    found = {}
    for name, model in vars(models).items():
        base = models.ContractModel
        if isinstance(model, type) and issubclass(model, base) and model is not base:
            schema = {"$schema": DIALECT} | model.model_json_schema(mode="serialization")
            file_name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() + ".json"
            found[file_name] = json.dumps(schema, indent=2, sort_keys=True) + "\n"
    return found


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
