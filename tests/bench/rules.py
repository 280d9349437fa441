# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what a thousand rules cost for a thousand incidents, on one core.

python -m bench.rules           exit code 1 when a target is missed

Half of the rules repair and half escalate, each for one group of hosts; behind them stands one rule
a check that takes what is left. A host is in fifty groups.
"""

import random
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.lint import lint
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.matching import (
    IncidentFacts,
    Matcher,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_targets import (
    phrases_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rules import HostOs
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
    Finding,
    Severity,
)
from unit.healing.rule_folders import CONTROLS, promised_runbooks, write_rules

RULES, INCIDENTS, FINDINGS = 1_000, 1_000, 8
MATCH_SECONDS_MAX = 1.0
# A run reads its rules once, before the first host is healed; own choice.
LINT_SECONDS_MAX = 2.0
RUNBOOKS = promised_runbooks()
T = TypeVar("T")


def make_rules(count: int) -> str:
    """Return a file of *count* rules: for one group of hosts each, and the last ones for all."""
    chance = random.Random(1)  # noqa: S311 - the same rules each time
    checks = list(CheckId)
    rules = [
        _rule(number, check, chance)
        for number, check in zip(range(count - 6), checks * count, strict=False)
    ]
    rules += [
        _escalation(count - 6 + place, check, priority=1000) for place, check in enumerate(checks)
    ]
    return yaml.safe_dump({"rules": rules}, sort_keys=False)


def _rule(number: int, check: CheckId, chance: random.Random) -> dict[str, Any]:
    rule = _escalation(number, check, priority=number)
    rule["pattern"]["host_groups"] = [f"group{number:04}"]
    if number % 2:
        repairs = [item for item in RUNBOOKS.values() if item.check_type is check]
        runbook = chance.choice(repairs)
        action = {"type": runbook.action_type.value, "runbook": runbook.runbook_id}
        return rule | {"action": action, "max_retries": 2, "cooldown_seconds": 3600}
    rule["pattern"] |= {
        "finding_codes": chance.sample(sorted(phrases_of(check)), 3),
        "severity": chance.sample(["CRITICAL", "HIGH", "MEDIUM", "LOW"], 2),
    }
    return rule


def _escalation(number: int, check: CheckId, priority: int) -> dict[str, Any]:
    return {
        "id": f"L1-BENCH-{number:03}",
        "name": "A rule of the bench",
        "pattern": {"check_type": check.value, "status": ["FAIL", "WARNING"]},
        "action": {"type": "escalate"},
        "hipaa_controls": CONTROLS[check.value][:1],
        "priority": priority,
    }


def make_incidents(count: int) -> list[IncidentFacts]:
    """Return *count* incidents of hosts that are in fifty groups each."""
    chance = random.Random(2)  # noqa: S311 - the same incidents each time
    checks = list(CheckId)
    incidents = []
    for number in range(count):
        check = checks[number % len(checks)]
        codes = chance.sample(sorted(phrases_of(check)), FINDINGS)
        findings = tuple(_finding(code, chance) for code in codes)
        groups = frozenset(f"group{chance.randrange(RULES):04}" for _ in range(50))
        incidents.append(
            IncidentFacts(check, CheckStatus.FAIL, findings, groups, chance.choice(list(HostOs)))
        )
    return incidents


def _finding(code: str, chance: random.Random) -> Finding:
    kinds = list(product((CheckStatus.FAIL, CheckStatus.WARNING), (Severity.HIGH, Severity.LOW)))
    status, severity = chance.choice(kinds)
    return Finding(
        code=code,
        status=status,
        severity=severity,
        message="a fixed phrase",
        scope="",
        observed=None,
        expected=None,
        gpo_managed=False,
    )


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what *work* does, and the CPU seconds that it took."""
    began = time.process_time()
    done = work()
    return done, time.process_time() - began


def main() -> int:
    """Measure, print, and return 1 when a target is missed."""
    with TemporaryDirectory(prefix="bench-") as name:
        folder = write_rules(Path(name), make_rules(RULES))
        linted, lint_seconds = timed(lambda: lint(folder, RUNBOOKS))
    if linted.errors:
        print(f"bench: {linted.errors[0]}", file=sys.stderr)
        return 2
    targets = [target for table in linted.matcher.tables.values() for target in table.targets]
    matcher, compile_seconds = timed(lambda: Matcher.of(targets))
    incidents = make_incidents(INCIDENTS)
    matches, match_seconds = timed(lambda: [matcher.match(item) for item in incidents])
    repairs = sum(match is not None and match.action is not None for match in matches)
    found = sum(match is not None for match in matches)
    print(f"read and lint {len(targets)} rules  {lint_seconds:.2f} s (target {LINT_SECONDS_MAX})")
    print(f"compile them          {compile_seconds * 1000:.1f} ms")
    print(
        f"match {INCIDENTS} incidents  {match_seconds * 1000:.1f} ms"
        f" (target {MATCH_SECONDS_MAX} s): {found} matched, {repairs} repairs"
    )
    return 0 if match_seconds <= MATCH_SECONDS_MAX and lint_seconds <= LINT_SECONDS_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
