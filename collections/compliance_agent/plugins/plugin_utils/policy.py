# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds: read from ``rules/``, overridden by a site or a host, and typed before use.

``rules/policy/<check>.yml`` holds the keys of a check, ``rules/policy/common.yml`` those of all,
``rules/data/<check>/<key>.yml`` the value of one key that is a table. An inventory overrides keys
through ``compliance_policy`` and ``compliance_policy_host``. A key that no model knows, a value out
of range and a file with a doubled key are errors, since each would hide a weaker policy.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from .errors import DocumentNotCanonical, PolicyInvalid
from .evidence.canonical import canonical_json, to_nfc

try:
    # With libyaml the rules are read eight times as fast, before the first host is asked.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]  # the same, in Python

PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
# Up to a century: what is longer is a slip, and takes the arithmetic of dates out of its range.
Days = Annotated[int, Field(gt=0, le=36_500)]
Hours = Annotated[int, Field(gt=0, le=36_500 * 24)]
Minutes = Annotated[int, Field(gt=0, le=36_500 * 24 * 60)]


def _parse_day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


# A day as people write it in YAML and JSON: 2026-03-02.
Day = Annotated[date, BeforeValidator(_parse_day)]


class PolicyModel(BaseModel):
    """What people write: unknown keys and guesses at a type are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Policy(PolicyModel):
    """What every check's policy has."""

    hipaa_controls: Annotated[tuple[str, ...], Field(min_length=1)]
    policy_version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")] = "unnamed"
    clock_skew_warn_seconds: PositiveInt
    clock_skew_error_seconds: PositiveInt

    # Of the tables that the site has put in place of shipped ones, by key.
    _own_tables: dict[str, str] = {}

    def to_dict(self) -> dict[str, Any]:
        """Return the thresholds in force, for the evidence.

        Of a table that the site has put in place of the shipped one stands the SHA-256 of its
        canonical form, as ``<key>_sha256``; the shipped ones are in the digest of all rules.
        """
        shown = self.model_dump(mode="json", exclude={"hipaa_controls", *self.tables()})
        return shown | {f"{key}_sha256": digest for key, digest in self._own_tables.items()}

    def with_site_tables(self, layers: Iterable["Layer"]) -> Self:
        """Return this policy, which names in the evidence the tables that *layers* of a site hold.

        Raises PolicyInvalid for one that has no canonical form.
        """
        origins = {
            key: layer.origin
            for layer in layers
            for key in sorted(self.tables() & set(layer.values))
        }
        tables = self.model_dump(mode="json", include=set(origins))
        known = self.model_copy()
        own = {key: _digest(tables[key], origins[key], key) for key in sorted(tables)}
        known._own_tables = own  # noqa: SLF001 - of a copy of this
        return known

    @classmethod
    def tables(cls) -> frozenset[str]:
        """Name the keys whose value is a table, too long to repeat in each bundle."""
        return frozenset()

    def collector_options(self) -> dict[str, Any]:
        """Return what the collector must know of this policy: names to look for, never limits."""
        return {}


PolicyT = TypeVar("PolicyT", bound=Policy)


@dataclass(frozen=True, slots=True)
class Layer:
    """Some keys of a policy, and where a person finds them."""

    origin: str
    values: Mapping[str, Any]


def _digest(table: Any, origin: str, key: str) -> str:
    try:
        return sha256(canonical_json(to_nfc(table))).hexdigest()
    except DocumentNotCanonical as error:
        where = f"{origin}: {key} cannot be signed"
        remedy = "Write whole numbers up to 2^53, and text of whole characters."
        raise PolicyInvalid(where, value=error.failed, remedy=remedy) from error


class _StrictLoader(SafeLoader):
    """YAML without doubled keys: the last one would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as PyYAML has it
        seen: set[Any] = set()
        for key_node, _value_node in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} occurs twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Return what the YAML file *path* holds; raises PolicyInvalid with file, line and reason."""
    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        remedy = "Point compliance_rules_dir to the folder rules/ of the product."
        raise PolicyInvalid(
            f"{path} cannot be read", value=error.strerror, remedy=remedy
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        reason = getattr(error, "problem", None) or str(error)
        raise PolicyInvalid(f"{where} is not YAML: {reason}", remedy="Mend that line.") from error


def rule_layers(rules_dir: Path, check: str) -> list[Layer]:
    """Return the layers of *check* that the folder ``rules/`` holds, weakest first."""
    layers = []
    for path in (rules_dir / "policy/common.yml", rules_dir / f"policy/{check}.yml"):
        values = read_yaml(path)
        if not isinstance(values, dict):
            raise PolicyInvalid(
                f"{path} is not a mapping", value=values, remedy="Write key: value."
            )
        layers.append(Layer(str(path), values))
    tables = sorted((rules_dir / "data" / check).glob("*.yml"))
    return layers + [Layer(str(path), {path.stem: read_yaml(path)}) for path in tables]


def build_policy(model: type[PolicyT], layers: Iterable[Layer]) -> PolicyT:
    """Merge *layers*, later ones win key by key, and return them as *model*.

    Raises PolicyInvalid, which names the file or variable, the key, the value and what is allowed.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        values.update(layer.values)
        origins.update(dict.fromkeys(layer.values, layer.origin))
    try:
        return model.model_validate(_lists_to_tuples(values))
    except ValidationError as error:
        raise _explain(error, model, origins) from error


def _lists_to_tuples(value: Any) -> Any:
    # YAML has lists only; strict models hold tuples, which cannot change behind our back.
    if isinstance(value, dict):
        return {key: _lists_to_tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_lists_to_tuples(item) for item in value)
    return value


def _explain(
    error: ValidationError, model: type[Policy], origins: Mapping[str, str]
) -> PolicyInvalid:
    problem = error.errors()[0]
    location = [str(part) for part in problem["loc"]]
    if not location:
        return _explain_together(str(problem["msg"]), origins)
    key = location[0]
    origin = origins.get(key, "rules/policy")
    if problem["type"] == "extra_forbidden":
        known = sorted(model.model_fields)
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        return PolicyInvalid(
            f"{origin}: {'.'.join(location)} is no key of this policy",
            value=problem["input"],
            remedy=f"{hint}Allowed: {', '.join(known)}.",
        )
    return PolicyInvalid(
        f"{origin}: {'.'.join(location)}: {problem['msg']}",
        value=None if problem["type"] == "missing" else problem["input"],
        remedy=_allowed(model, key),
    )


def _explain_together(message: str, origins: Mapping[str, str]) -> PolicyInvalid:
    """Explain why keys that are right one by one are wrong together: the message names them."""
    reason = message.removeprefix("Value error, ")
    named = {origin for key, origin in origins.items() if re.search(rf"\b{key}\b", reason)}
    where = " and ".join(sorted(named)) or "rules/policy"
    return PolicyInvalid(f"{where}: {reason}", remedy="Mend one of the keys that it names.")


def _allowed(model: type[Policy], key: str) -> str:
    field = model.model_fields.get(key)
    if field is None:
        return ""
    described = field.description or ""
    return f"{described} Mend the value, or delete the line to use the default.".strip()
