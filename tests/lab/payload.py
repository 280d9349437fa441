# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode what Ansible sends to a Windows host into a typed job.

ansible-core 2.19 to 2.21 start `powershell -EncodedCommand <bootstrap_wrapper.ps1>` and pipe

    {"name": "exec_wrapper", "script": ..., "params": ...}          one line
    NUL NUL NUL NUL                                                 one line
    {"scripts": ..., "actions": ..., "signed_hashlist": ...}        one line
    NUL NUL NUL NUL + further lines                                 for put_file only

The last action is the payload (module, script or a helper of the connection plugin); become and
async wrappers come before it. `raw` and the clean-up after a task pipe nothing: the encoded
command is the script. Source: ansible-core, executor/powershell/module_manifest.py.
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from lab.backend import Execution

_ENCODED_COMMAND = re.compile(r"-EncodedCommand\s+\"?([A-Za-z0-9+/=]+)")
_MODULE_NAME = re.compile(r"^ansible_collections\.(\w+\.\w+)\.plugins\.modules\.(.+)\.ps1$")
_MARK = b"\0\0\0\0"
RAW = "raw"
# What the shell plugin adds over PSRP; over WinRM it strips each line.
_RAW_EXIT = "exit $LASTEXITCODE"
_ASYNC_WRAPPER, _ASYNC_WATCHDOG = "async_wrapper.ps1", "async_watchdog.ps1"


class PayloadInvalidError(Exception):
    """The bytes are not what ansible-core 2.19 to 2.21 sends."""


class JobKind(StrEnum):
    """What a job asks for."""

    MODULE = "module"
    SCRIPT = "script"  # the script action: plain output instead of JSON
    HELPER = "helper"  # mkdtemp, put_file, fetch_file of the connection plugin
    RAW = "raw"  # text without the wrappers


@dataclass(frozen=True, slots=True)
class Detachment:
    """What an async task asks of its host beside the payload."""

    folder: str  # with the variables of the host in it
    jid: str
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class Job:
    """One decoded execution; *sha256* is what a recording is bound to."""

    kind: JobKind
    name: str  # "hipaa.compliance_agent.check_firewall", or the name of the script
    text: str = ""  # PowerShell text of the module, script or raw command
    script: str = ""  # its key in *scripts*, which also names it in stack traces
    args: Mapping[str, Any] = field(default_factory=dict)  # of a module, with Ansible's own
    # Argument that is a text of PowerShell -> its name, to count what runs of it.
    covered_args: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)  # of a helper
    environment: Mapping[str, str] = field(default_factory=dict)
    scripts: Mapping[str, bytes] = field(default_factory=dict)
    powershell_modules: tuple[str, ...] = ()
    csharp_modules: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    become_user: str | None = None
    sha256: str = ""
    extra: bytes = b""  # lines after the manifest: the content of a file in base64
    detachment: Detachment | None = None

    @property
    def public_args(self) -> dict[str, Any]:
        """The arguments of the task, without those that Ansible adds."""
        return {key: value for key, value in self.args.items() if not key.startswith("_ansible_")}

    @property
    def check_mode(self) -> bool:
        return self.args.get("_ansible_check_mode") is True

    @property
    def is_async(self) -> bool:
        return self.detachment is not None


def decode(execution: Execution) -> Job:
    """Return the job in *execution*; raise PayloadInvalidError when it is none."""
    if not execution.stdin:
        return raw_job(command_text(execution.command_line))
    _, manifest_line, extra = _sections(execution.stdin)
    try:
        return _from_manifest(json.loads(manifest_line), extra)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise PayloadInvalidError(f"not a manifest of ansible-core: {error!r}") from error


