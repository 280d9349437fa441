# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what a host that fails in some way leaves in the evidence: every check, always.

One run a connection has them all, as a bad day has; a test looks at one host of it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from ansible.release import __version__ as ANSIBLE_CORE  # noqa: N812 - a constant

from integration.connection.clinic import (
    BROKEN,
    HEALTHY,
    LOST,
    PSRP_NEGOTIATE,
    WINRM_HTTP_BASIC,
    running_clinic,
)
from integration.connection.runner import Run

pytestmark = pytest.mark.connection

# Seconds; the operation timeout has to be the shorter one.
IMPATIENT = {
    "ansible_winrm_operation_timeout_sec": 1,
    "ansible_winrm_read_timeout_sec": 2,
    "ansible_psrp_operation_timeout": 1,
    "ansible_psrp_read_timeout": 2,
}
VARIABLES = {
    "wrong-password": {"ansible_password": "Wrong-Passw0rd!"},
    "half-open": IMPATIENT,
    "reset-mid-send": IMPATIENT,  # winrm goes on to wait for an answer
}
# Host -> its faults, and its bundles.
FAILURES = {
    "in-order": ((), HEALTHY),
    "wrong-password": ((), LOST),
    "unauthorized": (("unauthorized",), LOST),
    "refused": (("refused",), LOST),
    "half-open": (("half-open",), LOST),
    "server-error": (("server-error",), LOST),
    "reset-mid-send": (("reset-mid-send",), BROKEN),
    "quota-once": (("quota*1",), HEALTHY),
    "quota-always": (("quota",), BROKEN),
    "slow": (("slow:1",), HEALTHY),
    "noise": (("noise",), HEALTHY),
    "clixml": (("clixml",), HEALTHY),
    "truncated": (("truncated",), BROKEN),
    "no-json": (("no-json",), BROKEN),
}
DEATHS = range(10)


@dataclass(frozen=True)
class Way:
    """A connection; a host that dies after *requests* of them has answered before."""

    variables: Mapping[str, Any]
    requests: int
    failures: Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]]


# Its payload is larger: with it the check fills one more request of WinRM.
HAS_LARGER_WRAPPER = not ANSIBLE_CORE.startswith("2.19.")
WAYS = {
    "winrm": Way(WINRM_HTTP_BASIC, 7 if HAS_LARGER_WRAPPER else 6, FAILURES),
    # pypsrp neither recovers from a broken Send nor asks for another shell.
    "psrp": Way(
        PSRP_NEGOTIATE,
        9,
        FAILURES
        | {"reset-mid-send": (("reset-mid-send",), LOST), "quota-once": (("quota*1",), BROKEN)},
    ),
}


@pytest.fixture(scope="module", params=WAYS)
def way(request):
    return request.param


@pytest.fixture(scope="module")
def bad_day(way, once, tmp_path_factory):
    """Return the run over all hosts that fail."""
    hosts = {name: faults for name, (faults, _) in WAYS[way].failures.items()}
    hosts |= {f"dies-{count}": (f"killed-after:{count}",) for count in DEATHS}

    def compute():
        home = tmp_path_factory.mktemp("bad-day")
        with running_clinic(
            home, hosts, connection=WAYS[way].variables, variables=VARIABLES
        ) as clinic:
            return asdict(clinic.check())

    return Run(**once(f"bad-day-{way}", compute))


def test_the_run_ends_as_ansible_users_expect(bad_day):
    # 4: a host was unreachable. It outranks 2: a task failed.
    assert bad_day.exit_code == 4


def test_no_host_of_the_run_is_left_out(bad_day):
    assert set(bad_day.verdicts) == {*FAILURES, *(f"dies-{count}" for count in DEATHS)}


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_has_its_six_bundles(bad_day, way, name):
    _, expected = WAYS[way].failures[name]

    assert bad_day.verdicts[name] == expected


@pytest.mark.parametrize("count", DEATHS)
def test_a_host_that_dies_is_unreachable_whenever_it_dies(bad_day, way, count):
    expected = LOST if count < WAYS[way].requests else HEALTHY

    assert bad_day.verdicts[f"dies-{count}"] == expected
    assert (f"[dies-{count}]: UNREACHABLE!" in bad_day.text) == (expected == LOST)


def test_nobody_sees_a_stack_trace(bad_day):
    assert "Traceback" not in bad_day.text
