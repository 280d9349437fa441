# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with one host and a back end in memory, for the tests of the wire."""

from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from lab.addresses import free_block
from lab.clients import PASSWORD, USER
from lab.estate import Estate, LabHost
from lab.memory import MemoryBackend
from lab.server import LabServer, running_lab

ACCOUNTS = {USER: PASSWORD, "LAB\\auditor": "Other-Passw0rd!"}


@dataclass(frozen=True)
class Lab:
    server: LabServer
    backend: MemoryBackend
    address: str

    @property
    def http(self):
        return f"http://{self.address}:5985/wsman"

    @property
    def https(self):
        return f"https://{self.address}:5986/wsman"


@pytest.fixture
def serve():
    """Return a function that starts a lab of one host, dc01, with the faults that are named."""
    with ExitStack() as stack:

        def start(*faults, backend=None, **options):
            (address,) = free_block(1)
            backend = backend or MemoryBackend()
            estate = Estate((LabHost("dc01", address, faults=faults),), ACCOUNTS)
            server = stack.enter_context(running_lab(estate, backend, **options))
            return Lab(server, backend, address)

        yield start
