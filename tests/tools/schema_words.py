# SPDX-License-Identifier: GPL-3.0-or-later
"""Say in words what a JSON schema allows, and show a value as YAML has it on one line."""

from collections.abc import Mapping
from typing import Any

WORDS = {
    "boolean": "`true`, `false`",
    "null": "`null`",
    "number": "number",
    "object": "mapping",
    "string": "text",
}
FORMATS = {"date": "`YYYY-MM-DD`", "date-time": "`YYYY-MM-DDThh:mm:ssZ`"}


def allowed_words(schema: Mapping[str, Any]) -> str:
    """Return what a value may be; a model of its own counts as a mapping."""
    kind = str(schema.get("type", "object"))
    if "anyOf" in schema:
        words = " or ".join(allowed_words(item) for item in schema["anyOf"])
    elif "enum" in schema or "const" in schema:
        words = ", ".join(f"`{item}`" for item in schema.get("enum", [schema.get("const")]))
    elif kind == "array":
        words = f"list of {allowed_words(schema.get('items', {}))}"
    elif kind == "integer":
        words = f"whole number{_range(schema)}"
    else:
        words = FORMATS.get(str(schema.get("format")), WORDS[kind])
    return words


def _range(schema: Mapping[str, Any]) -> str:
    least = schema.get("minimum")
    if "exclusiveMinimum" in schema:
        least = schema["exclusiveMinimum"] + 1
    if least is None:
        return ""
    return f", {least} to {schema['maximum']}" if "maximum" in schema else f", {least} or more"


def value_words(value: object) -> str:
    """Return *value* in the flow style of YAML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_words, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {value_words(item)}' for key, item in value.items())}}}"
    return str(value)
