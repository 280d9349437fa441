# SPDX-License-Identifier: GPL-3.0-or-later
"""Runspace pools over WSMan ([MS-PSRP]); psrpcore keeps the protocol's state.

A pipeline's script becomes the same Execution that a command shell would get, so that a back end
need not know which connection Ansible used.
"""

import asyncio
import base64
import struct
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError

import psrpcore
from psrpcore.types import HostMethodIdentifier, NETException, PSInvocationState

from lab.backend import Completed, Execution
from lab.command import Runner, complete
from lab.quotas import Quotas
from lab.streams import command_reply, done_xml, stream_bytes, stream_xml, wait_for
from lab.wsman import (
    PLUGIN_FAILED,
    SHELL,
    SHELL_NS,
    Fault,
    Message,
    aborted,
    command_not_found,
)

POWERSHELL_URI = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"

# What psrpcore lets through of the parsers beneath it when a fragment is malformed.
_FOREIGN = (AttributeError, ParseError, struct.error)

_CREATION_XML = "{http://schemas.microsoft.com/powershell}creationXml"
_TERMINATE = f"{SHELL}/signal/terminate"
# As base64 it fits the 150 KB envelope of every client.
_PAYLOAD_BYTES = 96 * 1024


@dataclass(slots=True)
class Outbox:
    """Payloads that wait for a Receive; *ready* is set while there are any, or at the end."""

    payloads: deque[bytes] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    is_gone: bool = False

    def put(self, payload: bytes) -> None:
        """Queue one payload and wake the Receive that waits for it."""
        self.payloads.append(payload)
        self.ready.set()

    def take(self, room: int) -> list[bytes]:
        """Return the payloads that fit *room* bytes, at least one."""
        taken = [self.payloads.popleft()]
        room -= len(taken[0])
        while self.payloads and len(self.payloads[0]) <= room:
            taken.append(self.payloads.popleft())
            room -= len(taken[-1])
        return taken

    def discard(self) -> None:
        """Give up: a Receive that waits is aborted."""
        self.is_gone = True
        self.ready.set()


@dataclass(slots=True)
class Pipeline:
    """One pipeline of a pool: its protocol state, its input, its task."""

    state: psrpcore.ServerPipeline
    outbox: Outbox = field(default_factory=Outbox)
    script: str = ""
    stdin: list[str] = field(default_factory=list)
    exit_code: int = 0
    task: asyncio.Task[None] | None = None

    @property
    def has_ended(self) -> bool:
        """True once it was completed or stopped."""
        return self.state.state in (PSInvocationState.Completed, PSInvocationState.Stopped)

    def execution(self) -> Execution:
        """Return what a command shell would have been sent for the same script."""
        encoded = base64.b64encode(self.script.encode("utf-16-le")).decode()
        line = f"powershell -NoProfile -NonInteractive -EncodedCommand {encoded}"
        return Execution(line, "\n".join(self.stdin).encode())

    def finish(self, completed: Completed) -> None:
        """Write the result as pipeline output, error records and exit code."""
        self.exit_code = completed.exit_code
        if completed.exit_code:
            self.state.host_call(HostMethodIdentifier.SetShouldExit, [completed.exit_code])
        for line in _lines(completed.stdout):
            self.state.write_output(line)
        if completed.stderr:
            text = completed.stderr.decode("utf-8", "replace")
            self.state.write_error(NETException(Message=text))
        self.state.complete()


