# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that come from an inventory, as plain Python, and where they were written."""

from datetime import date, datetime
from typing import Any

from .errors import PolicyInvalid
from .instants import to_text


def plain_value(value: Any) -> Any:  # noqa: PLR0911 - one line a type
    """Return *value* as plain dict, list, str, int, bool or None; YAML dates become text.

    Raises PolicyInvalid for anything else: a vaulted value would decrypt itself when asked for
    its text, and a float has no place in a signed document.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    kind = type(value).__name__
    raise PolicyInvalid("a policy value has a type that no policy holds", value=kind)


def variable_origin(value: Any) -> str:
    """Return `` (file:line)`` of a variable's value where Ansible remembers it, else nothing.

    Ansible 2.19 and later tag values with their origin; the tag is read by name, so that this
    module needs no Ansible and an Ansible without such tags costs a detail of a message only.
    """
    for tag in getattr(value, "_ansible_tags_mapping", {}).values():
        path, line = getattr(tag, "path", None), getattr(tag, "line_num", None)
        if path:
            return f" ({path}:{line})" if line else f" ({path})"
    return ""
