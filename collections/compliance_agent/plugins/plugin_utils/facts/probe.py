# SPDX-License-Identifier: GPL-3.0-or-later
"""What every collector answers: probes with a state, and the document that carries them.

A probe that is missing, that claims success without a value, or whose value is not what its model
says, is parsed as an unread one. So one broken provider never hides the others, and nothing that
was not read can pass.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic_core import ValidationError, to_json

from ..errors import FactsMalformed
from ..models import Instant
from .host_record import HostRecord, ValueT, parse_json, prepare_parser

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class ProbeState(StrEnum):
    """How a source answered. ``absent`` is the source's word, for the judge to corroborate."""

    OK = "ok"
    ABSENT = "absent"
    DENIED = "denied"
    ERROR = "error"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Probe(Generic[ValueT]):
    """One reading of one source. ``value`` is set exactly when ``state`` is ok.

    No model, for it is made of what was parsed: a model for each of a hundred probes would make the
    controller, and so each fork of it, larger by megabytes.
    """

    state: ProbeState = ProbeState.MISSING
    hresult: str | None = None
    source: str = ""
    elapsed_ms: int = 0
    value: ValueT | None = None

    def __post_init__(self) -> None:
        if (self.state is ProbeState.OK) != (self.value is not None):
            raise ValueError(f"{self.state} with {'a' if self.value is not None else 'no'} value")

    @property
    def is_ok(self) -> bool:
        return self.state is ProbeState.OK

    @property
    def is_absent(self) -> bool:
        return self.state is ProbeState.ABSENT

    def summary(self) -> dict[str, Any]:
        """Return how the probe went, without what it read."""
        return {
            "state": self.state.value,
            "hresult": self.hresult,
            "source": self.source,
            "elapsed_ms": self.elapsed_ms,
        }


UNREAD: Probe[Any] = Probe()


class FactDocument(HostRecord):
    """The answer of a check module: one collection on one host."""

    schema_version: Literal[1]
    collected_at: Instant
    host: dict[str, Any]
    checks: dict[str, dict[str, Any]]


def prepare_document() -> None:
    """Build what parses a document and how each probe went."""
    for kind in (FactDocument, _Reading):
        prepare_parser(kind)


def parse_document(raw: object) -> FactDocument:
    """Parse the key ``facts`` of a module's result.

    Raises FactsMalformed when it is not the document of this collection release.
    """
    try:
        # Through JSON, so that only what JSON can hold gets past this border.
        return parse_json(FactDocument, json.dumps(raw))
    except (TypeError, ValueError) as error:
        problem = error.errors()[0] if isinstance(error, ValidationError) else None
        where = ".".join(str(part) for part in problem["loc"]) if problem else "facts"
        raise FactsMalformed(
            f"facts.{where} is not what this release collects",
            value=problem["input"] if problem and problem["loc"] else type(raw).__name__,
            remedy="Install the same collection release on every controller.",
        ) from error


FactsT = TypeVar("FactsT", bound="DataclassInstance")


def parse_probes(kind: type[FactsT], raw: Mapping[str, Any], **known: Any) -> FactsT:
    """Return *kind* with each of its probes parsed by itself; *known* fields are set as they are.

    A probe that cannot be parsed is ``malformed``, one that is not in *raw* is ``missing``.
    """
    probes = {
        field.name: _parse_probe(get_args(field.type)[0], raw[field.name])
        for field in fields(kind)
        if field.name in raw and field.name not in known
    }
    return kind(**probes, **known)


def prepare_probes(kind: type[FactsT]) -> None:
    """Build what parses the probes of *kind*."""
    for field in fields(kind):
        if get_origin(field.type) is Probe:
            prepare_parser(get_args(field.type)[0])


class _Reading(HostRecord):
    """A probe but for its value."""

    state: ProbeState = ProbeState.MISSING
    hresult: str | None = None
    source: str = ""
    elapsed_ms: int = 0


def _parse_probe(kind: Any, raw: object) -> Probe[Any]:
    if not isinstance(raw, dict):
        return Probe(ProbeState.MALFORMED)
    head = {name: item for name, item in raw.items() if name != "value"}
    value = raw.get("value")
    try:
        # It came out of JSON in parse_document, so pydantic's writer, which is several times as
        # fast as that of Python, writes it too.
        reading = parse_json(_Reading, to_json(head))
        return Probe(
            reading.state,
            reading.hresult,
            reading.source,
            reading.elapsed_ms,
            None if value is None else parse_json(kind, to_json(value)),
        )
    except ValueError:  # pydantic's, or that state and value contradict each other
        source = raw.get("source")
        return Probe(ProbeState.MALFORMED, source=source if isinstance(source, str) else "")
