# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the literal ``$spec = @{...}`` of a PowerShell module of Ansible, without PowerShell.

As a program it stands in for ``pwsh`` when ansible-test validates modules: that calls
``pwsh ps_argspec.ps1 '{"module_path": ...}'`` and wants the argument spec as JSON. It works because
our specs are pure literals; one that computes anything is refused.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r]+|`\r?\n|\#[^\n]*|<\#.*?\#>)
  | (?P<line>[\n;])
  | (?P<open>@\{|@\(|\()
  | (?P<close>[})])
  | (?P<equals>=)
  | (?P<comma>,)
  | (?P<text>'(?:[^']|'')*'|"(?:[^"$`]|"")*")
  | (?P<constant>\$(?:true|false|null)\b)
  | (?P<number>-?\d+)
  | (?P<word>[A-Za-z_][\w-]*)
    """,
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
CONSTANTS = {"$true": True, "$false": False, "$null": None}
SPEC_START = re.compile(r"^\$spec\s*=\s*@\{", re.MULTILINE)


class SpecNotLiteral(ValueError):
    """The spec holds something that only PowerShell could compute."""


def read_spec(path: Path) -> dict[str, Any]:
    """Return the argument spec of the module at *path*; raise SpecNotLiteral if it computes."""
    text = path.read_text(encoding="utf-8")
    start = SPEC_START.search(text)
    if start is None:
        raise SpecNotLiteral(f"{path}: no `$spec = @{{` at the start of a line")
    return _Reader(text, start.end()).table()


class _Reader:
    """A recursive descent over the tokens; one look ahead."""

    def __init__(self, text: str, position: int) -> None:
        self.tokens = _tokens(text, position)
        self.kind, self.text = next(self.tokens)

    def take(self) -> tuple[str, str]:
        taken = self.kind, self.text
        self.kind, self.text = next(self.tokens)
        return taken

    def skip(self, *kinds: str) -> None:
        while self.kind in kinds:
            self.take()

    def table(self) -> dict[str, Any]:
        """Read up to the brace that closes the table; nothing needs to follow it."""
        found: dict[str, Any] = {}
        self.skip("line")
        while self.kind != "close":
            kind, key = self.take()
            self.skip("line")
            if self.take()[0] != "equals":
                raise SpecNotLiteral(f"no = after {key}")
            self.skip("line")
            found[key[1:-1] if kind == "text" else key] = self.values()
            self.skip("line")
        return found

    def values(self) -> object:
        """Read a value, or a bare ``a, b`` list of them."""
        found = [self.value()]
        while self.kind == "comma":
            self.take()
            self.skip("line")
            found.append(self.value())
        return found[0] if len(found) == 1 else found

    def value(self) -> object:
        if self.kind == "open" and self.text == "@{":
            self.take()
            table = self.table()
            self.take()
            return table
        kind, text = self.take()
        if kind == "open":
            return self.array()
        if kind == "text":
            return text[1:-1].replace(text[0] * 2, text[0])
        if kind == "constant":
            return CONSTANTS[text.lower()]
        if kind == "number":
            return int(text)
        raise SpecNotLiteral(f"{text!r} is no literal")

    def array(self) -> list[object]:
        found: list[object] = []
        self.skip("line")
        while self.kind != "close":
            nested = self.kind == "comma"  # , @(...) keeps a list of one list
            self.skip("comma", "line")
            value = self.values()
            found.extend(value if isinstance(value, list) and not nested else [value])
            self.skip("line")
        self.take()
        return found


def _tokens(text: str, position: int) -> Iterator[tuple[str, str]]:
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            break  # beyond the spec; inside it, "end" is no literal either
        position = match.end()
        if match.lastgroup != "blank":
            yield match.lastgroup, match.group()
    yield "end", text[position : position + 20]
    yield "end", ""


if __name__ == "__main__":
    print(json.dumps(read_spec(Path(json.loads(sys.argv[2])["module_path"]))))
