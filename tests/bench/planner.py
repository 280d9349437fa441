# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how often the planner is right, wrong or silent on incidents of known cause.

python -m bench.planner                  with the runbooks of the tests
python -m bench.planner --rules rules    with those of a folder rules/

One wrong action is one too many: the exit code is 1. The second opinion is measured where the extra
``retrieval`` is installed.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ComplianceError
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.healer import with_known
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.candidates import (  # noqa: E501 - its name
    candidates_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    read_case,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.decide import (
    Planner,
    SecondOpinion,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.plans import (
    Mode,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.retrieval import (  # noqa: E501 - its name
    RetrievalUnusable,
    load_retriever,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.symptoms import (  # noqa: E501 - its name
    vote_by_code,
    vote_by_symptom,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    Registry,
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    L2Context,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from unit.healing.planner.cases import BACKED_UP, NOW, context
from unit.healing.planner.catalogue import write_rules
from unit.healing.planner.labelled import LABELLED

ROUNDS = 5
# What a run knows of the way to a host.
KNOWN = {"controller": "10.0.0.5", "management_port": 5986}


def main() -> int:
    """Measure, print, and return 1 if an action was wrong."""
    parser = argparse.ArgumentParser(prog="bench.planner")
    parser.add_argument("--rules", type=Path, help="a folder rules/; else the tests' runbooks")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bench-planner-") as folder:
        rules = options.rules or write_rules(Path(folder) / "rules")
        try:
            registry = with_known(load_registry(rules), KNOWN)
        except ComplianceError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    actionable = sum(right is not None for _, _, right in LABELLED)
    print(f"{len(LABELLED)} incidents: {actionable} with a repair, the others are a person's")
    wrong = _measure("codes and symptoms", registry, None)
    try:
        wrong += _measure("and retrieval", registry, load_retriever())
    except RetrievalUnusable as error:
        print(f"and retrieval: not measured, {error}")
    return 1 if wrong else 0


def _measure(name: str, registry: Registry, second: SecondOpinion | None) -> int:
    """Print what a planner does with every incident; return how many actions are wrong."""
    scrubber = Scrubber(bytes(32), today=date(2026, 3, 2))
    planner = Planner(registry, scrubber, Mode.ACT, second_opinion=second)
    questions = [(_question(check, line, registry), right) for check, line, right in LABELLED]
    began = time.process_time()
    for _ in range(ROUNDS):
        records = [planner.decide(question, NOW).record for question, _ in questions]
    milliseconds = (time.process_time() - began) * 1000 / ROUNDS / len(questions)
    rows = list(zip(LABELLED, records, strict=True))
    wrong = [row for row in rows if row[1].runbook_id not in {row[0][2], None}]
    right = sum(record.runbook_id is not None for _, record in rows) - len(wrong)
    missed = [row for row in rows if row[0][2] and row[1].runbook_id is None]
    print(
        f"{name}: acts {right} right and {len(wrong)} wrong, "
        f"{len(missed)} repairs left to a person; {milliseconds:.2f} ms CPU each"
    )
    for (_, line, label), record in wrong + missed:
        chosen = record.runbook_id or record.reason_code
        print(f"  {record.check}: {line}: {chosen} instead of {label or 'a person'}")
    for method, counts in _alone(registry, second):
        print(f"  {method} alone: {counts['right']} right, {counts['wrong']} wrong")
    return len(wrong)


def _question(check: CheckId, line: str, registry: Registry) -> L2Context:
    return context(check, line, registry, others=[BACKED_UP])


def _alone(registry: Registry, second: SecondOpinion | None) -> Iterator[tuple[str, Counter[str]]]:
    """Yield what each way of choosing would do by itself, without the stops before it."""
    methods = [vote_by_code, vote_by_symptom] if second is None else [second.vote]
    for method in methods:
        counts: Counter[str] = Counter()
        name = ""
        for check, line, right in LABELLED:
            case = read_case(_question(check, line, registry), NOW)
            vote = method(case, candidates_of(case, registry))
            name = vote.method
            if vote.runbook_id is not None:
                counts["right" if vote.runbook_id == right else "wrong"] += 1
        yield name, counts


if __name__ == "__main__":
    sys.exit(main())
