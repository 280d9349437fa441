# SPDX-License-Identifier: GPL-3.0-or-later
"""A clinic for each test of connections."""

from contextlib import ExitStack

import pytest

from integration.connection.clinic import running_clinic


@pytest.fixture
def open_clinic(tmp_path):
    """Return a function that opens the test's clinic; it is closed after the test."""
    with ExitStack() as stack:

        def start(*names, **options):
            hosts = options.pop("hosts", None) or dict.fromkeys(names, ())
            return stack.enter_context(running_clinic(tmp_path, hosts, **options))

        yield start
