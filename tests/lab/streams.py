# SPDX-License-Identifier: GPL-3.0-or-later
"""What command shells and runspace pools share on the wire: streams, states, waiting."""

import asyncio
import base64
import binascii
import html

from lab.wsman import INVALID_SOAP_BODY, SHELL, Fault, timed_out


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Return when *event* is set; raise the time-out fault after *seconds*."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        raise timed_out() from None


def stream_bytes(text: str | None) -> bytes:
    """Return the bytes of a base64 stream element; raise Fault if it is none."""
    try:
        return base64.b64decode(text or "")
    except binascii.Error as error:
        raise Fault(INVALID_SOAP_BODY, "w:SchemaValidationError", f"Not base64: {error}") from error


def stream_xml(name: str, data: bytes, command_id: str | None) -> str:
    """Return one stream element, or nothing for no data."""
    if not data:
        return ""
    owner = f' CommandId="{html.escape(command_id)}"' if command_id else ""
    return f'<rsp:Stream Name="{name}"{owner}>{base64.b64encode(data).decode()}</rsp:Stream>'


def command_reply(command_id: str) -> str:
    """Return the body that answers Command."""
    identifier = html.escape(command_id)
    return f"<rsp:CommandResponse><rsp:CommandId>{identifier}</rsp:CommandId></rsp:CommandResponse>"


def done_xml(command_id: str, exit_code: int) -> str:
    """Return the state element that tells a client to stop asking."""
    return (
        f'<rsp:CommandState CommandId="{html.escape(command_id)}"'
        f' State="{SHELL}/CommandState/Done"><rsp:ExitCode>{exit_code}</rsp:ExitCode>'
        "</rsp:CommandState>"
    )
