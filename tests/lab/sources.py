# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs built from the module files, as Ansible would send them: for recording and for staleness."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from lab.payload import Job, JobKind, digest

COLLECTIONS = Path(__file__).resolve().parents[2] / "collections"
_ADD_TYPE = "Ansible.ModuleUtils.AddType.psm1"
_POWERSHELL_UTIL = re.compile(rb"(?im)^#\s*ansiblerequires\s+-powershell\s+([\w.]+)")
_CSHARP_UTIL = re.compile(rb"(?im)^#\s*ansiblerequires\s+-csharputil\s+([\w.]+)")
_CSHARP_USING = re.compile(rb"(?im)^using\s((?:ansible\.|ansible_collections\.)[\w.]+);\s*$")


@dataclass(slots=True)
class ModuleSource:
    """A module and everything it requires: name in the manifest -> bytes."""

    script: str
    scripts: dict[str, bytes] = field(default_factory=dict)
    powershell_modules: list[str] = field(default_factory=list)
    csharp_modules: list[str] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        return digest(self.scripts, (self.script, *self.powershell_modules, *self.csharp_modules))

    def job(self, args: Mapping[str, Any], become_user: str | None = None) -> Job:
        """Return the job that Ansible would send for a task with *args*."""
        name = module_fqcn(self.script)
        own = {
            "_ansible_check_mode": False,
            "_ansible_module_name": name,
            "_ansible_remote_tmp": "%TEMP%",
        }
        return Job(
            JobKind.MODULE,
            name,
            text=self.scripts[self.script].decode("utf-8-sig"),
            script=self.script,
            args={**args, **own},
            scripts=self.scripts,
            powershell_modules=tuple(self.powershell_modules),
            csharp_modules=tuple(self.csharp_modules),
            actions=("module_wrapper.ps1",),
            become_user=become_user,
            sha256=self.sha256,
        )


def read_module(name: str, collections: Path = COLLECTIONS) -> ModuleSource:
    """Read module *name* ("namespace.collection.module"); raise FileNotFoundError without it."""
    namespace, collection, module = name.split(".", 2)
    package = f"ansible_collections.{namespace}.{collection}.plugins"
    script = f"{package}.modules.{module}.ps1"
    source = ModuleSource(script)
    _read(source, script, package, collections)
    if source.csharp_modules:
        source.powershell_modules.append(_ADD_TYPE)
        source.scripts[_ADD_TYPE] = _of_ansible("powershell", _ADD_TYPE)
    return source


def module_fqcn(script: str) -> str:
    """Return "namespace.collection.module" of a script name in a manifest."""
    _, namespace, collection, _, _, module, _ = script.split(".")
    return f"{namespace}.{collection}.{module}"


def _read(source: ModuleSource, name: str, package: str, collections: Path) -> None:
    stem, _, suffix = name.rpartition(".")
    source.scripts[name] = text = (collections / f"{stem.replace('.', '/')}.{suffix}").read_bytes()
    for match in _CSHARP_UTIL.finditer(text):
        _read_csharp(source, match[1].decode(), package, collections)
    for match in _POWERSHELL_UTIL.finditer(text):
        util = f"{match[1].decode()}.psm1"
        if util.startswith("..module_utils."):
            util = f"{package}{util[1:]}"
        if util in source.scripts:
            continue
        if util.startswith("Ansible."):
            source.scripts[util] = _of_ansible("powershell", util)
        else:
            _read(source, util, package, collections)
        # After what it requires: a util may call another one while it loads.
        source.powershell_modules.append(util)


def _read_csharp(source: ModuleSource, name: str, package: str, collections: Path) -> None:
    if name.startswith("..module_utils."):
        name = f"{package}{name[1:]}"
    util = f"{name}.cs"
    if util in source.scripts:
        return
    if name.startswith("Ansible."):
        text = _of_ansible("csharp", util)
    else:
        text = (collections / f"{name.replace('.', '/')}.cs").read_bytes()
    source.scripts[util] = text
    source.csharp_modules.append(util)
    for match in _CSHARP_USING.finditer(text):
        _read_csharp(source, match[1].decode(), package, collections)


def _of_ansible(kind: str, name: str) -> bytes:
    return (files("ansible.module_utils") / kind / name).read_bytes()
