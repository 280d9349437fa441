# SPDX-License-Identifier: GPL-3.0-or-later
"""Statement coverage of our PowerShell, from what the engine's workers wrote to LAB_COVERAGE."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

OUR_SCRIPTS = "ansible_collections.hipaa.compliance_agent."
RUNBOOK_SCRIPTS = "rules.runbooks.scripts."


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """How many statements of one script ran; lines count from 1."""

    name: str
    statements: int
    hit: int
    missed_lines: tuple[int, ...]

    @property
    def percent(self) -> float:
        return 100.0 * self.hit / self.statements if self.statements else 100.0


def read_coverage(folder: Path, *prefixes: str) -> list[FileCoverage]:
    """Merge the reports of all workers in *folder* and below it, of the scripts of the collection.

    With *prefixes*, of those whose names begin with one. A script that changed in between counts as
    two.
    """
    lines: dict[tuple[str, str], list[int]] = {}
    hits: dict[tuple[str, str], Counter[int]] = {}
    for file in sorted(folder.rglob("worker-*.json")):
        for item in json.loads(file.read_text(encoding="utf-8")):
            if not item["name"].startswith(prefixes or OUR_SCRIPTS):
                continue
            key = (item["name"], item["sha256"])
            lines[key] = item["lines"]
            hits.setdefault(key, Counter()).update(dict(enumerate(item["hits"])))
    return [_summary(key[0], lines[key], hits[key]) for key in sorted(lines)]


def format_coverage(files: Iterable[FileCoverage]) -> str:
    """Return the report as text: one line a script, then the total."""
    rows = list(files)
    total = sum(row.statements for row in rows)
    hit = sum(row.hit for row in rows)
    text = [
        f"{row.name.removeprefix(OUR_SCRIPTS):50} {row.statements:5} {row.percent:6.1f} %"
        f"  {_ranges(row.missed_lines)}".rstrip()
        for row in rows
    ]
    everything = FileCoverage("total", total, hit, ())
    return "\n".join([*text, f"{'total':50} {total:5} {everything.percent:6.1f} %"])


def _summary(name: str, lines: list[int], hits: Counter[int]) -> FileCoverage:
    missed = sorted({line for index, line in enumerate(lines) if not hits[index]})
    hit = sum(1 for index in range(len(lines)) if hits[index])
    return FileCoverage(name, len(lines), hit, tuple(missed))


def _ranges(lines: tuple[int, ...]) -> str:
    """Return "3, 7-9" for 3, 7, 8, 9."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line == parts[-1][-1] + 1:
            parts[-1][1:] = [line]
        else:
            parts.append([line])
    return ", ".join("-".join(map(str, part)) for part in parts)
