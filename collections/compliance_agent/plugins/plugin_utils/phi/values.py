# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrub one value under the policy of its field; what cannot be is replaced and flagged."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from .grammars import GRAMMARS
from .inventory import SiteInventory
from .logmode import LogMode
from .numbers import SMALL_DIGITS
from .policies import Mode, Policy
from .prose import prose_spans
from .rule import Span
from .strict import has_identifier
from .tokens import UNSCRUBBABLE, Kind, Pseudonymizer, is_token
from .vocabulary import Vocabulary

LARGEST_TEXT = 64 * 1024
# No counter is longer; of a number without end not even the text could be made.
MOST_DIGITS = 20
# A second pass finds little, a third nothing; a text that never settles is not understood.
_MOST_PASSES = 5

_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[a-z][a-z0-9]{0,23}(?:_[a-z0-9]{1,23}){0,7}")
_SYSTEM_ACCOUNT = re.compile(
    r"(?:(?:NT AUTHORITY|NT SERVICE|BUILTIN|IIS APPPOOL|Window Manager|Font Driver Host)\\.{1,64}"
    r"|(?:.{1,32}\\)?(?:SYSTEM|LOCAL SERVICE|NETWORK SERVICE|Administrator|Guest"
    r"|krbtgt|DefaultAccount)|ansible|root)",
    re.IGNORECASE,
)
_WHOLE = {Mode.DROP: Kind.DROPPED, Mode.PROSE: Kind.PROSE}


@dataclass(frozen=True, slots=True)
class Change:
    """What a value became, which kinds went, and whether that is a reason to look (E007)."""

    value: Any
    kinds: tuple[str, ...] = ()
    is_flagged: bool = False


REFUSED = Change(UNSCRUBBABLE, (), is_flagged=True)


class ValueScrubber:
    """Scrubs values of one site. Each method returns None for a value that stays as it is."""

    def __init__(self, pseudonyms: Pseudonymizer, inventory: SiteInventory, today: date) -> None:
        self._pseudonyms = pseudonyms
        self._inventory = inventory
        self._vocabulary = Vocabulary(inventory.words())
        self._log = LogMode(self._vocabulary, inventory, today)

    def text(self, mode: Mode, grammar: str, text: str) -> Change | None:
        """Return what *text* becomes under a policy; never raises, never lets doubt through."""
        if len(text) > LARGEST_TEXT or _SURROGATE.search(text):
            return REFUSED
        try:
            change = self._change(mode, grammar, text)
            left = text if change is None else change.value
            return REFUSED if has_identifier(left) else change
        except Exception:  # noqa: BLE001 - whatever went wrong, the value must not pass
            return REFUSED

    def scalar(self, value: Any, policy: Policy, name: str) -> Change | None:
        """Return what a number, a truth or null becomes in the field called *name*."""
        if value is None:
            return None
        if policy.mode is Mode.DROP:
            return Change(None, (Kind.DROPPED,))
        if isinstance(value, bool) or (policy.keeps_numbers and isinstance(value, int | float)):
            return None
        if isinstance(value, int | float):
            return self._number(value, name)
        return REFUSED

    def _number(self, value: float, name: str) -> Change | None:
        try:
            size = abs(int(value))
        except (OverflowError, ValueError):
            return None  # infinity, or no number at all
        if size < 10**SMALL_DIGITS:
            return None
        # Its key is what comes before it: free_bytes=1073741824. Nothing counts as far as the last.
        is_counted = size < 10**MOST_DIGITS and not self.text(Mode.LOG, "", f"{name}={size}")
        return None if is_counted else Change(None, (Kind.NUMBER,))

    def key(self, key: Any) -> Change | None:
        """Return what the key of an object becomes."""
        if not isinstance(key, str):
            return REFUSED
        return self.text(Mode.LOG, "", key)

    def _change(self, mode: Mode, grammar: str, text: str) -> Change | None:
        if not text or is_token(text):
            return None
        if mode in _WHOLE:
            return self._whole(_WHOLE[mode], text)
        form = "host" if mode is Mode.HOST else grammar
        if form and GRAMMARS[form](text) and not has_identifier(text):
            return None
        if mode is Mode.USER:
            return self._user(text)
        return self._settled(text)

    def _settled(self, text: str) -> Change | None:
        """Scrub until nothing more goes, so that what was scrubbed once stays as it is."""
        change = self._replaced(text, self._log.spans(text))
        kinds: tuple[str, ...] = ()
        for _pass in range(_MOST_PASSES):
            if change is None:
                return Change(text, kinds) if kinds else None
            text, kinds = change.value, (*kinds, *change.kinds)
            change = self._replaced(text, self._log.spans(text))
        return REFUSED

    def prose(self, text: str) -> Change | None:
        """Return what a note becomes: all that log mode takes, and capitals, dates and numbers."""
        if len(text) > LARGEST_TEXT or _SURROGATE.search(text):
            return REFUSED
        try:
            change = self._replaced(
                text, prose_spans(text, self._log.spans(text), self._vocabulary)
            )
            return REFUSED if has_identifier(text if change is None else change.value) else change
        except Exception:  # noqa: BLE001 - as in text
            return REFUSED

    def _user(self, text: str) -> Change | None:
        folded = text.casefold()
        if _SYSTEM_ACCOUNT.fullmatch(text) or folded in self._inventory.accounts:
            return None
        domain, slash, user = text.rpartition("\\")
        if is_token(user) and self._vocabulary.is_operational(domain.casefold()):
            return None
        if user.casefold() in self._inventory.accounts:
            return None
        keeps_domain = slash and self._vocabulary.is_operational(domain.casefold())
        if keeps_domain:
            return Change(f"{domain}\\{self._pseudonyms.token(Kind.USER, user)}", (Kind.USER,))
        return self._whole(Kind.USER, text)

    def _whole(self, kind: Kind, text: str) -> Change:
        return Change(self._pseudonyms.token(kind, text), (kind,))

    def _replaced(self, text: str, spans: list[Span]) -> Change | None:
        if not spans:
            return None
        parts: list[str] = []
        at = 0
        for start, end, kind in spans:
            parts += [text[at:start], self._pseudonyms.token(kind, text[start:end])]
            at = end
        parts.append(text[at:])
        return Change("".join(parts), tuple(kind for _start, _end, kind in spans))
