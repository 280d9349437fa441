# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what a PowerShell file does that Windows PowerShell 5.1 cannot do, or that we forbid.

    python -m tools.pscheck FILE...        (PYTHONPATH=collections:tests)

Every command and parameter must exist on Windows Server 2016, 2019, 2022 and 2025, or be one of the
functions of this file and of the module_utils that it requires, directly or through others. A
script of a runbook has no such line: the runner gives it strict mode and what the runner requires.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import powershell_rules as rules
from .powershell_source import Source, Use, read_source
from .windows_catalog import COMMON_PARAMETERS, Catalog, read_catalog

ALIASES = frozenset(
    "? % cat cd cls copy curl del diff dir echo erase fc fl foreach ft gc gci gcm gi gm gp gsv "
    "gwmi h history icm iex ii ipmo iwr kill ls man md measure mount move mv ni oh ps pwd r rd ren "
    "rm rmdir rni rp rvpa sajb sal saps sasv sc select set sl sleep sls sort sp spsv start sv tee "
    "type where wget write".split()
)
OWN_FUNCTION = re.compile(r"[A-Za-z]+-Hipaa\w+")
# Loads what it requires for every script of a runbook.
RUNNER = "_RunbookScript"
MAX_JOIN_PATH_PARTS = 2  # Join-Path of PowerShell 7 takes more


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One rule broken in one line; ``str`` is what a developer reads."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def check_files(paths: Sequence[Path], catalog: Catalog) -> list[Finding]:
    """Return what is wrong in the files at *paths*; they may require each other."""
    sources = [read_source(path) for path in paths]
    by_stem = {source.path.stem: source for source in sources}
    found = [
        Finding(source.path, line, text)
        for source in sources
        for line, text in _problems(source, _visible(source, by_stem), catalog)
    ]
    return sorted([*found, *_twice(sources)])


def _twice(sources: Sequence[Source]) -> Iterator[Finding]:
    """Yield functions that two files export: which one runs would be a matter of load order."""
    homes: dict[str, Source] = {}
    for source in sources:
        for name in sorted(source.exports):
            first = homes.setdefault(name, source)
            if first is not source:
                yield Finding(source.path, 1, f"{name} is exported by {first.path.name} as well")


def _visible(source: Source, by_stem: Mapping[str, Source]) -> dict[str, frozenset[str]]:
    """Return the functions that *source* may call, with their parameters."""
    functions = dict(source.functions)
    giver = by_stem.get(RUNNER) if _is_runbook_script(source) else None
    pending, seen = set(source.requires | (giver.requires if giver else frozenset())), set[str]()
    while pending:
        stem = pending.pop()
        seen.add(stem)
        if required := by_stem.get(stem):
            functions |= {
                name: parameters
                for name, parameters in required.functions.items()
                if name in required.exports
            }
            pending |= required.requires - seen
    return functions


def _problems(
    source: Source, functions: Mapping[str, frozenset[str]], catalog: Catalog
) -> Iterator[tuple[int, str]]:
    yield from ((line, "not understood; write it more simply") for line in source.errors)
    is_runbook = _is_runbook_script(source)
    if not is_runbook and "Set-StrictMode -Version 3.0" not in source.text:
        yield 1, "no Set-StrictMode -Version 3.0: a misspelt name would be $null"
    yield from _language(source)
    yield from _words(source, rules.FORBIDDEN_WORDS)
    if is_runbook:
        yield from _words(source, rules.NEVER_AUTOMATIC)
    yield from _names(source, functions)
    may_wait = is_runbook or source.path.stem in rules.MAY_WAIT
    for use in source.uses:
        problem = None if may_wait and use.command == "Start-Sleep" else _forbidden(use)
        if problem is not None:
            yield use.line, problem
        elif use.command.lower() in functions:
            yield from _own_call(use, functions[use.command.lower()])
        else:
            yield from _windows_call(use, source, catalog)