class RunspacePool:
    """One runspace pool of one user."""

    resource_uri = POWERSHELL_URI

    def __init__(self, shell_id: str, user: str, runner: Runner, quotas: Quotas) -> None:
        self.shell_id = shell_id
        self.user = user
        self._runner = runner
        self._quotas = quotas
        self._pool = psrpcore.ServerRunspacePool()
        self._outbox = Outbox()
        self._pipelines: dict[str, Pipeline] = {}
        self._runspaces = asyncio.Semaphore(1)

    @property
    def running(self) -> int:
        """Pipelines that have not ended."""
        return sum(not pipeline.has_ended for pipeline in self._pipelines.values())

    @property
    def operations(self) -> int:
        """Pipelines not yet signalled: unlike a command shell's, a Signal ends their count."""
        return len(self._pipelines)

    def open(self, message: Message) -> None:
        """Take in the negotiation that Create carries."""
        self._feed(stream_bytes(message.body.findtext(f".//{_CREATION_XML}")))
        self._runspaces = asyncio.Semaphore(max(self._pool.max_runspaces, 1))

    def command(self, message: Message) -> str:
        """Create a pipeline from the first fragments of its message."""
        line = message.element("CommandLine")
        command_id = (line.get("CommandId") or str(uuid.uuid4())).upper()
        try:
            state = psrpcore.ServerPipeline(self._pool, uuid.UUID(command_id))
        except ValueError:
            raise command_not_found(command_id) from None
        self._pipelines[command_id] = Pipeline(state)
        self._feed(stream_bytes(line.findtext(f"{SHELL_NS}Arguments")))
        return command_reply(command_id)

    def send(self, message: Message) -> str:
        """Take in further fragments: more of the pipeline, its input, answers of the pool."""
        self._feed(stream_bytes(message.element("Stream").text))
        return "<rsp:SendResponse/>"

    async def receive(self, message: Message) -> str:
        """Wait for output of the pipeline that is named, or of the pool itself."""
        command_id = message.element("DesiredStream").get("CommandId", "").upper()
        pipeline = self._pipeline(command_id) if command_id else None
        outbox = pipeline.outbox if pipeline else self._outbox
        # An empty answer at once would make a client ask in a busy loop.
        await wait_for(outbox.ready, message.timeout_seconds)
        if not outbox.payloads:
            raise aborted()
        room = self._quotas.stream_bytes(message.max_envelope_bytes)
        parts = [stream_xml("stdout", data, command_id or None) for data in outbox.take(room)]
        if not outbox.payloads and not outbox.is_gone:
            outbox.ready.clear()
        if pipeline and pipeline.has_ended and not outbox.payloads:
            parts.append(done_xml(command_id, pipeline.exit_code))
        return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"

    def signal(self, message: Message) -> str:
        """Stop a pipeline; a stopped one can still be asked for its last state."""
        signal = message.element("Signal")
        pipeline = self._pipeline(signal.get("CommandId", "").upper())
        code = signal.findtext(f"{SHELL_NS}Code", "").lower()
        is_running = pipeline.state.state == PSInvocationState.Running
        if is_running and code != _TERMINATE:
            self._stop(pipeline)
        else:
            self._remove(pipeline)
        return "<rsp:SignalResponse/>"

    def close(self) -> None:
        """Stop all pipelines; a Receive that waits for the pool is aborted."""
        for pipeline in list(self._pipelines.values()):
            self._remove(pipeline)
        self._outbox.discard()

    def _feed(self, data: bytes) -> None:
        try:
            self._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, None))
            while (event := self._pool.next_event()) is not None:
                self._take(event)
        except (psrpcore.PSRPCoreError, ValueError, *_FOREIGN) as error:
            raise Fault(PLUGIN_FAILED, "w:InternalError", f"Not PSRP: {error}") from error
        self._flush()

    def _take(self, event: psrpcore.PSRPEvent[Any, Any]) -> None:
        if isinstance(event, psrpcore.GetAvailableRunspacesEvent):
            self._pool.runspace_availability_response(event.ci, self._pool.max_runspaces)
        if event.pipeline_id is None:
            return
        pipeline = self._pipeline(str(event.pipeline_id).upper())
        if isinstance(event, psrpcore.CreatePipelineEvent):
            pipeline.script = "\n".join(item.command_text for item in event.pipeline.commands)
            pipeline.state.start()
            if event.pipeline.no_input:
                self._start(pipeline)
        elif isinstance(event, psrpcore.PipelineInputEvent):
            pipeline.stdin.append(str(event.data))
        elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
            self._start(pipeline)

    def _start(self, pipeline: Pipeline) -> None:
        if pipeline.task is None:
            pipeline.task = asyncio.get_running_loop().create_task(self._run(pipeline))

    async def _run(self, pipeline: Pipeline) -> None:
        async with self._runspaces:
            completed = await complete(self._runner, pipeline.execution())
        pipeline.finish(completed)
        self._flush()

    def _flush(self) -> None:
        while (payload := self._pool.data_to_send(_PAYLOAD_BYTES)) is not None:
            pipeline = self._pipelines.get(str(payload.pipeline_id).upper())
            if pipeline is not None:
                pipeline.outbox.put(payload.data)
            elif payload.pipeline_id is None:
                self._outbox.put(payload.data)

    def _stop(self, pipeline: Pipeline) -> None:
        if pipeline.task is not None:
            pipeline.task.cancel()
        pipeline.state.stop()
        self._flush()

    def _remove(self, pipeline: Pipeline) -> None:
        if pipeline.task is not None:
            pipeline.task.cancel()
        pipeline.outbox.discard()
        self._pool.pipeline_table.pop(pipeline.state.pipeline_id, None)
        del self._pipelines[str(pipeline.state.pipeline_id).upper()]

    def _pipeline(self, command_id: str) -> Pipeline:
        try:
            return self._pipelines[command_id]
        except KeyError:
            raise command_not_found(command_id) from None


def _lines(stdout: bytes) -> list[str]:
    # Not splitlines(): it also breaks at U+2028 and others, which JSON may hold inside a string.
    *lines, rest = stdout.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    return [*lines, rest] if rest else lines
