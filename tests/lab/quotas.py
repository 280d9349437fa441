# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of a Windows host with its defaults, so that what we send is known to fit.

Defaults: Microsoft Learn, "Installation and configuration for Windows Remote Management"
(MaxEnvelopeSizekb 500, MaxConcurrentOperationsPerUser 1500) and "Quota management for remote
shells" (MaxShellsPerUser 30, MaxProcessesPerShell 25); both read as of 2025. The PowerShell
plug-in of WSMan has quotas of its own, which the lab leaves out. Codes: wsmerror.h.
"""

from dataclasses import dataclass

from lab.wsman import Fault

TOO_MANY_SHELLS = 0x803381A5  # ERROR_WSMAN_QUOTA_MAX_SHELLS
TOO_MANY_OPERATIONS = 0x803381A6  # ERROR_WSMAN_QUOTA_MAX_OPERATIONS
TOO_MANY_COMMANDS = 0x803381E9  # ERROR_WSMAN_QUOTA_MAX_COMMANDS_PER_SHELL_PPQ
ENVELOPE_TOO_LARGE = 0x80338048  # ERROR_WSMAN_MAX_ENVELOPE_SIZE_EXCEEDED

_ENVELOPE_MARGIN_BYTES = 4096  # header and tags around the base64 of one Receive


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one user may have on one host, and how large a message may be."""

    max_envelope_kib: int = 500
    max_shells_per_user: int = 30
    max_processes_per_shell: int = 25
    max_operations_per_user: int = 1500

    def admit_envelope(self, size_bytes: int) -> None:
        """Raise Fault for a request of *size_bytes* that is over MaxEnvelopeSizekb."""
        if size_bytes > self.max_envelope_kib * 1024:
            raise Fault(
                ENVELOPE_TOO_LARGE,
                "w:EncodingLimit",
                "The WS-Management service cannot process the request because the packet of "
                f"{size_bytes} bytes exceeds the envelope size quota of {self.max_envelope_kib} "
                "KB. Change the value of MaxEnvelopeSizekb.",
            )

    def admit_shell(self, open_shells: int) -> None:
        """Raise Fault if a user with *open_shells* may not open another."""
        if open_shells >= self.max_shells_per_user:
            raise Fault(
                TOO_MANY_SHELLS,
                "w:QuotaLimit",
                "The WS-Management service cannot process the request. This user is allowed a "
                f"maximum number of {self.max_shells_per_user} concurrent shells, which has been "
                "exceeded. Close existing shells or raise the quota for this user.",
                has_wmi_error=True,
            )

    def admit_command(self, *, running_in_shell: int, operations_of_user: int) -> None:
        """Raise Fault if another command may not start in this shell or for this user."""
        if operations_of_user >= self.max_operations_per_user:
            raise operations_exceeded(self.max_operations_per_user)
        if running_in_shell >= self.max_processes_per_shell:
            raise Fault(
                TOO_MANY_COMMANDS,
                "w:QuotaLimit",
                "The WS-Management service cannot process the request. The maximum number of "
                f"{self.max_processes_per_shell} concurrent commands in one shell has been "
                "exceeded. Retry later or raise the quota.",
                has_wmi_error=True,
            )

    def stream_bytes(self, client_limit_bytes: int) -> int:
        """Return how many raw bytes of output fit into one Receive, as base64."""
        envelope = min(client_limit_bytes, self.max_envelope_kib * 1024)
        return max(envelope - _ENVELOPE_MARGIN_BYTES, _ENVELOPE_MARGIN_BYTES) * 3 // 4


def operations_exceeded(limit: int) -> Fault:
    """Return the fault on which Ansible's winrm connection opens a new shell and tries again."""
    return Fault(
        TOO_MANY_OPERATIONS,
        "w:QuotaLimit",
        "The WS-Management service cannot process the request. This user is allowed a maximum "
        f"number of {limit} concurrent operations, which has been exceeded. Close existing "
        "operations for this user, or raise the quota for this user.",
        has_wmi_error=True,
    )
