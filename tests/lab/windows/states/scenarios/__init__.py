# SPDX-License-Identifier: GPL-3.0-or-later
"""The unhealthy scenarios of scenarios.jsonl, each a patch of a healthy baseline."""

import copy

from lab.windows.states.baseline import baseline
from lab.windows.states.clock import Clock
from lab.windows.states.hosts import Host
from lab.windows.states.registry import State
from lab.windows.states.scenarios.av_edr import av_edr
from lab.windows.states.scenarios.backup import backup
from lab.windows.states.scenarios.encryption import encryption
from lab.windows.states.scenarios.firewall import firewall
from lab.windows.states.scenarios.logging import logging
from lab.windows.states.scenarios.patching import patching

CHECKS = {
    "patching": patching,
    "av_edr": av_edr,
    "backup": backup,
    "logging": logging,
    "firewall": firewall,
    "encryption": encryption,
}
# Where a scenario line asks for something that Windows could not show that way:
# av_edr U3: the CIM error follows from WinDefend stopped; Exception.HResult is 0x80131500 as in
#   CimException, the code is in MessageId and StatusCode.
# av_edr U6: wsc [] on a server means no SecurityCenter2 namespace at all (0x8004100E).
# encryption U9: EnableSMB1Protocol true also needs the SMB1Protocol feature: set.
# logging U8: a locale variant, not a line: see --locale.
# patching U1: LCU InstallTime as given; search returns the update under any token of this build.
# patching U4: only the online search fails; Online=$false answers from the cache, as WUA does.
# patching U5: the denial follows from build 26100 and the network token.
DEFAULT_HOST = Host("2022", "member")
HOSTS = {
    ("patching", "U5"): Host("2025", "member"),
    ("patching", "U8"): Host("win10", "member"),
    ("av_edr", "U7"): Host("win11", "member"),
    ("encryption", "U2"): Host("win11", "member"),
}


def scenario(line: State, clock: Clock) -> State:
    """Return the state document of one scenario line."""
    state = baseline(HOSTS.get((line["check"], line["id"]), DEFAULT_HOST), clock)
    CHECKS[line["check"]](state, copy.deepcopy(line["patch"]), clock)
    state["host"] = f"{line['check']}-{line['id']}"
    state["expect"] = line["expect"]
    return state
