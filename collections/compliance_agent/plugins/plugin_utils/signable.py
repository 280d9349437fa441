# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that has one text only, and so can be signed: no floats, no integers beyond 2^53. Pure."""

from typing import Annotated, Any

from pydantic import JsonValue, PlainSerializer, ValidatorFunctionWrapHandler, WrapValidator

# RFC 8785 writes numbers as IEEE 754 doubles: past this, neighbours become one.
LARGEST_INTEGER = 2**53 - 1
_TEXT = frozenset({str})


def is_signable(value: object) -> bool:
    """Return whether *value* is made of exactly the types that can be signed, keys are text.

    A subclass of one, such as a word of an enumeration, is not: only its plain value is. Every
    verdict and bundle comes here several times, so it only tells; the refusals name the place.
    """
    pending: list[Any] = [value]
    for item in pending:  # which grows meanwhile
        kind = type(item)
        if kind is str or kind is bool or item is None:
            continue
        if kind is dict:
            if not _TEXT.issuperset(map(type, item)):
                return False
            pending += item.values()
        elif kind is list:
            pending += item
        elif kind is not int or not -LARGEST_INTEGER <= item <= LARGEST_INTEGER:
            return False
    return True


def _parse_signable(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    # What is right already needs no copy; all else goes the way that says what is wrong.
    return value if is_signable(value) else _refuse_unsignable(parse(value))


def _parse_signable_object(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    return _parse_signable(value, parse) if value.__class__ is dict else parse(value)


def _refuse_unsignable(value: JsonValue) -> JsonValue:
    """Walk a JSON value and refuse what RFC 8785 cannot write in one way only."""
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


def _as_it_is(value: Any) -> Any:
    return value


# What was validated is plain JSON: pydantic needs not look for its kind a second time to dump it.
SignableJson = Annotated[
    JsonValue,
    WrapValidator(_parse_signable),
    PlainSerializer(_as_it_is, return_type=Any),
]
SignableObject = Annotated[
    dict[str, JsonValue],
    WrapValidator(_parse_signable_object),
    PlainSerializer(_as_it_is, return_type=dict[str, Any]),
]
