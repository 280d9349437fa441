# SPDX-License-Identifier: GPL-3.0-or-later
"""What every check needs to know of the machine: its Windows, its role, and our own token."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Self

from ..models import CheckId, Instant
from .host_record import HostRecord
from .probe import UNREAD, FactDocument, Probe, parse_probes

# Win32_OperatingSystem.ProductType
WORKSTATION, DOMAIN_CONTROLLER, SERVER = 1, 2, 3


class OperatingSystem(HostRecord):
    """From Win32_OperatingSystem and the registry key CurrentVersion of Windows NT."""

    product_type: int
    build: int
    ubr: int | None
    display_version: str | None
    edition_id: str | None
    installation_type: str | None
    last_boot_at: Instant | None

    @property
    def is_client(self) -> bool:
        return self.product_type == WORKSTATION

    @property
    def is_domain_controller(self) -> bool:
        return self.product_type == DOMAIN_CONTROLLER


class Computer(HostRecord):
    """From Win32_ComputerSystem and the join keys of the registry."""

    part_of_domain: bool
    domain_role: int
    is_virtual: bool
    is_portable: bool
    is_cluster_node: bool
    entra_joined: bool
    mdm_enrolled: bool


class Token(HostRecord):
    """The rights that the collector ran with."""

    integrity: Literal["untrusted", "low", "medium", "high", "system", "unknown"]
    logon_type: Literal["network", "batch", "interactive", "service", "unknown"]
    is_system: bool

    @property
    def is_elevated(self) -> bool:
        return self.integrity in {"high", "system"}


class Process(HostRecord):
    """The PowerShell process that the collector ran in."""

    is_64bit_process: bool
    is_64bit_os: bool
    language_mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """The part of a fact document that all checks share."""

    os: Probe[OperatingSystem] = UNREAD
    computer: Probe[Computer] = UNREAD
    token: Probe[Token] = UNREAD
    process: Probe[Process] = UNREAD

    @property
    def setting_owner_is_policy(self) -> bool:
        """Whether a policy key on this host means that someone else owns the setting.

        A workgroup host has only its local policy; on a domain member or a managed device a
        policy value comes back after each refresh, whoever wrote it.
        """
        computer = self.computer.value
        return computer is None or computer.part_of_domain or computer.mdm_enrolled


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """The facts of one check; subclasses add one `Probe` per source."""

    CHECK: ClassVar[CheckId]

    collected_at: Instant
    host: HostFacts = HostFacts()

    @classmethod
    def parse(cls, document: FactDocument) -> Self:
        """Return the facts in *document*; a probe that cannot be used is unread, no exception."""
        return parse_probes(
            cls,
            document.checks.get(cls.CHECK, {}),
            collected_at=document.collected_at,
            host=parse_probes(HostFacts, document.host),
        )

    def probes(self) -> dict[str, Probe[Any]]:
        """Return the probes of this check by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Probe)}
