# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that has one text only, and so can be signed: no floats, no integers beyond 2^53. Pure."""

from typing import Annotated

from pydantic import AfterValidator, JsonValue

# RFC 8785 writes numbers as IEEE 754 doubles: past this, neighbours become one.
LARGEST_INTEGER = 2**53 - 1


def _is_signable(value: JsonValue) -> bool:
    # Every verdict and bundle comes here several times; the slow walk below only names the place.
    pending: list[JsonValue] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str) or item is None:
            continue
        if isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, float) or abs(item) > LARGEST_INTEGER:
            return False
    return True


def _refuse_unsignable(value: JsonValue) -> JsonValue:
    """Walk a JSON value and refuse what RFC 8785 cannot write in one way only."""
    if _is_signable(value):
        return value
    pending: list[tuple[str, JsonValue]] = [("", value)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, float):
            # pydantic reports ValueError as a refusal; a TypeError would escape it.
            raise ValueError(  # noqa: TRY004 - see above
                f"{path or 'value'} is a float ({item}); use an integer or text"
            )
        if isinstance(item, int) and abs(item) > LARGEST_INTEGER:
            raise ValueError(f"{path or 'value'} is beyond 2^53 ({item}); use text")
        if isinstance(item, dict):
            pending.extend((f"{path}.{key}", inner) for key, inner in item.items())
        elif isinstance(item, list):
            pending.extend((f"{path}[{index}]", inner) for index, inner in enumerate(item))
    return value


SignableJson = Annotated[JsonValue, AfterValidator(_refuse_unsignable)]
SignableObject = Annotated[dict[str, JsonValue], AfterValidator(_refuse_unsignable)]
