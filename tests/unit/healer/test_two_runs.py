# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies a plan whose incident another run begins to repair while it is made."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.tickets import (
    TicketStore,
)
from unit.healer.repairing import act
from unit.healer.site import SITE, host_with, opened
from unit.healing.planner.cases import NOW

SMALL = "log_too_small!"


@dataclass(frozen=True)
class Late:
    """The tickets, but something happens just before one is opened."""

    tickets: TicketStore
    happens: Callable[[], object]

    def escalate(self, *what: Any) -> object:
        self.happens()
        return self.tickets.escalate(*what)


@pytest.fixture
def both(tmp_path):
    """Give two runs of one site."""
    with opened(tmp_path) as one, opened(tmp_path, run="heal-2") as other:
        yield one, other


def test_it_waits_for_that_repair_and_opens_no_ticket(both):
    mine, other = both
    [item] = Planning(other, host_with(CheckId.LOGGING, SMALL), NOW).plan()
    late = Late(mine.tickets, lambda: act(other, item.proposal, NOW))
    # This run has seen that a policy owns the setting, so it would hand the incident over.
    host = host_with(CheckId.LOGGING, f"{SMALL}^")

    [told] = Planning(replace(mine, tickets=late), host, NOW).plan()

    assert (told.verdict, told.code, told.error_code) == ("wait", "host_busy", "E006")
    assert "RB-WIN-LOG-002 has not ended" in told.reason
    assert told.line().startswith("logging: what another run does decides [")
    assert mine.tickets.waiting(SITE) == []
