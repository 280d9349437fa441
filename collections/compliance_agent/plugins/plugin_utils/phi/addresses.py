# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses of the network are the site's own, or nobody's: only public ones tell of people.

Addresses that are reserved for documentation count as public: in an example they stand for one.
"""

import ipaddress
import re

_OWN = tuple(
    map(
        ipaddress.ip_network,
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16"
        " 224.0.0.0/4 240.0.0.0/4 ::/127 fc00::/7 fe80::/10 ff00::/8".split(),
    )
)
# Public resolvers of names.
_RESOLVERS = frozenset(
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 208.67.222.222 208.67.220.220".split()
)


def is_private_address(match: re.Match[str]) -> bool:
    """Return whether *match* is an address that may stay."""
    address = _parsed(match.group())
    if address is None:
        return False
    return str(address) in _RESOLVERS or any(address in network for network in _OWN)


def is_public_address(match: re.Match[str]) -> bool:
    """Return whether *match* is an address, and one that may be somebody's."""
    return _parsed(match.group()) is not None and not is_private_address(match)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(re.split("[%/]", text, maxsplit=1)[0])
    except ValueError:
        return None
