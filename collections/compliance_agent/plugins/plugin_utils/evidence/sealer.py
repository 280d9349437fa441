# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to seal for a site: its directory, its two secrets, and the time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..clock import Clock
from ..phi.inventory import SiteInventory
from ..phi.pseudonyms import load_or_create_pseudonym_key
from ..phi.scrubber import Scrubber
from .carrier import Carrier, journal_carrier
from .keys import SiteKey, default_key_file, load_key
from .runstate import RunState
from .site import SiteDirectory


@dataclass(frozen=True, slots=True)
class Sealer:
    """Signs for one site. Its ``repr`` shows neither secret."""

    site: SiteDirectory
    key: SiteKey
    clock: Clock
    _pseudonym_key: bytes
    _shared: Scrubber | None = None

    def __repr__(self) -> str:
        return f"Sealer({self.site.site_id}, {self.key!r})"

    def carrier(self, journal: Path) -> Carrier:
        """Return what unpacks the verdicts in *journal*."""
        return journal_carrier(self._pseudonym_key, journal.stem)

    def scrubber(self, hosts: Iterable[str], today: date) -> Scrubber:
        """Return the scrubber of a run; *hosts* are names that may stand in its evidence.

        That of the run itself, where it has one: it knows all hosts of the inventory, and two
        would remember everything twice.
        """
        inventory = SiteInventory.of(hosts=hosts)
        return self._shared or Scrubber(self._pseudonym_key, inventory, today=today)


def open_sealer(state: RunState, site: SiteDirectory, clock: Clock) -> Sealer:
    """Return what signs for *site* with the secrets that *state* names.

    Raises SigningKeyUnusable and what is wrong with the key of the pseudonyms.
    """
    named = state.signing_key
    key = load_key(Path(named) if named else default_key_file(site.site_id))
    pseudonyms = load_or_create_pseudonym_key(pseudonym_file(state, site.site_id))
    return Sealer(site, key, clock, pseudonyms, state.shared.scrubber)


def pseudonym_file(state: RunState, site_id: str) -> Path:
    """Return where the pseudonym key lies unless HIPAA_PSEUDONYM_KEY_FILE says otherwise."""
    named = state.pseudonym_key
    return Path(named) if named else default_key_file(site_id).with_suffix(".pseudonyms")
