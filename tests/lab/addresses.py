# SPDX-License-Identifier: GPL-3.0-or-later
"""Loopback addresses for simulated hosts: free blocks, and who holds a port that is taken."""

import ipaddress
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

WINRM_PORTS = (5985, 5986)  # http, https: Microsoft, "Installation and configuration for WinRM"

_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
_BLOCK_HOSTS = 254
_ATTEMPTS = 50


class AddressRefused(ValueError):
    """An address that the lab must not listen on."""


class AddressTaken(OSError):
    """An address and port that another process holds."""


def require_loopback(address: str) -> None:
    """Return if *address* is inside 127.0.0.0/8, else raise AddressRefused."""
    try:
        inside = ipaddress.ip_address(address) in _LOOPBACK
    except ValueError as error:
        raise AddressRefused(f"not an address; got {address!r}. Use 127.x.y.z.") from error
    if not inside:
        raise AddressRefused(
            f"the lab serves loopback only; got {address!r}. Use 127.x.y.z: simulated hosts "
            "take any password of their estate and must not be reachable from elsewhere."
        )


def free_block(count: int, *, ports: Sequence[int] = WINRM_PORTS) -> tuple[str, ...]:
    """Return *count* neighbouring addresses (254 at most) whose *ports* nobody holds now.

    The block is random among 127.64.0.0 to 127.250.255.0, so that test runs at the same time do
    not meet; nothing is reserved.
    """
    if not 1 <= count <= _BLOCK_HOSTS:
        raise ValueError(f"a block has 1 to {_BLOCK_HOSTS} addresses; got {count}.")
    for _ in range(_ATTEMPTS):
        prefix = f"127.{64 + secrets.randbelow(187)}.{secrets.randbelow(256)}"
        block = tuple(f"{prefix}.{last}" for last in range(1, count + 1))
        if all(_is_free(address, port) for address in block for port in ports):
            return block
    raise AddressTaken(f"no {count} neighbouring addresses are free on ports {tuple(ports)}.")


def address_taken(address: str, port: int) -> AddressTaken:
    """Return the error that tells who holds *port* and what to do."""
    return AddressTaken(
        f"{address}:{port} is taken by {holder(address, port)}. Stop that process, or give the "
        "estate other addresses: WinRM's ports are fixed, the addresses are free."
    )


def holder(address: str, port: int) -> str:
    """Name the process that listens there or on all addresses, as far as /proc tells."""
    inodes = _listening_inodes(address, port)
    for process in Path("/proc").glob("[0-9]*"):
        if any(_target(link) in inodes for link in _files(process)):
            command = (process / "comm").read_text(encoding="utf-8").strip()
            return f"{command} (pid {process.name})"
    return "a process of another user"


def _files(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:  # gone meanwhile, or another user's
        return []


def _target(link: Path) -> str:
    try:
        return link.readlink().name
    except OSError:  # closed meanwhile, as is the one that listed them
        return ""


def _listening_inodes(address: str, port: int) -> set[str]:
    # The kernel prints an IPv4 address as one little-endian word; an IPv6 one ends with it.
    wanted = (ipaddress.IPv4Address(address).packed[::-1].hex().upper(), "00000000")
    found = set()
    for table in ("tcp", "tcp6"):
        source = Path("/proc/net") / table
        if not source.exists():
            continue
        for line in source.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            place, _, number = fields[1].rpartition(":")
            is_listening = fields[3] == "0A"  # TCP_LISTEN, linux/include/net/tcp_states.h
            if is_listening and place.endswith(wanted) and int(number, 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
