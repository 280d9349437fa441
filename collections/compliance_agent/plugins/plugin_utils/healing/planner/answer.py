# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what a model may answer, and believe nothing of what it does answer. Pure.

The schema is flat, without ``oneOf``, formats and bounds, since servers refuse or ignore those; it
only helps the model. `read_answer` decides: each rule of the schema and those that it cannot say
are checked here again, for every server, whatever it promises.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from ...errors import ComplianceError, ParameterInvalid
from ...models import CheckStatus, Finding
from ..parameters import Parameter, ParameterSource, bind
from ..runbooks import Runbook
from .candidates import Candidates
from .case import Case
from .prompt import ESCALATE

# In characters. The longest right answer has about 1,200.
ANSWER_LENGTH_MAX = 16_384
REASONING_LENGTH_MAX = 400
REASON_LENGTH_MAX = 300
CONFIDENCE_STEP = 10  # percent: a free number made small models write digits until they were cut
_FENCE = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)
_JSON_TYPES = {"str": "string", "int": "integer", "bool": "boolean"}


class AnswerInvalid(ComplianceError):
    """A model answered something that is not allowed; *reason* names the rule."""

    code = "l2_answer_invalid"

    def __init__(self, reason: str, failed: str) -> None:
        self.reason = reason
        super().__init__(f"the answer of the model is refused: {failed}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that kept every rule; *runbook* is None where it says that a person decides."""

    runbook: Runbook | None
    parameters: Mapping[str, JsonValue]
    reasoning: str
    confidence_thousandths: int
    escalation_reason: str | None


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    runbook_id: str
    parameters: dict[str, JsonValue]
    reasoning: str = Field(min_length=1, max_length=REASONING_LENGTH_MAX)
    confidence_percent: int = Field(ge=0, le=100)
    escalate: bool
    escalation_reason: str | None = Field(max_length=REASON_LENGTH_MAX)


def wire_schema(candidates: Candidates) -> dict[str, Any]:
    """Return the JSON schema that a server is asked to hold the model to."""
    parameters = _parameter_schemas(candidates.offered)
    properties: dict[str, Any] = {
        # First, so that the model says why before it says what.
        "reasoning": {"type": "string"},
        "runbook_id": {
            "type": "string",
            "enum": [*(item.runbook_id for item in candidates.offered), ESCALATE],
        },
        "parameters": _closed(parameters),
        "confidence_percent": {"type": "integer", "enum": list(range(0, 101, CONFIDENCE_STEP))},
        "escalate": {"type": "boolean"},
        "escalation_reason": {"type": ["string", "null"]},
    }
    return _closed(properties)


def read_answer(text: str, case: Case, candidates: Candidates) -> Answer:
    """Return what *text* says if every rule is kept; raises AnswerInvalid with the rule if not."""
    wire = _parse(text)
    if not wire.reasoning.strip():
        _refuse("no_reasoning", "it gives no reason")
    is_escalation = wire.runbook_id == ESCALATE
    if is_escalation != wire.escalate:
        _refuse("contradiction", "runbook_id and escalate say different things")
    # Null is how a flat schema says "not set".
    given = {name: value for name, value in wire.parameters.items() if value is not None}
    thousandths = wire.confidence_percent * 10
    if is_escalation:
        if not (wire.escalation_reason or "").strip():
            _refuse("no_escalation_reason", "it escalates without a reason")
        return Answer(None, {}, wire.reasoning, thousandths, wire.escalation_reason)
    runbook = candidates.find(wire.runbook_id)
    if runbook is None:
        _refuse("not_a_candidate", "it names a runbook that was not offered")
    bound = bind_for(runbook, given, case)
    return Answer(runbook, bound, wire.reasoning, thousandths, None)


def bind_for(runbook: Runbook, given: Mapping[str, Any], case: Case) -> dict[str, JsonValue]:
    """Return the parameters of *runbook*: from the findings, and of those only what is *given*.

    Nobody who answers may set more: a value without a source in a finding, such as the address that
    a firewall lets in, is the site's; and one that no finding names would aim at a drive or a
    service that nothing was found about. What a policy owns is left out. Raises AnswerInvalid.
    """
    findings = [
        item
        for item in case.findings
        if not item.gpo_managed
        and (item.status is not CheckStatus.PASS or item.code not in runbook.repairs)
    ]
    try:
        bound = bind(runbook.parameters, given, findings, case.policy, passed=case.passed)
    except ParameterInvalid as error:
        raise AnswerInvalid("parameter_invalid", "a parameter is not allowed") from error
    for name in given:
        parameter = runbook.parameters[name]
        if not isinstance(parameter.source, ParameterSource):
            _refuse("parameter_of_the_site", "it sets a parameter that is the site's to set")
        if not _is_found(bound[name], name, parameter, findings):
            _refuse("parameter_not_found", "a parameter has a value that no finding names")
    return bound


def _is_found(
    value: JsonValue, name: str, parameter: Parameter, findings: Sequence[Finding]
) -> bool:
    alone = parameter.model_copy(update={"default": None, "required": False})
    # One by one: together, a scalar would be that of the first finding only.
    found = [one for finding in findings for one in _values_of(finding, name, alone)]
    wanted = value if isinstance(value, list) else [value]
    # By type, too: 1 and True are equal to Python.
    return bool(wanted) and all(
        any(one == item and type(one) is type(item) for one in found) for item in wanted
    )


def _values_of(finding: Finding, name: str, parameter: Parameter) -> list[JsonValue]:
    try:
        value = bind({name: parameter}, {}, [finding], {}).get(name)
    except ParameterInvalid:
        return []  # what no parameter may be is no source of one
    return value if isinstance(value, list) else [value]


def _parse(text: str) -> _Wire:
    if len(text) > ANSWER_LENGTH_MAX:
        _refuse("too_long", f"it has more than {ANSWER_LENGTH_MAX} characters")
    fenced = _FENCE.fullmatch(text.strip())
    try:
        document = json.loads(
            fenced.group(1) if fenced else text,
            object_pairs_hook=_without_doubles,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise AnswerInvalid("not_json", "it is not one JSON text") from error
    try:
        return _Wire.model_validate(document)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        # The place only where it is a key of ours: any other was chosen by the model.
        place = problem["loc"][0] if problem["loc"] else ""
        named = f"{place}: " if place in _Wire.model_fields else ""
        raise AnswerInvalid("not_the_schema", f"{named}{problem['msg']}") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        # Two readers could take two different ones.
        raise ValueError("a key occurs twice")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse(reason: str, failed: str) -> NoReturn:
    raise AnswerInvalid(reason, failed)


def _parameter_schemas(runbooks: Sequence[Runbook]) -> dict[str, Any]:
    """Return one schema a name, for all runbooks: types are merged, and null is always allowed."""
    types: dict[str, set[str]] = {}
    items: dict[str, set[str]] = {}
    for runbook in runbooks:
        for name, one in runbook.parameters.items():
            if not isinstance(one.source, ParameterSource):
                continue  # the site's to set, or the run's
            types.setdefault(name, set()).add(_JSON_TYPES.get(one.type, "array"))
            if one.elements is not None:
                items.setdefault(name, set()).add(_JSON_TYPES[one.elements])
    return {
        name: {"type": [*sorted(kinds), "null"]}
        | ({"items": {"type": sorted(items[name])}} if name in items else {})
        for name, kinds in sorted(types.items())
    }


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
