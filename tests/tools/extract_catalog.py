# SPDX-License-Identifier: GPL-3.0-or-later
"""Extract from catalogues of Windows the commands that our PowerShell uses, for the static checks.

    python -m tools.extract_catalog CATALOG_DIR        (PYTHONPATH=collections:tests)

CATALOG_DIR holds ``docs-server<version>.json.gz`` (command: parameters, from the SYNTAX sections of
Microsoft's documents) and ``pssa-server<version>.json.gz`` (compatibility profiles of
PSScriptAnalyzer). Neither is complete, so a command exists where either has it. The modules of
PowerShell 5.1 itself have not changed since Server 2019, so its profile speaks for later versions.
"""

import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .powershell_source import read_source
from .windows_catalog import CATALOG, VERSIONS, CatalogFile, CommandEntry

ROOT = Path(__file__).parents[2]
PROFILES = {"2016": "2016", "2019": "2019", "2022": "2019", "2025": "2019"}
SOURCES = (
    "MicrosoftDocs/windows-powershell-docs, commit f113d6b, CC-BY-4.0",
    "MicrosoftDocs/PowerShell-Docs, reference/5.1, CC-BY-4.0",
    "PowerShell/PSScriptAnalyzer, compatibility profiles, MIT",
)
# The providers of the file system and the registry add these; no catalogue lists them.
PROVIDER_PARAMETERS = {
    "Add-Content": ("Encoding", "Stream"),
    "Get-ChildItem": ("Attributes", "Directory", "File", "Hidden", "ReadOnly", "System"),
    "Get-Content": ("Delimiter", "Encoding", "Raw", "Stream", "Tail", "Wait"),
    "New-ItemProperty": ("PropertyType",),
    "Set-Content": ("Encoding", "Stream"),
}

# By command: its module and its parameters.
Commands = dict[str, tuple[str, set[str]]]


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in the gzipped file at *path*."""
    with gzip.open(path, "rt", encoding="utf-8-sig") as file:
        content: dict[str, Any] = json.load(file)
    return content


def from_docs(document: dict[str, Any]) -> Commands:
    """Read a catalogue made from documents."""
    return {
        command: (module, set(parameters))
        for module, commands in document.items()
        for command, parameters in commands.items()
    }


def from_profile(document: dict[str, Any]) -> tuple[Commands, set[str]]:
    """Read a compatibility profile: its commands, and its native programs without ``.exe``."""
    body = document.get("Runtime") or document["Compatibility"]
    commands: Commands = {}
    for module, versions in body["Modules"].items():
        for content in versions.values():
            for kind in ("Cmdlets", "Functions"):
                for command, detail in (content.get(kind) or {}).items():
                    names = {*(detail.get("Parameters") or ())}
                    commands[command] = (module, names | {*(detail.get("ParameterAliases") or ())})
    programs = {name.lower().removesuffix(".exe") for name in body.get("NativeCommands") or ()}
    return commands, programs


def used_names() -> set[str]:
    """Return the lower-case names of every command that the collection and its runbooks call."""
    folders = (ROOT / "collections" / "compliance_agent" / "plugins", ROOT / "rules" / "runbooks")
    files = [file for folder in folders for file in folder.rglob("*.ps*1")]
    return {use.command.lower() for path in files for use in read_source(path).uses}


def entry_of(found: dict[str, tuple[str, set[str]]]) -> CommandEntry:
    """Fold *found* (version: module and parameters) into one entry."""
    versions = tuple(version for version in VERSIONS if version in found)
    parameters = [found[version][1] for version in versions]
    everywhere = set.intersection(*parameters)
    partial = {
        name: tuple(version for version in versions if name in found[version][1])
        for name in sorted(set.union(*parameters) - everywhere)
    }
    module = found[versions[-1]][0]
    return CommandEntry(
        module=module, versions=versions, parameters=tuple(sorted(everywhere)), partial=partial
    )


def extract(directory: Path, wanted: Iterable[str]) -> CatalogFile:
    """Return what the catalogues in *directory* say of the commands *wanted*."""
    names = set(wanted)
    found: dict[str, dict[str, tuple[str, set[str]]]] = {}
    native: set[str] = set()
    for version in VERSIONS:
        docs = from_docs(read_json(directory / f"docs-server{version}.json.gz"))
        profile, programs = from_profile(
            read_json(directory / f"pssa-server{PROFILES[version]}.json.gz")
        )
        native |= {name for name in names if name.removesuffix(".exe") in programs}
        for source in (docs, profile):
            # A later Windows may have dropped what an earlier profile lists, unless it is the core.
            trusted = source is docs or PROFILES[version] == version
            for command, (module, parameters) in source.items():
                if command.lower() in names and (trusted or _is_core(module)):
                    merged = found.setdefault(command, {}).setdefault(version, (module, set()))
                    merged[1].update(parameters, PROVIDER_PARAMETERS.get(command, ()))
    return CatalogFile(
        sources=SOURCES,
        commands={command: entry_of(found[command]) for command in sorted(found)},
        native=tuple(sorted(name.removesuffix(".exe") for name in native)),
    )


def _is_core(module: str) -> bool:
    return module.startswith("Microsoft.PowerShell.") or module == "CimCmdlets"


def main() -> None:
    """Rewrite the committed catalogue."""
    file = extract(Path(sys.argv[1]), used_names())
    text = json.dumps(file.model_dump(mode="json"), indent=1, sort_keys=True)
    CATALOG.write_text(text + "\n")
    print(
        f"{CATALOG.relative_to(ROOT)}: {len(file.commands)} commands, {len(file.native)} programs"
    )


if __name__ == "__main__":
    main()
