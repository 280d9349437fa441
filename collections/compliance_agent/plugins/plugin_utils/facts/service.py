# SPDX-License-Identifier: GPL-3.0-or-later
"""A Windows service as Win32_Service tells it, the same in every language of Windows."""

from typing import Literal

from .host_record import HostRecord

# Win32_Service.State and StartMode (Microsoft Learn, "Win32_Service class"); a word that is none of
# them is no reading.
ServiceState = Literal[
    "Stopped",
    "Start Pending",
    "Stop Pending",
    "Running",
    "Continue Pending",
    "Pause Pending",
    "Paused",
    "Unknown",
]
StartMode = Literal["Boot", "System", "Auto", "Manual", "Disabled"]


class InstalledService(HostRecord):
    """A service that is on the host."""

    name: str
    state: ServiceState | None
    start_mode: StartMode | None
    exit_code: int | None

    @property
    def is_running(self) -> bool:
        return self.state == "Running"


class Service(InstalledService):
    """A service that was asked for by name, and may not exist."""

    exists: bool

    @property
    def is_running(self) -> bool:
        return self.exists and self.state == "Running"
