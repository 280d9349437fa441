# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads after a run: a table of hosts and checks, and the worst findings in words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .checks.judgement import BY_WEIGHT, SEVERITIES
from .controls import ControlMap
from .evidence.bundles import final_state
from .evidence.coverage import CoverageStatement
from .models import CheckId, CheckStatus, EvidenceBundle

COLUMNS = tuple(check.value for check in CheckId)


@dataclass(frozen=True, slots=True)
class Row:
    """One finding of one host, with the specification that it speaks to."""

    host: str
    check: str
    finding: Mapping[str, Any]
    control: str

    @property
    def sort_key(self) -> tuple[int, int, str, str]:
        finding = self.finding
        return (
            BY_WEIGHT.index(CheckStatus(finding["status"])),
            [severity.value for severity in SEVERITIES].index(finding["severity"]),
            self.host,
            str(finding["code"]),
        )


def render_table(statuses: Iterable[tuple[str, str, str]]) -> str:
    """Return a row a host and a column a check, of host, check and status each.

    A check that was not made is a dash.
    """
    cells: dict[str, dict[str, str]] = {}
    for host, check, status in statuses:
        cells.setdefault(host, {})[check] = status
    checks = [check for check in COLUMNS if any(check in row for row in cells.values())]
    lines = [("host", *checks)]
    lines += [
        (host, *(row.get(check, "-") for check in checks)) for host, row in sorted(cells.items())
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def count_statuses(bundles: Iterable[EvidenceBundle]) -> dict[str, int]:
    """Return how many checks have each status, all four of them, in the order of the contract."""
    counts = Counter(status_of(bundle) for bundle in bundles)
    order = (CheckStatus.PASS, CheckStatus.WARNING, CheckStatus.FAIL, CheckStatus.ERROR)
    return {status.value: counts[status.value] for status in order}


def worst_findings(bundles: Iterable[EvidenceBundle], most: int = 3) -> list[Row]:
    """Return the *most* worst findings, no code twice: three times the same is one thing to do."""
    rows = [
        Row(bundle.host_id, bundle.check.value, finding, bundle.hipaa_controls[0])
        for bundle in bundles
        for finding in _findings_of(bundle)
        if finding["status"] == CheckStatus.FAIL
    ]
    worst: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row.sort_key):
        worst.setdefault(row.finding["code"], row)
    return list(worst.values())[:most]


def describe(row: Row, controls: ControlMap) -> str:
    """Return one line about a finding: where, what, what was seen, and the specification."""
    finding = row.finding
    scope = f" ({finding['scope']})" if finding["scope"] else ""
    seen = "" if finding["observed"] is None else f"; found {_words(finding['observed'])}"
    wanted = "" if finding["expected"] is None else f", wanted {_words(finding['expected'])}"
    control = controls.controls[row.control]
    return (
        f"{row.host}, {row.check}: {finding['message']}{scope}{seen}{wanted}.\n"
        f"    45 CFR {row.control} {control.title} ({control.kind})"
    )


def status_of(bundle: EvidenceBundle) -> str:
    """Return the status of the check that *bundle* is about."""
    return str(final_state(bundle)["status"])


def _findings_of(bundle: EvidenceBundle) -> Sequence[Mapping[str, Any]]:
    findings: Any = final_state(bundle).get("findings", [])
    return findings  # type: ignore[no-any-return]  # signed by us, so it has our shape


def _words(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)


def coverage_line(statement: CoverageStatement) -> str:
    """Return what the run covered, and what of it has no verdict, in one line."""
    reasons = Counter(pair.reason_code.value for pair in statement.missing)
    missing = "".join(f", {count} {reason}" for reason, count in sorted(reasons.items()))
    unscheduled = statement.not_scheduled.count(statement.scope)
    rest = f", {unscheduled} not scheduled" if unscheduled else ""
    return (
        f"Coverage: {statement.obtained} of {statement.expected} checks have a verdict"
        f"{missing}{rest}; stated in {statement.statement_id}"
    )