def raw_job(text: str) -> Job:
    """Return the job of a command without a module; its digest is that of what people wrote."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    if lines and lines[-1] == _RAW_EXIT:
        lines.pop()
    written = sha256("\n".join(lines).encode()).hexdigest()
    return Job(JobKind.RAW, RAW, text=text, sha256=written)


def attached(execution: Execution) -> Execution:
    """Return *execution* without what detaches its payload; raise PayloadInvalidError."""
    head, manifest_line, extra = _sections(execution.stdin)
    try:
        manifest = json.loads(manifest_line)
        manifest["actions"] = [
            action
            for action in manifest["actions"]
            if action["name"] not in {_ASYNC_WRAPPER, _ASYNC_WATCHDOG}
        ]
    except (LookupError, TypeError, ValueError) as error:
        raise PayloadInvalidError(f"not a manifest of ansible-core: {error!r}") from error
    lines = [head, _MARK, json.dumps(manifest).encode(), *([_MARK, extra] if extra else [])]
    return replace(execution, stdin=b"\n".join(lines))


def command_text(command_line: str) -> str:
    """Return the text behind -EncodedCommand, or *command_line* when there is none."""
    match = _ENCODED_COMMAND.search(command_line)
    if match is None:
        return command_line
    try:
        return b64decode(match[1], validate=True).decode("utf-16-le")
    except ValueError as error:
        raise PayloadInvalidError(f"-EncodedCommand is not base64 of UTF-16: {error}") from error


def digest(scripts: Mapping[str, bytes], names: tuple[str, ...]) -> str:
    """Return the SHA-256 over the named scripts that come from a collection.

    Ansible's own utils are left out: they differ between releases of ansible-core, and a
    recording is about our collectors. Names are sorted, for Ansible sends them in any order.
    """
    total = sha256()
    for name in sorted(set(names)):
        if not name.startswith("Ansible."):
            total.update(f"{name}\0{sha256(scripts[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def _sections(stdin: bytes) -> tuple[bytes, bytes, bytes]:
    """Split at the first two lines of four NULs; a psrp client may send CRLF."""
    sections: list[list[bytes]] = [[]]
    for line in stdin.replace(b"\r\n", b"\n").split(b"\n"):
        if line == _MARK and len(sections) < 3:
            sections.append([])
        else:
            sections[-1].append(line)
    sections += [[]] * (3 - len(sections))
    head, manifest, extra = (b"\n".join(section) for section in sections)
    return head, manifest, extra


def _from_manifest(manifest: dict[str, Any], extra: bytes) -> Job:
    scripts = {name: b64decode(item["script"]) for name, item in manifest["scripts"].items()}
    actions = manifest["actions"]
    payload = actions[-1]
    params = payload["params"]
    names = tuple(action["name"] for action in actions)
    if payload["name"] != "module_wrapper.ps1":
        return Job(
            JobKind.HELPER,
            payload["name"],
            params=params,
            scripts=scripts,
            actions=names,
            extra=extra,
        )
    script = params["Script"]
    powershell_modules = tuple(params.get("PowerShellModules") or ())
    csharp_modules = tuple(params.get("CSharpModules") or ())
    variables = {item["Name"]: item["Value"] for item in params.get("Variables") or ()}
    return Job(
        JobKind.MODULE if params.get("ForModule") else JobKind.SCRIPT,
        module_name(script),
        text=scripts[script].decode("utf-8-sig"),
        script=script,
        args=variables.get("complex_args", {}),
        environment=params.get("Environment") or {},
        scripts=scripts,
        powershell_modules=powershell_modules,
        csharp_modules=csharp_modules,
        actions=names,
        become_user=_become_user(actions),
        sha256=digest(scripts, (script, *powershell_modules, *csharp_modules)),
        detachment=_detachment(actions),
    )


def module_name(script: str) -> str:
    """Return the full name of the module in the script that Ansible calls *script*."""
    match = _MODULE_NAME.match(script)
    return f"{match[1]}.{match[2]}" if match else script.removesuffix(".ps1")


def _become_user(actions: list[dict[str, Any]]) -> str | None:
    for action in actions:
        if action["name"] == "become_wrapper.ps1":
            return str(action["params"]["BecomeUser"])
    return None


def _detachment(actions: list[dict[str, Any]]) -> Detachment | None:
    asked = {action["name"]: action["params"] for action in actions}
    if _ASYNC_WRAPPER not in asked:
        return None
    wrapper, watchdog = asked[_ASYNC_WRAPPER], asked[_ASYNC_WATCHDOG]
    return Detachment(wrapper["AsyncDir"], wrapper["AsyncJid"], int(watchdog["Timeout"]))
