# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a simulated host can have, written ``name[:value][*count]`` in an estate.

``quota*1`` happens the first time only, ``slow:2`` each time with 2 seconds. Where each one takes
effect: REFUSED, HALF_OPEN and KILLED_AFTER in the sockets, UNAUTHORIZED and SERVER_ERROR in HTTP,
QUOTA and RESET_MID_SEND in WSMan, the others in what the command leaves behind.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What can be wrong with a host."""

    REFUSED = "refused"  # nobody listens
    HALF_OPEN = "half-open"  # accepts connections and never answers
    KILLED_AFTER = "killed-after"  # :n requests are served, then the host is gone
    UNAUTHORIZED = "unauthorized"  # 401 whatever the password
    SERVER_ERROR = "server-error"  # 500 without a SOAP fault
    QUOTA = "quota"  # Command is refused with ERROR_WSMAN_QUOTA_MAX_OPERATIONS
    RESET_MID_SEND = "reset-mid-send"  # connection reset while a Send is under way
    TIMEOUT = "timeout"  # the module never ends: each Receive times out
    SLOW = "slow"  # :s seconds longer
    NOISE = "noise"  # lines of text before the module's JSON
    TRUNCATED = "truncated"  # the second half of the JSON is lost
    CLIXML = "clixml"  # progress records on standard error
    NO_JSON = "no-json"  # exit code 1 and text instead of JSON


_UNCOUNTED = (FaultKind.REFUSED, FaultKind.KILLED_AFTER)
_VALUED = (FaultKind.KILLED_AFTER, FaultKind.SLOW)
_SYNTAX = re.compile(r"(?P<name>[a-z-]+)(?::(?P<value>\d+(?:\.\d+)?))?(?:\*(?P<count>[1-9]\d*))?\Z")


class FaultInvalid(ValueError):
    """A fault of an estate that does not exist or is written wrongly."""


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """One fault of one host."""

    kind: FaultKind
    value: float = 0.0  # seconds of SLOW, requests of KILLED_AFTER
    count: int | None = None  # how often it happens; None: always


def parse_fault(text: str) -> InjectedFault:
    """Return the fault that *text* names; raise FaultInvalid, which lists what exists."""
    match = _SYNTAX.match(text)
    if match is None or match["name"] not in list(FaultKind):
        raise FaultInvalid(f"no such fault; got {text!r}. Known: {', '.join(FaultKind)}.")
    kind = FaultKind(match["name"])
    if (match["value"] is not None) != (kind in _VALUED):
        wish = f"{kind}:<number>" if kind in _VALUED else kind
        raise FaultInvalid(f"fault {kind} has a wrong value; got {text!r}. Write {wish}.")
    if match["count"] is not None and kind in _UNCOUNTED:
        raise FaultInvalid(f"fault {kind} cannot be counted; got {text!r}. Leave out '*'.")
    count = int(match["count"]) if match["count"] else None
    return InjectedFault(kind, float(match["value"] or 0), count)


class HostFaults:
    """The faults of one host and how often each has still to happen."""

    def __init__(self, texts: Iterable[str]) -> None:
        faults = [parse_fault(text) for text in texts]
        self._faults = {fault.kind: fault for fault in faults}
        if len(self._faults) < len(faults):
            raise FaultInvalid(f"a fault is named twice; got {list(texts)!r}. Keep one of them.")
        self._left = {fault.kind: fault.count for fault in faults}

    def find(self, kind: FaultKind) -> InjectedFault | None:
        """Return the fault *kind* if the host has it, without counting."""
        return self._faults.get(kind)

    def take(self, kind: FaultKind) -> InjectedFault | None:
        """Return the fault *kind* if it is to happen now, and count it."""
        fault, left = self._faults.get(kind), self._left.get(kind)
        if fault is None or left == 0:
            return None
        if left is not None:
            self._left[kind] = left - 1
        return fault