def _language(source: Source) -> Iterator[tuple[int, str]]:
    for mention in source.syntax:
        if reason := rules.SEVEN_ONLY_SYNTAX.get(mention.text.lower()):
            yield mention.line, reason
    for mention in source.variables:
        if mention.text.lower() in rules.SEVEN_ONLY_VARIABLES:
            yield mention.line, f"{mention.text} is PowerShell 7; our hosts are Windows"
    for mention in source.members:
        if reason := rules.SEVEN_ONLY_MEMBERS.get(mention.text.lower()):
            kind, _, member = mention.text.partition("::")
            yield mention.line, f"[{kind}]::{member} needs {reason}"
    for mention in source.assigned:
        if mention.text.lower() in rules.RESERVED_VARIABLES:
            yield mention.line, f"{mention.text} belongs to PowerShell; choose another name"


def _names(source: Source, functions: Mapping[str, frozenset[str]]) -> Iterator[tuple[int, str]]:
    """Check functions of ours that are called by their name in a text."""
    for mention in source.texts:
        name = mention.text.strip("'\"")
        if OWN_FUNCTION.fullmatch(name) and name.lower() not in functions:
            yield mention.line, f"'{name}' is no function that this file may call"


def _is_runbook_script(source: Source) -> bool:
    return source.path.parents[2].name == "runbooks"


def _words(source: Source, words: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.text.lower().splitlines(), start=1):
        for word, reason in words.items():
            if word in line:
                yield number, f"{word}: {reason}"


def _forbidden(use: Use) -> str | None:
    name = use.command.lower().removesuffix(".exe")
    if reason := rules.FORBIDDEN_COMMANDS.get(name):
        return f"{use.command}: {reason}"
    if name in ALIASES:
        return f"{use.command} is an alias; write the command"
    return _seven_only(name, use)


def _seven_only(name: str, use: Use) -> str | None:
    if name in rules.SEVEN_ONLY_COMMANDS:
        return f"{use.command} is PowerShell 7"
    if name == "join-path" and len(use.arguments) > MAX_JOIN_PATH_PARTS:
        return "Join-Path with three parts is PowerShell 7; nest two calls"
    for parameter in use.parameters:
        if parameter.lower() in rules.SEVEN_ONLY_PARAMETERS.get(name, ()):
            return f"{use.command} -{parameter} is PowerShell 7"
    for argument in use.arguments:
        if reason := rules.SEVEN_ONLY_VALUES.get(argument.strip("'\"").lower()):
            return f"{argument}: {reason}"
    return None


def _own_call(use: Use, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    for parameter in use.parameters:
        if parameter.lower() not in known | COMMON_PARAMETERS:
            yield use.line, f"{use.command} has no parameter -{parameter}"


def _windows_call(use: Use, source: Source, catalog: Catalog) -> Iterator[tuple[int, str]]:
    name = use.command.lower()
    if name.removesuffix(".exe") in catalog.native:
        return
    for splat in use.unknown_splats:
        yield use.line, f"{use.command} {splat}: not a literal hashtable of this function"
    missing = catalog.missing_on(name)
    if missing and not _is_guarded(name, source):
        yield use.line, f"{use.command} is not in the catalogue of Windows {', '.join(missing)}"
    elif not missing:
        for parameter in use.parameters:
            if lacking := catalog.missing_on(name, parameter):
                where = ", ".join(lacking)
                yield use.line, f"{use.command} -{parameter} is not on Windows Server {where}"


def _is_guarded(name: str, source: Source) -> bool:
    """Return whether *name* is listed as optional, and the file asks whether it exists."""
    asked = any(
        use.command.lower() == "get-command"
        and any(name == argument.strip("'\"").lower() for argument in use.arguments)
        for use in source.uses
    )
    return asked and name in rules.GUARDED_COMMANDS


def main() -> int:
    """Print every finding of the files named; 1 if there is one."""
    findings = check_files([Path(name) for name in sys.argv[1:]], read_catalog())
    for finding in findings:
        print(finding)
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
