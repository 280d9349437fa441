# SPDX-License-Identifier: GPL-3.0-or-later
"""On which port Ansible reaches a host, as its connection plugin settles it. Pure.

A repair of the firewall lets exactly this port in. One that is guessed loses the host, so what no
plugin here has an answer for is unknown, and the repair is refused.
"""

from collections.abc import Callable

HTTP_PORT, HTTPS_PORT, SSH_PORT = 5985, 5986, 22


def management_port(plugin: str, option: Callable[[str], object]) -> int | None:
    """Return the port that the connection *plugin* uses; *option* gives the value of its option."""
    name = plugin.rpartition(".")[2]
    if name not in {"psrp", "winrm", "ssh"}:
        return None
    port = option("port")
    if port is not None:
        return int(str(port))
    if name == "ssh":
        return SSH_PORT
    # As both plugins do: HTTPS unless HTTP is asked for.
    return HTTP_PORT if name == "psrp" and option("protocol") == "http" else HTTPS_PORT
