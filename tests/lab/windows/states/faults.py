# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a state document: one name for each surface, one set of types (STATE.md, "Faults")."""

from lab.windows.states.registry import State

ALL = ("denied", "error", "hang", "slow", "missing", "garbage", "empty")
# Kind of surface -> the types that it knows.
FAULT_TYPES: dict[str, tuple[str, ...]] = {
    "api": ALL,
    "cim": ALL,
    "cmdlet": ALL,
    "com": ALL,
    "eventlog": ALL,
    "native": ALL,
    "registry": ALL,
    # A service has no parts that could be empty.
    "service": ALL[:-1],
}
OPTIONS = {
    "seconds",
    "hresult",
    "message",
    "only",
    "exit_code",
    "fqid",
    "terminating",
    "spares",
}


def set_fault(state: State, surface: str, fault_type: str, **options: object) -> None:
    """Put a fault on a surface such as ``service:MpsSvc``, in place of the one it had.

    *options*: seconds (of a hang or a slow answer), hresult (unsigned), message, only (names of
    properties or values), exit_code, fqid, terminating, spares (calls of a cmdlet that still go
    well). Raises ValueError for an unknown kind of
    surface, type or option.
    """
    kind, _, name = surface.partition(":")
    if not name or fault_type not in FAULT_TYPES.get(kind, ()):
        raise ValueError(f"no fault {fault_type!r} on {surface!r}; known are {FAULT_TYPES}")
    if unknown := set(options) - OPTIONS:
        raise ValueError(
            f"unknown options of a fault: {sorted(unknown)}; known are {sorted(OPTIONS)}"
        )
    state["faults"][surface] = {"type": fault_type, **options}
