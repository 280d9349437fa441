# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that a precondition only reads, for repairs of logging, firewall and encryption."""

import pytest

from integration.runbooks.cases import host, registry, service, sleep_advances
from integration.runbooks.hosts_alone import Moment
from lab.repairing import NOT_A_SETTING, Repair
from lab.windows.states import State

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("preconditions")]
FIREWALL = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
TLS = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
CONTROLLER = {"controller": "10.0.0.5", "management_port": 5985}
LOGGED = "Microsoft-Windows-Forwarding/Operational"


def forwarding_fails(state: State) -> None:
    for record in state["eventlogs"][LOGGED]["records"]:
        record["Data"]["ErrorCode"] = 2150858770


def decrypted(state: State) -> None:
    state["volumes"][0]["bitlocker"].update(ConversionStatus=0, ProtectionStatus=0, protectors=[])


MEMBER = "healthy-2022-member"
NEEDED = {
    "RB-WIN-LOG-001": (host("logging-U1"), {}),
    "RB-WIN-LOG-002": (host("logging-U4"), {}),
    "RB-WIN-LOG-003": (host("logging-U3"), {}),
    "RB-WIN-LOG-004": (host("logging-U7", forwarding_fails, sleep_advances), {}),
    "RB-WIN-FW-001": (host("firewall-U1"), CONTROLLER),
    "RB-WIN-FW-002": (
        host(MEMBER, registry(rf"{FIREWALL}\DomainProfile\Logging", LogDroppedPackets=0)),
        {},
    ),
    "RB-WIN-FW-003": (host(MEMBER, service("MpsSvc", State="Stopped")), CONTROLLER),
    "RB-WIN-ENC-001": (host("encryption-U2"), {}),
    "RB-WIN-ENC-002": (host("encryption-U6"), {}),
    "RB-WIN-ENC-003": (host("healthy-win11-member", decrypted), {"backup_verdict": "PASS"}),
    "RB-WIN-ENC-004": (host(MEMBER, registry(rf"{TLS}\TLS 1.0\Server", Enabled=1)), {}),
    "RB-WIN-ENC-005": (host("encryption-U9"), {}),
}
moments = {name: Moment() for name in NEEDED}
REPAIRS = [
    Repair(name, state, name, given, before={"step:1": moments[name].keep})
    for name, (state, given) in NEEDED.items()
]
# What changes although nobody changes it.
PASSING = NOT_A_SETTING


@pytest.mark.parametrize("runbook", NEEDED)
def test_a_precondition_that_is_met_has_changed_nothing(repaired, runbook):
    done = repaired[runbook]

    assert done.precondition.answer.met is True
    kept = moments[runbook].state
    assert {key for key in kept if key not in PASSING and kept[key] != done.state_before[key]} == (
        set()
    )
