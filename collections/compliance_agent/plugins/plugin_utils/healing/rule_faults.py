# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a rule or a case, and the line on which a person finds it."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel, ValidationError

# With libyaml eight times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong below *place*: keys and indices from the top of one rule or case."""

    place: Place
    what: str
    value: object = None
    remedy: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        where = ".".join(map(str, self.place))
        got = "" if self.value is None else f"; got {self.value!r}"
        text = f"{where}: {self.what}" if where else self.what
        return f"{text}{got}." + (f" {self.remedy}" if self.remedy else "")


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in its file, told as ``file:line: rule: what; got value. What to do``."""

    file: Path
    line: int
    subject: str
    fault: Fault

    @property
    def is_warning(self) -> bool:
        return self.fault.is_warning

    def __str__(self) -> str:
        level = "warning: " if self.is_warning else ""
        return f"{self.file}:{self.line}: {self.subject}: {level}{self.fault}"


class Lines:
    """Where each key and item of a YAML text stands."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _root(self) -> yaml.Node | None:
        # Rules without a fault need no lines.
        return yaml.compose(self._text, Loader=_LOADER)

    def find(self, place: Sequence[str | int]) -> int:
        """Return the line, from 1, of *place*, or of the nearest thing above it that is there."""
        node, line = self._root, 1
        for part in place:
            found = _child(node, part)
            if found is None:
                break
            at, node = found
            line = at.start_mark.line + 1
        return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the node to point at, and the node to go on from."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def faults_of(error: ValidationError, model: type[BaseModel], raw: object) -> list[Fault]:
    """Return what *error* says of *raw*, which is no *model*, with the values that are allowed."""
    faults = []
    for item in error.errors(include_url=False):
        place = _written(tuple(item["loc"]), raw)
        if item["type"] == "extra_forbidden":
            known = _keys_at(model, place[:-1])
            remedy = f"{near(str(place[-1]), known)}Allowed: {', '.join(known)}."
            faults.append(Fault(place[:-1], "no such key", place[-1], remedy))
        elif item["type"] == "missing":
            faults.append(Fault(place, "is missing", remedy="Write it."))
        else:
            # Of a whole mapping the keys that disagree are named in the message.
            value = None if isinstance(item["input"], dict) else item["input"]
            value = list(value) if isinstance(value, tuple) else value
            faults.append(Fault(place, item["msg"].removeprefix("Value error, "), value))
    return faults


def _written(place: Place, raw: object) -> Place:
    """Return *place* without the numbers of items that were written without a list."""
    written: list[str | int] = []
    for part in place:
        if isinstance(part, int) and not isinstance(raw, list):
            continue
        written.append(part)
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int):
            raw = raw[part]
    return tuple(written)


def near(word: str, known: Iterable[str]) -> str:
    """Return the sentence that offers the known word most like *word*, or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {found[0]}? " if found else ""


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    for part in place:
        field = model.model_fields.get(str(part))
        model = (_model_in(field.annotation) if field else None) or model
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model that *annotation* is, or a list or choice of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
