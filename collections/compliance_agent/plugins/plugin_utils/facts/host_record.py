# SPDX-License-Identifier: GPL-3.0-or-later
"""How what hosts send is declared: as classes that pydantic parses, and that are no models of it.

There are some two hundred of them, with their lists. A model of pydantic keeps 25 KB for its
fields, its serializer and its schema, and these are only ever parsed; the controller and each fork
of it would be larger by megabytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import FrozenInstanceError
from functools import cache
from types import GenericAlias
from typing import (
    Any,
    ClassVar,
    Generic,
    Never,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import ConfigDict, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

KindT = TypeVar("KindT")
ValueT = TypeVar("ValueT")
STRICT = core_schema.CoreConfig(strict=True)


class HostRecord:
    """What hosts send: strict in its types, deaf to fields of a newer collector. Made by parsing.

    A field without a value in its class must be there; no field may have the name of a property.
    ``__post_init__``, where there is one, may raise ValueError.
    """

    # Names in the document that cannot be names in Python, by field.
    NAMES: ClassVar[Mapping[str, str]] = {}

    def __setattr__(self, name: str, value: object) -> Never:
        raise FrozenInstanceError(f"cannot assign to {name!r}")

    def __delattr__(self, name: str) -> Never:
        raise FrozenInstanceError(f"cannot delete {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(frozenset(self.__dict__.items()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({values})"

    @classmethod
    def field_types(cls, source: Any) -> dict[str, Any]:  # noqa: ARG003 - for those with parameters
        """Return the type of each field; *source* is the class as it was written."""
        types = get_type_hints(cls, include_extras=True)
        return {name: kind for name, kind in types.items() if not _is_class_variable(kind)}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        fields = []
        for name, kind in cls.field_types(source).items():
            schema = handler.generate_schema(kind)
            if hasattr(cls, name):
                schema = core_schema.with_default_schema(schema, default=getattr(cls, name))
            alias = cls.NAMES.get(name)
            fields.append(
                core_schema.dataclass_field(name, schema, kw_only=True, validation_alias=alias)
            )
        return core_schema.dataclass_schema(
            cls,
            core_schema.dataclass_args_schema(cls.__name__, fields),
            [field["name"] for field in fields],
            post_init=hasattr(cls, "__post_init__"),
            config=STRICT,
        )


def _is_class_variable(kind: Any) -> bool:
    return kind is ClassVar or get_origin(kind) is ClassVar


class FactList(HostRecord, Generic[ValueT]):
    """A list that carries its length, so that an item lost on the way is seen."""

    count: int
    items: tuple[ValueT, ...]

    def __post_init__(self) -> None:
        if self.count != len(self.items):
            raise ValueError(f"{self.count} items were read and {len(self.items)} arrived")

    def __iter__(self) -> Iterator[ValueT]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def field_types(cls, source: Any) -> dict[str, Any]:
        return {"count": int, "items": GenericAlias(tuple, (get_args(source)[0], ...))}


def parse_json(kind: type[KindT], text: str | bytes) -> KindT:
    """Return *text* as *kind*, a class of hosts or a list of it; raises pydantic's ValidationError.

    From JSON, whose lists and texts strict types take for tuples, enums and instants.
    """
    asked: Any = kind  # a list of something is hashable, too, which mypy does not know
    parsed: KindT = _validator(asked).validate_json(text)
    return parsed


def prepare_parser(kind: Any) -> None:
    """Build what parses *kind* now: what a process builds after a fork, each fork builds."""
    _validator(kind)


def forget_parsers() -> None:
    """Give back what was built; it is built again when it is asked for."""
    _validator.cache_clear()


@cache
def _validator(kind: Any) -> Any:
    # The rest of the adapter writes values and describes them, which nobody asks for.
    # Strict from here on: a probe within a probe is no class of this module.
    return TypeAdapter(kind, config=ConfigDict(strict=True)).validator
