# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit cases of the rules, ``rules/l1_cases.yml``: such an incident, and which rule it asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from ..checks.judgement import BY_WEIGHT, SHARED_CODES, Catalogue
from ..judges import JUDGES
from ..models import CheckId, CheckStatus, Finding, Severity
from ..policy import PolicyModel, read_yaml
from .matching import IncidentFacts, Matcher, NoMatch
from .rule_faults import Fault, Lines, Problem, faults_of, near
from .rules import Check, OneOrMore, Os, RuleId, RunbookId, Text
from .runbooks import FindingCode

CASES_FILE = "l1_cases.yml"
WHERE_CODES = "docs/reference/finding-codes.md lists them."


class CaseFinding(PolicyModel):
    """One finding. What is left out is as the check usually has it."""

    code: FindingCode
    status: Annotated[CheckStatus, Field(strict=False)] = CheckStatus.FAIL
    severity: Annotated[Severity, Field(strict=False)] | None = None
    gpo_managed: bool = False
    scope: str = ""
    observed: JsonValue = None
    expected: JsonValue = None


def _code_alone(value: object) -> object:
    return {"code": value} if isinstance(value, str) else value


class _OrCode:
    """For the schema: a finding may be its code alone."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(core)]}


class Expectation(PolicyModel):
    """The rule that wins and what it does, or the reason for which none does."""

    rule: RuleId | None = None
    runbook: RunbookId | None = None
    parameters: dict[str, JsonValue] | None = None
    reason: Annotated[NoMatch, Field(strict=False)] | None = None

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if (self.rule is None) == (self.reason is None):
            raise ValueError("give the rule that wins, or the reason for which none does")
        if self.reason is not None and (self.runbook or self.parameters is not None):
            raise ValueError("where no rule wins there is no runbook and no parameter")
        return self


class Case(PolicyModel):
    """One incident; the worst of its findings is the status of the check."""

    name: Text
    check_type: Check
    findings: OneOrMore[Annotated[CaseFinding, BeforeValidator(_code_alone), _OrCode()]]
    host_groups: OneOrMore[str] | None = None
    os: Os | None = None
    expect: Expectation

    def facts(self) -> IncidentFacts:
        """Return the incident as the matcher takes it; raises KeyError for an unknown code."""
        findings = tuple(_finding(self.check_type, item) for item in self.findings)
        status = min((item.status for item in findings), key=BY_WEIGHT.index)
        groups = frozenset(self.host_groups or ())
        return IncidentFacts(self.check_type, status, findings, groups, self.os)


class CaseFile(PolicyModel):
    """``rules/l1_cases.yml``."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """How the cases of a folder went."""

    count: int
    problems: tuple[Problem, ...]  # cases that are none, and cases that came out otherwise
    met: frozenset[str]  # the rules that some case expects

    def unmet(self, rules: Iterable[str]) -> list[str]:
        """Return those of *rules* that no case expects."""
        return sorted(set(rules) - self.met)


def run_cases(rules_dir: Path, matcher: Matcher) -> Tested:
    """Return how *matcher* answers the cases of *rules_dir*.

    Raises PolicyInvalid where the file is no YAML, has a doubled key, or cannot be read.
    """
    file = rules_dir / CASES_FILE
    raw = read_yaml(file)
    lines = Lines(file.read_text(encoding="utf-8"))
    items = raw.get("cases") if isinstance(raw, dict) else None
    if not isinstance(items, list) or not items:
        fault = Fault(("cases",), "is missing", remedy="Write `cases:` and a list below it.")
        return Tested(0, (Problem(file, 1, "file", fault),), frozenset())
    problems: list[Problem] = []
    met: set[str] = set()
    for place, item in enumerate(items):
        name = str(item.get("name")) if isinstance(item, dict) else f"case {place + 1}"
        case = _parse(item)
        if isinstance(case, Case):
            faults = [Fault(("expect",), text)] if (text := _difference(case, matcher)) else []
            met |= {case.expect.rule or ""}
        else:
            faults = case
        for fault in faults:
            line = lines.find(("cases", place, *fault.place))
            problems.append(Problem(file, line, name, fault))
    return Tested(len(items), tuple(problems), frozenset(met))


def _parse(item: object) -> Case | list[Fault]:
    try:
        case = Case.model_validate(item)
    except ValidationError as error:
        return faults_of(error, Case, item)
    known = _catalogue(case.check_type)
    what = f"{case.check_type} never reports this code"
    faults = [
        Fault(("findings", place), what, finding.code, near(finding.code, known) + WHERE_CODES)
        for place, finding in enumerate(case.findings)
        if finding.code not in known
    ]
    return faults or case


def _catalogue(check: CheckId) -> Catalogue:
    return {**SHARED_CODES, **JUDGES[check].catalogue}


def _finding(check: CheckId, item: CaseFinding) -> Finding:
    known = _catalogue(check)[item.code]
    return Finding(
        code=item.code,
        status=item.status,
        severity=item.severity or known.severity,
        message=known.phrase,
        scope=item.scope,
        observed=item.observed,
        expected=item.expected,
        gpo_managed=item.gpo_managed,
    )


def _difference(case: Case, matcher: Matcher) -> str | None:
    """Return in a sentence what differs from what *case* expects, or None."""
    expected, got = case.expect, matcher.decide(case.facts())
    wanted = expected.rule or f"no rule ({expected.reason})"
    if isinstance(got, NoMatch):
        found = f"no rule ({got})"
        return None if expected.reason is got else f"expected {wanted}, got {found}"
    if expected.rule != got.rule_id:
        return f"expected {wanted}, got {got.rule_id} on {', '.join(got.matched_on)}"
    if got.refused:
        return f"{got.rule_id} cannot act: {got.refused}"
    if expected.runbook is not None and expected.runbook != got.runbook_id:
        return f"expected {expected.runbook}, got {got.runbook_id or 'escalate'}"
    given = dict(got.action.parameters) if got.action else {}
    if expected.parameters is not None and expected.parameters != given:
        return f"expected the parameters {expected.parameters}, got {given}"
    return None
