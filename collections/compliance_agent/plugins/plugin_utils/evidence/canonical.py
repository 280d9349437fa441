# SPDX-License-Identifier: GPL-3.0-or-later
"""The one text of a document: RFC 8785, restricted to what every JSON encoder writes alike.

Allowed are text in Unicode normal form C, true, false, null, integers within 2^53, lists, and
objects whose keys are text. ``verify.py`` has an encoder of its own for the same language: a bundle
is believed only where both agree.
"""

import json
import re
import unicodedata
from typing import Any

import orjson
import rfc8785
from pydantic_core import from_json

from ..errors import DocumentNotCanonical
from ..signable import LARGEST_INTEGER, is_signable

# Half surrogate pairs, which have no UTF-8, and what lies beyond U+FFFF.
_NO_QUICK_ORDER = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")


def canonical_json(document: object) -> bytes:
    """Return the one UTF-8 text of *document*: keys sorted, no spaces.

    Raises DocumentNotCanonical, which names the place, for what has no such text: a float, a
    tuple, a key that is not text, an integer beyond 2^53, half a surrogate pair, text that is not
    in normal form C.
    """
    text = _quick_text(document)
    if text is None:
        refuse_unsignable(document)
        return rfc8785.dumps(document)  # type: ignore[arg-type]  # walked just now
    return text


def refuse_unsignable(document: object) -> None:
    """Return if *document* has a canonical text, else raise DocumentNotCanonical with the place."""
    pending: list[tuple[str, object]] = [("$", document)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, dict):
            for key in item:
                _refuse_key(path, key)
            pending.extend((f"{path}.{key}", inner) for key, inner in item.items())
        elif isinstance(item, list):
            pending.extend((f"{path}[{index}]", inner) for index, inner in enumerate(item))
        else:
            _refuse_scalar(path, item)


def load_nfc(text: str) -> Any:
    """Return the value of the JSON *text*, with every text and key in normal form C.

    Raises ValueError where it is not JSON, and DocumentNotCanonical if two keys become one.
    """
    try:
        # Not orjson, which is quicker by a third and keeps a buffer of 8 MB for it.
        value = from_json(text)
    except ValueError:
        # It refuses what the standard parser takes, such as half a surrogate pair: for others to
        # refuse by name.
        value = json.loads(text)
    # An escape may hide what joins with its neighbour.
    return value if "\\u" not in text and _is_nfc(text) else to_nfc(value)


def to_nfc(value: Any) -> Any:
    """Return the JSON *value* with every text and key in normal form C.

    Raises DocumentNotCanonical if two keys become one.
    """
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [to_nfc(item) for item in value]
    if isinstance(value, dict):
        normal = {to_nfc(key): to_nfc(item) for key, item in value.items()}
        if len(normal) != len(value):
            raise _unsignable("$", "has keys that differ only in their Unicode form")
        return normal
    return value


def _quick_text(document: object) -> bytes | None:
    """Return the text where orjson writes what RFC 8785 says; else None.

    It is thirty times as fast as rfc8785 and differs in floats, which are refused, and in the order
    of keys beyond U+FFFF: RFC 8785 sorts by UTF-16 code units.
    """
    # It would write a float, a tuple as a list, and a date.
    if not is_signable(document):
        return None
    try:
        text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # half a surrogate pair, or nested too deep
        return None
    if not text.isascii():
        letters = text.decode()
        if _NO_QUICK_ORDER.search(letters) or not _is_nfc(letters):
            return None
    # A copy: orjson's own keeps the 4 KB that it wrote in, and a run keeps a leaf of each bundle.
    return memoryview(text).tobytes()


def _is_nfc(text: str) -> bool:
    """Return whether *text*, and so each part of it, is in normal form C.

    The normal forms are closed under substrings (UAX 15), so the whole JSON text answers at once
    for all the texts in it.
    """
    return text.isascii() or unicodedata.is_normalized("NFC", text)


def _refuse_key(path: str, key: object) -> None:
    if not isinstance(key, str):
        raise _unsignable(path, "has a key that is not text")
    _refuse_scalar(f"{path}.{key!a}", key)


def _refuse_scalar(path: str, item: object) -> None:
    if isinstance(item, str):
        if any("\ud800" <= letter <= "\udfff" for letter in item):
            raise _unsignable(path, "holds half a surrogate pair")
        if not unicodedata.is_normalized("NFC", item):
            raise _unsignable(path, "is not in Unicode normal form C")
    elif isinstance(item, int):
        if abs(item) > LARGEST_INTEGER:
            raise _unsignable(path, "is an integer beyond 2^53")
    elif item is not None:
        raise _unsignable(path, f"is a {type(item).__name__}")


def _unsignable(path: str, failed: str) -> DocumentNotCanonical:
    # No value: it may be somebody's data, and the place is enough to find it.
    remedy = "Use text, whole numbers, true, false, null, lists and objects."
    return DocumentNotCanonical(f"{path} {failed}", remedy=remedy)
