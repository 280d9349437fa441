# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management service of one simulated host: its shells, and which request goes where."""

import html
import uuid
from collections.abc import Awaitable, Callable

from lab.command import Runner
from lab.faults import FaultKind, HostFaults
from lab.http import ConnectionDropped
from lab.psrp import POWERSHELL_URI, RunspacePool
from lab.quotas import Quotas, operations_exceeded
from lab.shell import COMMAND_SHELL_URI, CommandShell, RemoteShell
from lab.stats import Stats
from lab.wsman import (
    CONFIG_URI,
    INVALID_ACTION,
    INVALID_RESOURCE_URI,
    SHELL,
    SHELL_NS,
    TRANSFER,
    Fault,
    Message,
    fault_reply,
    parse,
    reply,
    shell_not_found,
)

_OK, _FAULTED = 200, 500

Operation = Callable[[Message, str], Awaitable[str]]


class WsmanService:
    """Answers the envelopes that authenticated users send to one host."""

    def __init__(self, host: str, runner: Runner, faults: HostFaults, quotas: Quotas) -> None:
        self._host = host
        self.runner = runner
        self._faults = faults
        self._quotas = quotas
        self._shells: dict[str, RemoteShell] = {}
        self._operations: dict[str, Operation] = {
            f"{TRANSFER}/Create": self._create,
            f"{TRANSFER}/Get": self._get,
            f"{TRANSFER}/Delete": self._delete,
            f"{SHELL}/Command": self._command,
            f"{SHELL}/Send": self._send,
            f"{SHELL}/Receive": self._receive,
            f"{SHELL}/Signal": self._signal,
        }

    async def handle(self, envelope: bytes, user: str, stats: Stats) -> tuple[int, bytes]:
        """Return HTTP status and envelope of the answer to *user*; faults are answers too."""
        message_id = ""
        try:
            self._quotas.admit_envelope(len(envelope))
            message = parse(envelope)
            message_id = message.message_id
            stats.operations[message.operation] += 1
            operation = self._operations.get(message.action, _unknown_action)
            body = await operation(message, user)
        except Fault as fault:
            return _FAULTED, fault_reply(fault, message_id, self._host)
        return _OK, reply(f"{message.action}Response", message_id, body)

    def close(self) -> None:
        """End all shells and what runs in them."""
        for shell in self._shells.values():
            shell.close()
        self._shells.clear()

    async def _create(self, message: Message, user: str) -> str:
        self._quotas.admit_shell(sum(shell.user == user for shell in self._shells.values()))
        wished = message.body.find(f".//{SHELL_NS}Shell")
        shell_id = (wished.get("ShellId") if wished is not None else None) or str(uuid.uuid4())
        shell_id = shell_id.upper()
        shell: RemoteShell
        if message.resource_uri == COMMAND_SHELL_URI:
            shell = CommandShell(shell_id, user, self.runner, self._quotas)
        elif message.resource_uri == POWERSHELL_URI:
            shell = pool = RunspacePool(shell_id, user, self.runner, self._quotas)
            pool.open(message)
        else:
            raise _unknown_resource(message.resource_uri)
        self._shells[shell_id] = shell
        return (
            "<x:ResourceCreated>"
            "<a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>"
            f"<a:ReferenceParameters><w:ResourceURI>{message.resource_uri}</w:ResourceURI>"
            f'<w:SelectorSet><w:Selector Name="ShellId">{html.escape(shell_id)}</w:Selector>'
            "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
        ) + _shell_xml(shell)

    async def _get(self, message: Message, user: str) -> str:
        if message.resource_uri == CONFIG_URI:
            size = self._quotas.max_envelope_kib
            return (
                f'<cfg:Config xmlns:cfg="{CONFIG_URI}">'
                f"<cfg:MaxEnvelopeSizekb>{size}</cfg:MaxEnvelopeSizekb></cfg:Config>"
            )
        # Clients ask for a shell of either kind under the URI of both.
        if message.resource_uri == SHELL:
            return _shell_xml(self._shell_of(message, user))
        return _shell_xml(self._shell(message, user))

    async def _delete(self, message: Message, user: str) -> str:
        shell = self._shell(message, user)
        shell.close()
        del self._shells[shell.shell_id]
        return ""

    async def _command(self, message: Message, user: str) -> str:
        shell = self._shell(message, user)
        if self._faults.take(FaultKind.QUOTA):
            raise operations_exceeded(self._quotas.max_operations_per_user)
        mine = [other for other in self._shells.values() if other.user == user]
        self._quotas.admit_command(
            running_in_shell=shell.running,
            operations_of_user=sum(other.operations for other in mine),
        )
        return shell.command(message)

    async def _send(self, message: Message, user: str) -> str:
        shell = self._shell(message, user)
        if self._faults.take(FaultKind.RESET_MID_SEND):
            raise ConnectionDropped
        return shell.send(message)

    async def _receive(self, message: Message, user: str) -> str:
        return await self._shell(message, user).receive(message)

    async def _signal(self, message: Message, user: str) -> str:
        return self._shell(message, user).signal(message)

    def _shell(self, message: Message, user: str) -> RemoteShell:
        if message.resource_uri not in (COMMAND_SHELL_URI, POWERSHELL_URI):
            raise _unknown_resource(message.resource_uri)
        shell = self._shell_of(message, user)
        if shell.resource_uri != message.resource_uri:
            raise shell_not_found(shell.shell_id)
        return shell

    def _shell_of(self, message: Message, user: str) -> RemoteShell:
        shell_id = message.selectors.get("ShellId", "")
        shell = self._shells.get(shell_id.upper())
        if shell is None or shell.user != user:
            raise shell_not_found(shell_id)
        return shell


def _shell_xml(shell: RemoteShell) -> str:
    is_pool = shell.resource_uri == POWERSHELL_URI
    return (
        f"<rsp:Shell><rsp:ShellId>{html.escape(shell.shell_id)}</rsp:ShellId>"
        f"<rsp:ResourceUri>{shell.resource_uri}</rsp:ResourceUri>"
        f"<rsp:Owner>{html.escape(shell.user)}</rsp:Owner>"
        f"<rsp:InputStreams>{'stdin pr' if is_pool else 'stdin'}</rsp:InputStreams>"
        f"<rsp:OutputStreams>{'stdout' if is_pool else 'stdout stderr'}</rsp:OutputStreams>"
        "<rsp:State>Connected</rsp:State></rsp:Shell>"
    )


async def _unknown_action(message: Message, _user: str) -> str:
    reason = f"The action {message.action} is not supported by the service."
    raise Fault(INVALID_ACTION, "a:ActionNotSupported", reason)


def _unknown_resource(uri: str) -> Fault:
    reason = f"The resource URI {uri} is not one of this service."
    return Fault(INVALID_RESOURCE_URI, "a:DestinationUnreachable", reason)
