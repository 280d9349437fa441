# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the repairs of a test file once, together."""

from collections.abc import Callable, Mapping

import pytest

from lab.repairing import Repair, Repaired, repair


@pytest.fixture(scope="module")
def repaired(request, engine_settings, tmp_path_factory) -> Mapping[str, Repaired]:
    """Return name -> what happened, for the list REPAIRS of the test file."""
    repairs: list[Repair] = request.module.REPAIRS
    folder = tmp_path_factory.mktemp("repairs")
    return repair(engine_settings, folder, repairs)


@pytest.fixture(scope="module")
def repair_again(engine_settings, tmp_path_factory) -> Callable[..., Repaired]:
    """Return a function that runs one more repair."""

    def run(item: Repair) -> Repaired:
        return repair(engine_settings, tmp_path_factory.mktemp("again"), [item])[item.name]

    return run
