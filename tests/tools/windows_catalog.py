# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands and parameters exist on which Windows Server."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

VERSIONS = ("2016", "2019", "2022", "2025")
CATALOG = Path(__file__).parents[1] / "static" / "catalog" / "commands.json"
COMMON_PARAMETERS = frozenset(
    "verbose debug erroraction warningaction informationaction errorvariable warningvariable "
    "informationvariable outvariable outbuffer pipelinevariable whatif confirm".split()
)


class CommandEntry(BaseModel):
    """One command as the file keeps it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    module: str
    versions: tuple[str, ...]
    parameters: tuple[str, ...]  # on each of *versions*
    partial: Mapping[str, tuple[str, ...]] = {}  # parameter: the versions that have it


class CatalogFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[str, ...]
    commands: Mapping[str, CommandEntry]
    native: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The file, ready to be asked."""

    commands: Mapping[str, CommandEntry]  # by lower-case name
    native: frozenset[str]

    def missing_on(self, command: str, parameter: str | None = None) -> tuple[str, ...]:
        """Return the versions without *command*, or without its *parameter*."""
        entry = self.commands.get(command.lower())
        if entry is None:
            return VERSIONS
        having = entry.versions
        if parameter is not None and parameter.lower() not in COMMON_PARAMETERS:
            everywhere = {name.lower() for name in entry.parameters}
            partial = {name.lower(): versions for name, versions in entry.partial.items()}
            if parameter.lower() not in everywhere:
                having = partial.get(parameter.lower(), ())
        return tuple(version for version in VERSIONS if version not in having)


def read_catalog(path: Path = CATALOG) -> Catalog:
    """Read the catalogue at *path*."""
    file = CatalogFile.model_validate_json(path.read_bytes())
    commands = {name.lower(): entry for name, entry in file.commands.items()}
    return Catalog(commands, frozenset(file.native))
