# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that a site vouches for: its machines and products, never its people."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteInventory:
    """Names that stay as they are, in any case: what lowers over-redaction site by site.

    *hosts* also cover their fully qualified names in *domains*. *accounts* are service accounts.
    """

    hosts: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    shares: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        hosts: Iterable[str] = (),
        domains: Iterable[str] = (),
        shares: Iterable[str] = (),
        products: Iterable[str] = (),
        accounts: Iterable[str] = (),
    ) -> "SiteInventory":
        """Return the inventory of these names."""
        return cls(*map(_folded, (hosts, domains, shares, products, accounts)))

    def has_host(self, name: str) -> bool:
        """Return whether *name* (lower case) is a host of the site or in one of its domains."""
        return name in self.hosts or any(
            name == domain or name.endswith(f".{domain}") for domain in self.domains
        )

    def words(self) -> frozenset[str]:
        """Return all names and the words that they are made of, case-folded."""
        names = self.hosts | self.domains | self.shares | self.products | self.accounts
        parts = {part for name in names for part in re.split(r"[^\w$]+|_", name) if part}
        return names | parts


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names if name)
