# SPDX-License-Identifier: GPL-3.0-or-later
"""The real clients, pywinrm and pypsrp, set up for the lab as Ansible's connections set them up."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from pypsrp.host import PSHost
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import WSMan
from winrm.protocol import Protocol

USER = "ansible"
PASSWORD = "Lab-Passw0rd!"


@contextmanager
def winrm_client(
    url: str,
    *,
    user: str = USER,
    password: str = PASSWORD,
    transport: Literal["basic", "ntlm"] = "basic",
    **options: Any,
) -> Iterator[Protocol]:
    """Yield a pywinrm client of *url*; its connection is closed at the end."""
    client = Protocol(url, transport=transport, username=user, password=password, **options)
    try:
        yield client
    finally:
        client.transport.close_session()


def run_command(
    client: Protocol,
    command_line: str = "powershell",
    stdin: Iterable[tuple[bytes, bool]] | None = None,
) -> tuple[bytes, bytes, int]:
    """Run one command in a shell of its own; return stdout, stderr and exit code.

    *stdin* holds what is sent and whether it is the last of it; without it nothing is piped.
    """
    shell = client.open_shell()
    command = client.run_command(shell, command_line, console_mode_stdin=stdin is None)
    for data, is_last in stdin or ():
        client.send_command_input(shell, command, data, end=is_last)
    result = client.get_command_output(shell, command)
    client.cleanup_command(shell, command)
    client.close_shell(shell, close_session=False)
    return result


@contextmanager
def psrp_client(
    address: str,
    *,
    user: str = USER,
    password: str = PASSWORD,
    auth: str = "basic",
    **options: Any,
) -> Iterator[WSMan]:
    """Yield a pypsrp connection to *address*, http unless *options* say ``ssl=True``."""
    # Basic has no key to seal messages with, and pypsrp refuses it over http unless told so.
    defaults = {"ssl": False, "encryption": "never" if auth == "basic" else "auto"}
    with WSMan(
        address, username=user, password=password, auth=auth, **defaults | options
    ) as client:
        yield client


@contextmanager
def psrp_pool(address: str, *, max_runspaces: int = 1, **options: Any) -> Iterator[RunspacePool]:
    """Yield an open runspace pool whose host remembers the exit code in ``pool.host.rc``."""
    host = PSHost(None, None, False, "lab", None, None, "1.0")
    with (
        psrp_client(address, **options) as client,
        RunspacePool(client, host=host, max_runspaces=max_runspaces) as pool,
    ):
        yield pool
