# SPDX-License-Identifier: GPL-3.0-or-later
"""Read ``rules/l1_rules.yaml`` and say everything that is wrong with it, line by line.

What is an error here stops a run at its start too: `load_matcher` refuses such rules, since a rule
that silently does nothing, or something else, is worse than none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ..controls import ControlMap, load_controls
from ..errors import RulesInvalid
from ..models import CheckId
from ..policy import read_yaml
from .matching import Matcher
from .registry import load_registry
from .rule_faults import Fault, Lines, Place, Problem, faults_of, near
from .rule_overlap import conflicts, shadows
from .rule_table import RuleTable
from .rule_targets import Target, phrases_of, resolve
from .rules import FILE, Rule, RuleFile
from .runbooks import Runbook

PROBLEMS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Linted:
    """What a file of rules comes to. *matcher* has the rules without errors only."""

    problems: tuple[Problem, ...]
    count: int  # of all entries, also of those that are no rule
    rules: tuple[Rule, ...]
    matcher: Matcher

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if not problem.is_warning)


def load_matcher(rules_dir: Path, runbooks: Mapping[str, Runbook] | None = None) -> Matcher:
    """Return the rules of *rules_dir*, ready to match; *runbooks* are those of it by default.

    Raises RulesInvalid, which names file, line and rule, and RunbookInvalid, ControlsInvalid and
    PolicyInvalid for the files that rules rest on.
    """
    known = load_registry(rules_dir).runbooks if runbooks is None else runbooks
    linted = lint(rules_dir, known)
    if linted.errors:
        shown = "; ".join(map(str, linted.errors[:PROBLEMS_SHOWN]))
        rest = len(linted.errors) - PROBLEMS_SHOWN
        raise RulesInvalid(
            f"the rules cannot be used: {shown}" + (f"; and {rest} more" if rest > 0 else ""),
            remedy="`flask --app webui rules lint` shows all.",
        )
    return linted.matcher


def lint(rules_dir: Path, runbooks: Mapping[str, Runbook]) -> Linted:
    """Return the rules of *rules_dir* and their problems, in the order of the file.

    Raises PolicyInvalid where the file is no YAML, has a doubled key, or cannot be read.
    """
    return _Linter(rules_dir / FILE, runbooks, load_controls(rules_dir)).run()


class _Linter:
    """One file; it gathers problems on the way."""

    def __init__(self, file: Path, runbooks: Mapping[str, Runbook], controls: ControlMap) -> None:
        raw = read_yaml(file)
        self._file = file
        self._lines = Lines(file.read_text(encoding="utf-8"))
        self._runbooks = runbooks
        self._controls = controls
        self._problems: list[Problem] = []
        self._raw = self._list_of(raw)

    def run(self) -> Linted:
        rules = dict(self._parsed())
        targets = dict(self._resolved(rules))
        self._compare(targets)
        self._problems.sort(key=lambda problem: problem.line)
        return Linted(
            tuple(self._problems),
            len(self._raw),
            tuple(rules.values()),
            Matcher.of(targets.values()),
        )

    def _list_of(self, raw: object) -> list[object]:
        if not isinstance(raw, dict) or not isinstance(raw.get("rules"), list):
            fault = Fault(("rules",), "is missing", remedy="Write `rules:` and a list below it.")
            self._note((), "file", fault)
            return []
        for key in raw:
            if key not in RuleFile.model_fields:
                remedy = f"{near(str(key), RuleFile.model_fields)}Allowed: rules."
                self._note((key,), "file", Fault((), "no such key", key, remedy))
        return list(raw["rules"])

    def _parsed(self) -> Iterator[tuple[int, Rule]]:
        """Yield what has the shape of a rule, and its place in the list."""
        seen: dict[str, int] = {}
        for place, item in enumerate(self._raw):
            if not isinstance(item, dict):
                self._note(("rules", place), f"rule {place + 1}", Fault((), "is no mapping", item))
                continue
            name = str(item.get("id", f"rule {place + 1}"))
            try:
                rule = Rule.model_validate(item)
            except ValidationError as error:
                for fault in faults_of(error, Rule, item):
                    self._note(("rules", place), name, fault)
                continue
            if rule.id in seen:
                line = self._lines.find(("rules", seen[rule.id]))
                fault = Fault(("id",), f"line {line} has this id already", rule.id, "Take another.")
                self._note(("rules", place), name, fault)
                continue
            seen[rule.id] = place
            yield place, rule

    def _resolved(self, rules: Mapping[int, Rule]) -> Iterator[tuple[int, Target]]:
        """Yield what each rule comes to, if nothing that it names is wrong."""
        for place, rule in rules.items():
            check = rule.pattern.check_type
            allowed = self._controls.for_check(check)
            if foreign := [item for item in rule.hipaa_controls if item not in allowed]:
                remedy = f"Allowed: {', '.join(allowed)} (rules/controls.yml)."
                fault = Fault(("hipaa_controls",), f"not the controls of {check}", foreign, remedy)
                self._note(("rules", place), rule.id, fault)
            target, faults = resolve(rule, self._runbooks)
            for fault in faults:
                self._note(("rules", place), rule.id, fault)
            if target is not None:
                yield place, target

    def _compare(self, targets: Mapping[int, Target]) -> None:
        """Note which rules of a check are in each other's way."""
        places = {target.rule.id: place for place, target in targets.items()}
        for check in CheckId:
            mine = [item for item in targets.values() if item.rule.pattern.check_type is check]
            table, codes = RuleTable.of(mine), tuple(phrases_of(check))
            for shadowed in shadows(table, codes):
                rule = shadowed.rule.rule
                fault = _shadow_fault(rule, [taker.rule for taker in shadowed.by])
                self._note(("rules", places[rule.id]), rule.id, fault)
            for conflict in conflicts(table, codes):
                left, right = sorted(
                    (target.rule for target in conflict.rules), key=lambda rule: places[rule.id]
                )
                line = self._lines.find(("rules", places[left.id]))
                fault = Fault(
                    ("priority",),
                    f"{left.id} (line {line}) has the same, wants something else, and both match "
                    f"a {conflict.status} with {' and '.join(dict.fromkeys(conflict.codes))}",
                    right.priority,
                    "Give one of them a lower number: it wins.",
                )
                self._note(("rules", places[right.id]), right.id, fault)

    def _note(self, place: Place, subject: str, fault: Fault) -> None:
        line = self._lines.find((*place, *fault.place))
        self._problems.append(Problem(self._file, line, subject, fault))


def _shadow_fault(rule: Rule, takers: Sequence[Rule]) -> Fault:
    if not takers:
        what = "no incident can match: a FAIL outweighs an ERROR, and that a WARNING"
        if rule.pattern.not_finding_codes:
            what = "no incident can match: not_finding_codes leave none of its findings"
        return Fault(("pattern",), what, remedy="Compare its keys with each other.")
    by = " and ".join(f"{taker.id} (priority {taker.priority})" for taker in takers)
    return Fault(
        ("pattern",),
        f"shadowed: {by} take all that it matches",
        remedy="Give it a lower priority than theirs, narrow them, or delete it.",
    )
