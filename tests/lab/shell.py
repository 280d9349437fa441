# SPDX-License-Identifier: GPL-3.0-or-later
"""The command shell of WinRM (winrs, [MS-WSMV] 3.1.4.1): what Ansible's winrm connection uses."""

import uuid
from typing import Protocol

from lab.command import Command, Runner
from lab.quotas import Quotas
from lab.streams import command_reply, done_xml, stream_bytes, stream_xml, wait_for
from lab.wsman import (
    INVALID_SOAP_BODY,
    SHELL,
    SHELL_NS,
    Fault,
    Message,
    aborted,
    command_not_found,
)

COMMAND_SHELL_URI = f"{SHELL}/cmd"

_TERMINATE = f"{SHELL}/signal/terminate"


class RemoteShell(Protocol):
    """What the service asks of a shell; each operation returns the XML of the reply's body."""

    resource_uri: str
    shell_id: str
    user: str

    @property
    def running(self) -> int:
        """Commands that have not ended."""

    @property
    def operations(self) -> int:
        """Commands that count towards MaxConcurrentOperationsPerUser."""

    def command(self, message: Message) -> str:
        """Start a command."""

    def send(self, message: Message) -> str:
        """Take in input."""

    async def receive(self, message: Message) -> str:
        """Wait for output and return it."""

    def signal(self, message: Message) -> str:
        """Interrupt or end a command."""

    def close(self) -> None:
        """End all commands."""


class CommandShell:
    """One winrs shell of one user."""

    resource_uri = COMMAND_SHELL_URI

    def __init__(self, shell_id: str, user: str, runner: Runner, quotas: Quotas) -> None:
        self.shell_id = shell_id
        self.user = user
        self._runner = runner
        self._quotas = quotas
        self._commands: dict[str, Command] = {}
        self._operations = 0

    @property
    def running(self) -> int:
        """Commands that have not ended."""
        return sum(not command.ended.is_set() for command in self._commands.values())

    @property
    def operations(self) -> int:
        """Commands ever started: Windows does not count a text shell's Terminate as the end.

        [MS-WSMV] appendix A, note 118 to 3.1.4.12.
        """
        return self._operations

    def command(self, message: Message) -> str:
        """Create a command; it runs at once when it reads the console instead of a pipe."""
        line = message.element("CommandLine")
        command_id = (line.get("CommandId") or str(uuid.uuid4())).upper()
        words = [line.findtext(f"{SHELL_NS}Command", "")]
        words += [argument.text or "" for argument in line.findall(f"{SHELL_NS}Arguments")]
        console = message.options.get("WINRS_CONSOLEMODE_STDIN", "").upper()
        command = Command(command_id, " ".join(words), self._runner, starts_on_receive=not console)
        self._commands[command_id] = command
        self._operations += 1
        if console == "TRUE":
            command.start()
        return command_reply(command_id)

    def send(self, message: Message) -> str:
        """Feed standard input; its end starts the command."""
        stream = message.element("Stream")
        command = self._command(stream.get("CommandId", ""))
        command.feed(stream_bytes(stream.text))
        if stream.get("End", "").lower() in ("true", "1"):
            command.start()
        return "<rsp:SendResponse/>"

    async def receive(self, message: Message) -> str:
        """Wait for the command's end, then hand out as much output as one envelope holds."""
        desired = message.element("DesiredStream")
        command = self._command(desired.get("CommandId", ""))
        if command.starts_on_receive:  # the client did not say if input would come; none did
            command.start()
        await wait_for(command.ended, message.timeout_seconds)
        if command.is_terminated:
            raise aborted()
        names = (desired.text or "stdout stderr").split()
        return self._output(command, names, self._quotas.stream_bytes(message.max_envelope_bytes))

    def signal(self, message: Message) -> str:
        """Interrupt or terminate a command."""
        signal = message.element("Signal")
        command = self._command(signal.get("CommandId", ""))
        if signal.findtext(f"{SHELL_NS}Code", "").lower() == _TERMINATE:
            command.terminate()
            del self._commands[command.command_id]
        else:
            command.interrupt()
        return "<rsp:SignalResponse/>"

    def close(self) -> None:
        """Terminate all commands."""
        for command in self._commands.values():
            command.terminate()
        self._commands.clear()

    def _command(self, command_id: str) -> Command:
        try:
            return self._commands[command_id.upper()]
        except KeyError:
            raise command_not_found(command_id) from None

    def _output(self, command: Command, names: list[str], room: int) -> str:
        parts = []
        for name in names:
            stream = command.streams.get(name)
            if stream is None:
                raise Fault(INVALID_SOAP_BODY, "w:SchemaValidationError", f"No stream {name}.")
            data = bytes(stream[:room])
            del stream[:room]
            room -= len(data)
            parts.append(stream_xml(name, data, command.command_id))
        if any(command.streams.values()):
            return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"
        parts += [
            f'<rsp:Stream Name="{name}" CommandId="{command.command_id}" End="true"/>'
            for name in names
        ]
        parts.append(done_xml(command.command_id, command.exit_code))
        return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"
