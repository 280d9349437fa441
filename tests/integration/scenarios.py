# SPDX-License-Identifier: GPL-3.0-or-later
"""The unhealthy scenarios, the healthy baselines, and what their sites state about them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integration.chain import Collection
from integration.estate_run import AS_SYSTEM, EstateHost
from lab.windows.states import Clock, State, build_states
from lab.windows.states.build import SCENARIOS as FILE

# Policy keys of the host, as an inventory would give them. The note of the scenario asks for them.
SITE: Mapping[str, Mapping[str, Any]] = {
    "patching-U3": {"patching": {"pending_reboot_first_seen": "2025-10-23T09:00:00Z"}},
    "av_edr-U9": {"av_edr": {"accepted_products": ["Malwarebytes"]}},
}
# A healthy client has no backup product, and its site says why it needs none.
_NO_BACKUP = {
    "provider": "none_with_exception",
    "exception_reason": "Clients keep no ePHI: it is on the servers.",
    "exception_expires": "2026-06-30",
}
# What keeps a healthy host from passing without a word of its site; the same keys.
BASELINE_SITE: Mapping[str, Mapping[str, Any]] = {
    # Windows 10 is out of support since 2025-10-14 (Microsoft lifecycle), unless ESU is bought.
    "win10": {"patching": {"esu_until": "2026-10-13"}, "backup": _NO_BACKUP},
    "win11": {"backup": _NO_BACKUP},
}
# From build 26100 on, Windows Update refuses a network logon: docs/connect.md asks for SYSTEM.
SYSTEM_EDITIONS = ("2025", "win11")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One line of scenarios.jsonl; *name* is also that of its state."""

    name: str
    check: str
    status: str
    code: str  # "ok": nothing above PASS is found
    site: Mapping[str, Any] = field(default_factory=dict)

    def collection(self, state: State, variant: str = "") -> Collection:
        """Return the collection of the one check that this is about."""
        return Collection(f"{self.name}{variant}", state, (self.check,), self.site)


def read_scenarios() -> list[Scenario]:
    """Return all scenarios in the order of their file."""
    lines = map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
    return [
        Scenario(
            name := f"{line['check']}-{line['id']}",
            line["check"],
            line["expect"]["status"],
            line["expect"]["code"],
            SITE.get(name, {}),
        )
        for line in lines
    ]


def frozen_states() -> dict[str, State]:
    """Return every state by name, at the instant for which the scenarios are written."""
    return build_states(Clock("frozen"))


def estate_hosts() -> list[EstateHost]:
    """Return every state as a host with the variables that its site would give it."""
    return [
        EstateHost(name, state, _variables(name)) for name, state in sorted(frozen_states().items())
    ]


def baseline_site(name: str) -> Mapping[str, Any]:
    """Return the policy keys of a healthy state."""
    return BASELINE_SITE.get(name.split("-")[1], {})


def is_run_as_system(name: str) -> bool:
    """Tell whether a healthy state is of a Windows that needs more than a network logon."""
    return name.startswith("healthy-") and name.split("-")[1] in SYSTEM_EDITIONS


def _variables(name: str) -> dict[str, Any]:
    site = baseline_site(name) if name.startswith("healthy-") else SITE.get(name, {})
    variables: dict[str, Any] = {"compliance_policy_host": site} if site else {}
    return variables | (AS_SYSTEM if is_run_as_system(name) else {})
