# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell a host that was lost from a task that went wrong. Pure.

Ansible calls a host unreachable when its session cannot be opened. When an open one breaks, winrm
and psrp let the error of the HTTP library pass, and Ansible calls the task failed: the same dead
host would be one or the other, by the moment of its death.
"""

# pywinrm and pypsrp speak HTTP through requests, which lets some errors of urllib3 through.
HTTP_LIBRARIES = frozenset({"requests", "urllib3"})


def is_connection_loss(error: Exception) -> bool:
    """Return whether *error* says that the network or the host at its end went away."""
    libraries = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return isinstance(error, ConnectionError | TimeoutError) or not libraries.isdisjoint(
        HTTP_LIBRARIES
    )
