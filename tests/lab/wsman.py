# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management envelopes as Windows writes them: requests in, replies and faults out.

Names and codes: [MS-WSMV], DMTF DSP0226 and wsmerror.h of the Windows SDK.
"""

import html
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
CONFIG_URI = "http://schemas.microsoft.com/wbem/wsman/1/config"

SOAP_NS = "{http://www.w3.org/2003/05/soap-envelope}"
ADDRESSING_NS = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
WSMAN_NS = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
SHELL_NS = f"{{{SHELL}}}"

ABORTED = 995  # ERROR_OPERATION_ABORTED
INVALID_ACTION = 2150858753  # ERROR_WSMAN_INVALID_ACTIONURI
PLUGIN_FAILED = 2150858883  # ERROR_WSMAN_PLUGIN_FAILED
INVALID_SOAP_BODY = 2150858791  # ERROR_WSMAN_INVALID_SOAP_BODY
OPERATION_TIMED_OUT = 2150858793  # ERROR_WSMAN_OPERATION_TIMEDOUT
INVALID_RESOURCE_URI = 2150858811  # ERROR_WSMAN_INVALID_RESOURCE_URI
INVALID_XML = 2150858819  # ERROR_WSMAN_INVALID_XML
UNKNOWN_SHELL = 2150858843  # ERROR_WSMAN_UNEXPECTED_SELECTORS

_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
_DEFAULT_TIMEOUT_SECONDS = 60.0  # MaxTimeoutms of a Windows host, default 60000
_DEFAULT_ENVELOPE_BYTES = 150 * 1024  # what WinRM clients announce, 153600
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?\Z")

_ENVELOPE = (
    '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    f' xmlns:x="{TRANSFER}" xmlns:rsp="{SHELL}"'
    ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
    ' xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">'
    "<s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{id}</a:MessageID>"
    "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
    "<a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
_FAULT = (
    "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{subcode}</s:Value>"
    '</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>'
    '<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"'
    ' Code="{code}" Machine="{machine}"><f:Message>{reason}</f:Message></f:WSManFault>{wmi}'
    "</s:Detail></s:Fault>"
)
_WMI_ERROR = (
    '<e:MSFT_WmiError xmlns:e="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError">'
    "<e:Message>{reason}</e:Message><e:MessageID>HRESULT 0x{code:08x}</e:MessageID>"
    "<e:error_Code>{code}</e:error_Code></e:MSFT_WmiError>"
)


class Fault(Exception):
    """A WSMan fault for the client; *has_wmi_error* adds the form in which quotas are reported."""

    def __init__(
        self, code: int, subcode: str, reason: str, *, has_wmi_error: bool = False
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason
        self.has_wmi_error = has_wmi_error


@dataclass(frozen=True, slots=True)
class Message:
    """One request, its header read; *max_envelope_bytes* bounds the reply."""

    action: str
    message_id: str
    resource_uri: str
    selectors: Mapping[str, str]
    options: Mapping[str, str]
    timeout_seconds: float
    max_envelope_bytes: int
    body: ET.Element

    @property
    def operation(self) -> str:
        """The action's last word: Create, Command, Send, Receive, Signal, Delete, Get."""
        return self.action.rpartition("/")[2]

    def element(self, name: str) -> ET.Element:
        """Return the element *name* of the shell namespace; raise Fault if the body has none."""
        found = self.body.find(f".//{SHELL_NS}{name}")
        if found is None:
            raise Fault(INVALID_SOAP_BODY, "w:SchemaValidationError", f"{name} is missing.")
        return found


def parse(envelope: bytes) -> Message:
    """Return the request in *envelope*; raise Fault for what is no WSMan request."""
    if b"<!DOCTYPE" in envelope:
        raise Fault(INVALID_XML, "w:SchemaValidationError", "A request has no DTD.")
    try:
        root = ET.fromstring(envelope)  # noqa: S314 - without a DTD, from loopback
    except ET.ParseError as error:
        raise Fault(INVALID_XML, "w:SchemaValidationError", f"Not XML: {error}") from error
    header, body = root.find(f"{SOAP_NS}Header"), root.find(f"{SOAP_NS}Body")
    if header is None or body is None:
        raise Fault(INVALID_XML, "w:SchemaValidationError", "Not a SOAP envelope.")
    size = header.findtext(f"{WSMAN_NS}MaxEnvelopeSize", "")
    return Message(
        action=header.findtext(f"{ADDRESSING_NS}Action", "").strip(),
        message_id=header.findtext(f"{ADDRESSING_NS}MessageID", ""),
        resource_uri=header.findtext(f"{WSMAN_NS}ResourceURI", "").strip(),
        selectors=_named_texts(header, "Selector"),
        options=_named_texts(header, "Option"),
        timeout_seconds=_seconds(header.findtext(f"{WSMAN_NS}OperationTimeout", "")),
        max_envelope_bytes=int(size) if size.isdigit() else _DEFAULT_ENVELOPE_BYTES,
        body=body,
    )


def reply(action: str, relates_to: str, body: str) -> bytes:
    """Return the envelope that answers message *relates_to* with the XML *body*."""
    return _ENVELOPE.format(
        action=action, id=str(uuid.uuid4()).upper(), relates_to=html.escape(relates_to), body=body
    ).encode()


def fault_reply(fault: Fault, relates_to: str, machine: str) -> bytes:
    """Return the envelope that tells *fault*, as host *machine*."""
    reason = html.escape(fault.reason)
    wmi = _WMI_ERROR.format(reason=reason, code=fault.code) if fault.has_wmi_error else ""
    body = _FAULT.format(
        subcode=fault.subcode,
        reason=reason,
        code=fault.code,
        machine=html.escape(machine),
        wmi=wmi,
    )
    return reply(_FAULT_ACTION, relates_to, body)


def timed_out() -> Fault:
    """Return the fault after which a client sends the same Receive again."""
    return Fault(
        OPERATION_TIMED_OUT,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in "
        "OperationTimeout.",
    )


def aborted() -> Fault:
    """Return the fault for a Receive whose command or shell went away while it waited."""
    return Fault(
        ABORTED,
        "w:InternalError",
        "The I/O operation has been aborted because of either a thread exit or an application "
        "request.",
    )


def shell_not_found(shell_id: str) -> Fault:
    """Return the fault for a shell that was deleted, or is another user's, or never was."""
    return Fault(
        UNKNOWN_SHELL,
        "w:InvalidSelectors",
        f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the "
        "shell was not found on the server.",
    )


def command_not_found(command_id: str) -> Fault:
    """Return the fault for a command that its shell does not know (any more)."""
    return Fault(
        UNKNOWN_SHELL,
        "w:InvalidSelectors",
        f"The Windows Remote Shell received a request for the command identifier {command_id} "
        "that does not match any of its commands.",
    )


def _named_texts(header: ET.Element, element: str) -> dict[str, str]:
    return {item.get("Name", ""): item.text or "" for item in header.iter(f"{WSMAN_NS}{element}")}


def _seconds(duration: str) -> float:
    match = _DURATION.match(duration.strip())
    if match is None or not any(match.groups()):
        return _DEFAULT_TIMEOUT_SECONDS
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
