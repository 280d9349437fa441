# SPDX-License-Identifier: GPL-3.0-or-later
"""A clinic for one test: simulated hosts, the controller beside them, and the ways between."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.connection.facts_backend import FactsBackend
from integration.connection.runner import PLAYBOOKS, SITE, Controller, Run
from lab.addresses import free_block
from lab.clients import PASSWORD, USER
from lab.estate import Estate, LabHost
from lab.quotas import Quotas
from lab.server import LabServer, Options, running_lab

CHECKS = ("patching", "av_edr", "backup", "logging", "firewall", "encryption")
HEALTHY = dict.fromkeys(CHECKS, "PASS")
LOST = dict.fromkeys(CHECKS, "ERROR unreachable E004")
BROKEN = dict.fromkeys(CHECKS, "ERROR collector_failed")

# The facts are of 2025 and judged as they are; the clock of a host is a check of its own.
TOLERANT = {"common": {"clock_skew_warn_seconds": 10**9, "clock_skew_error_seconds": 10**9}}

WINRM_HTTP_BASIC = {
    "ansible_connection": "winrm",
    "ansible_port": 5985,
    "ansible_winrm_scheme": "http",
    "ansible_winrm_transport": "basic",
}
WINRM_HTTPS_NTLM = {
    "ansible_connection": "winrm",
    "ansible_port": 5986,
    "ansible_winrm_transport": "ntlm",
}
PSRP_NEGOTIATE = {
    "ansible_connection": "psrp",
    "ansible_port": 5985,
    "ansible_psrp_protocol": "http",
    "ansible_psrp_auth": "negotiate",
}


@dataclass(frozen=True)
class Clinic:
    """A running lab and the controller whose inventory names its hosts."""

    server: LabServer
    backend: FactsBackend
    controller: Controller

    def check(self, *options: str, **environment: str) -> Run:
        """Run playbooks/check.yml; what holds for every run is asserted here."""
        return self.run(PLAYBOOKS / "check.yml", *options, **environment)

    def run(self, playbook: Path, *options: str, **environment: str) -> Run:
        """Run *playbook*: no host is changed, and what was sealed verifies."""
        run = self.controller.play(playbook, *options, **environment)
        assert set(run.changed.values()) <= {0}, run.output
        if run.bundles:
            (public,) = self.controller.site.glob("keys/*.pub")
            verified = self.controller.verify(str(public))
            assert verified.returncode == 0, verified.stdout
        return run


@contextmanager
def running_clinic(
    home: Path,
    hosts: Mapping[str, Iterable[str]],
    *,
    connection: Mapping[str, Any] = WINRM_HTTP_BASIC,
    variables: Mapping[str, Mapping[str, Any]] | None = None,
    backend: FactsBackend | None = None,
    is_https: bool = False,
    quotas: Quotas = Quotas(),  # noqa: B008 - frozen
) -> Iterator[Clinic]:
    """Serve *hosts* (name -> faults) with an inventory below *home*; *variables*: by host."""
    backend = backend or FactsBackend()
    addresses = dict(zip(hosts, free_block(len(hosts)), strict=True))
    estate = Estate(
        tuple(LabHost(name, addresses[name], faults=tuple(hosts[name])) for name in hosts),
        {USER: PASSWORD},
    )
    options: Options = {"quotas": quotas, "https_port": 5986 if is_https else None}
    with running_lab(estate, backend, **options) as server:
        own = variables or {}
        names = {name: {"ansible_host": addresses[name], **own.get(name, {})} for name in hosts}
        account = {"ansible_user": USER, "ansible_password": PASSWORD, "site_id": SITE}
        everybody = {"compliance_policy": TOLERANT, **account, **connection}
        if is_https:
            everybody["ansible_winrm_ca_trust_path"] = str(server.ca_path)
        controller = Controller(home)
        controller.write("inventory/hosts.yml", {"all": {"hosts": names, "vars": everybody}})
        yield Clinic(server, backend, controller)
