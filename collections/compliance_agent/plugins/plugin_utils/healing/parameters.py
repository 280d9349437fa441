# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of a runbook: declared with a type, checked before use, and handed over as data. Pure.

A value reaches a host as an argument of a script, never as a part of its text.
"""

import re
from collections.abc import Container, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from ..errors import ParameterInvalid
from ..models import CheckId, CheckStatus, Finding
from ..policy import PolicyModel

Scalar = str | int | bool
_TYPES: Mapping[str, type] = {"str": str, "int": int, "bool": bool}
# What is taken from a finding of a host that somebody else may own.
TEXT_LENGTH_MAX = 256
LIST_LENGTH_MAX = 64
PASSED = CheckStatus.PASS.value


def _listed(value: object) -> object:
    # The loader freezes lists to tuples, which are no JSON.
    return list(value) if isinstance(value, tuple) else value


class ParameterSource(PolicyModel):
    """Where a value comes from if nobody gives one: a field of each finding with this code.

    With *scope*, of the finding for that one object only, such as one log of several.
    """

    finding: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    take: Literal["scope", "observed", "expected"]
    scope: str | None = None


class PassedSource(PolicyModel):
    """``PASS`` if the check *passed* has passed in this run; else there is no value.

    Neither a rule nor a model may give it: it would be a claim in place of a proof.
    """

    passed: Annotated[CheckId, Field(strict=False)]


class ConnectionSource(PolicyModel):
    """What only the controller knows: from where, and on which port, it reaches the host."""

    connection: Literal["controller", "management_port"]


class Parameter(PolicyModel):
    """One parameter: a scalar, or a list of them. Numbers have bounds, texts a pattern.

    *policy* is the key of the check's policy that says the same: what the check calls old, its
    repair must call old, too.
    """

    type: Literal["str", "int", "bool", "list"]
    elements: Literal["str", "int"] | None = None
    description: str
    required: bool = False
    default: Annotated[JsonValue, BeforeValidator(_listed)] = None
    choices: tuple[Scalar, ...] = ()
    pattern: str | None = None
    min: int | None = None
    max: int | None = None
    source: ParameterSource | PassedSource | ConnectionSource | None = None
    policy: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = None

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if (self.type == "list") != (self.elements is not None):
            raise ValueError("elements belongs to a list, and a list needs it")
        kind = self.elements or self.type
        if kind == "str" and not (self.pattern or self.choices):
            # Text without a grammar could carry anything to a host.
            raise ValueError("a text needs a pattern or choices")
        if kind == "int" and (self.min is None or self.max is None):
            raise ValueError("a number needs min and max")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern: {error}") from error
        if self.default is not None:
            self.check("default", self.default)
        if isinstance(self.source, PassedSource) and not (self.required and self.default is None):
            raise ValueError("what another check has to prove is required and has no default")
        return self

    def check(self, name: str, value: object) -> JsonValue:
        """Return *value* if this parameter takes it; raises ParameterInvalid."""
        if self.type == "list":
            if not isinstance(value, list | tuple) or len(value) > LIST_LENGTH_MAX:
                raise self._refusal(name, value, f"a list of at most {LIST_LENGTH_MAX} items")
            return [self._scalar(f"{name}[{place}]", item) for place, item in enumerate(value)]
        return self._scalar(name, value)

    def _scalar(self, name: str, value: object) -> Scalar:
        kind = self.elements or self.type
        # Not isinstance: True is an int to Python, and none to anybody else.
        if not isinstance(value, str | int | bool) or value.__class__ is not _TYPES[kind]:
            raise self._refusal(name, value, f"of type {kind}")
        if self.choices and value not in self.choices:
            raise self._refusal(name, value, f"one of {', '.join(map(str, self.choices))}")
        if isinstance(value, str) and len(value) > TEXT_LENGTH_MAX:
            raise self._refusal(name, value[:32] + "…", f"at most {TEXT_LENGTH_MAX} characters")
        if isinstance(value, str) and self.pattern and not re.fullmatch(self.pattern, value):
            raise self._refusal(name, value, f"a text like {self.pattern}")
        if kind == "int" and isinstance(value, int):
            low, high = self.min, self.max
            if (low is not None and value < low) or (high is not None and value > high):
                raise self._refusal(name, value, f"a number from {low} to {high}")
        return value

    @staticmethod
    def _refusal(name: str, value: object, allowed: str) -> ParameterInvalid:
        return ParameterInvalid(
            f"the parameter {name} is refused", value=value, remedy=f"Allowed: {allowed}."
        )


def bind(
    declared: Mapping[str, Parameter],
    given: Mapping[str, Any],
    findings: Sequence[Finding],
    policy: Mapping[str, Any],
    *,
    passed: Container[CheckId] = frozenset(),
) -> dict[str, JsonValue]:
    """Return the value of every parameter.

    The first wins that has one: what is *given*, the source (*findings* of the check, other checks
    that have *passed*), the *policy* under which the check was judged, the default. A parameter
    without any of these is left out unless it is required. Raises ParameterInvalid, which names the
    parameter, for an unknown one, a missing one and a value that is not allowed.
    """
    if unknown := sorted(set(given) - set(declared)):
        allowed = ", ".join(declared) or "none"
        raise ParameterInvalid(
            "this runbook has no such parameter", value=unknown, remedy=f"Allowed: {allowed}."
        )
    bound: dict[str, JsonValue] = {}
    for name, parameter in declared.items():
        value = given.get(name)
        if value is None and isinstance(parameter.source, ParameterSource):
            value = _from_findings(parameter, parameter.source, findings)
        elif value is None and isinstance(parameter.source, PassedSource):
            value = PASSED if parameter.source.passed in passed else None
        if value is None and parameter.policy is not None:
            value = policy.get(parameter.policy)
        if value is None:
            value = parameter.default
        if value is not None:
            bound[name] = parameter.check(name, value)
        elif parameter.required:
            raise ParameterInvalid(
                f"the parameter {name} has no value", remedy=f"Give it: {parameter.description}"
            )
    return bound


def _from_findings(
    parameter: Parameter, source: ParameterSource, findings: Sequence[Finding]
) -> JsonValue:
    values = [
        getattr(item, source.take)
        for item in findings
        if item.code == source.finding and source.scope in {None, item.scope}
    ]
    if parameter.type != "list":
        return values[0] if values else None
    flat = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(flat)) or None
