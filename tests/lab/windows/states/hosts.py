# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that have a baseline: a Windows version in a role."""

from dataclasses import dataclass
from typing import Any, NamedTuple

DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330-"
ROLES = ("member", "dc", "workgroup")


class Edition(NamedTuple):
    """One Windows version at its update level of October 2025."""

    build: int
    ubr: int
    previous_ubr: int
    display_version: str
    caption: str
    edition: str
    installation_type: str


EDITIONS = {
    "2016": Edition(
        build=14393,
        ubr=8519,
        previous_ubr=8422,
        display_version="1607",
        caption="Microsoft Windows Server 2016 Standard",
        edition="ServerStandard",
        installation_type="Server",
    ),
    "2019": Edition(
        build=17763,
        ubr=7919,
        previous_ubr=7792,
        display_version="1809",
        caption="Microsoft Windows Server 2019 Standard",
        edition="ServerStandard",
        installation_type="Server",
    ),
    "2022": Edition(
        build=20348,
        ubr=4294,
        previous_ubr=4171,
        display_version="21H2",
        caption="Microsoft Windows Server 2022 Standard",
        edition="ServerStandard",
        installation_type="Server",
    ),
    "2025": Edition(
        build=26100,
        ubr=6899,
        previous_ubr=6584,
        display_version="24H2",
        caption="Microsoft Windows Server 2025 Standard",
        edition="ServerStandard",
        installation_type="Server",
    ),
    "core2022": Edition(
        build=20348,
        ubr=4294,
        previous_ubr=4171,
        display_version="21H2",
        caption="Microsoft Windows Server 2022 Standard",
        edition="ServerStandard",
        installation_type="Server Core",
    ),
    "win10": Edition(
        build=19045,
        ubr=6456,
        previous_ubr=6332,
        display_version="22H2",
        caption="Microsoft Windows 10 Pro",
        edition="Professional",
        installation_type="Client",
    ),
    "win11": Edition(
        build=26100,
        ubr=6899,
        previous_ubr=6584,
        display_version="24H2",
        caption="Microsoft Windows 11 Pro",
        edition="Professional",
        installation_type="Client",
    ),
}


@dataclass(frozen=True)
class Host:
    """A Windows version in a role: member or dc of clinic.local, or workgroup."""

    kind: str
    role: str

    def __getattr__(self, name: str) -> Any:
        """Read build, ubr, caption and the other fields of the edition."""
        return getattr(EDITIONS[self.kind], name)

    @property
    def is_client(self) -> bool:
        return bool(self.installation_type == "Client")

    @property
    def is_dc(self) -> bool:
        return self.role == "dc"

    @property
    def is_domain(self) -> bool:
        return self.role != "workgroup"

    @property
    def is_2016(self) -> bool:
        return bool(self.build == 14393)

    @property
    def product_type(self) -> int:
        """Return Win32_OperatingSystem.ProductType: 1 workstation, 2 controller, 3 server."""
        if self.is_client:
            return 1
        return 2 if self.is_dc else 3

    @property
    def name(self) -> str:
        if self.is_dc:
            return "CLINIC-DC1"
        if not self.is_domain:
            return "CLINIC-WG1"
        return "CLINIC-PC1" if self.is_client else "CLINIC-FS1"
