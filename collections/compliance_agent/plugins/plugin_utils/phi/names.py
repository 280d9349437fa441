# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that are names, too: Grant, Young, Rose. They go beside what went, and behind a title."""

import re
from collections.abc import Callable, Iterator, Sequence

from .rule import Span
from .tokens import Kind
from .vocabulary import Vocabulary

_NAME_WORD = r"[^\W\d_]{1,30}(?:['’-][^\W\d_]{1,30}){0,2}"
_TITLE = re.compile(
    r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Sr|Sra|Señora?|Mme|M|Rev|Fr"
    rf"|Sgt|Capt|Nurse|Bay|Bey|Hanım|mr|mrs|ms|dr|prof|DR|MR|MRS)\b\.?\s{{1,2}}(?P<v>"
    rf"(?:[A-Z]\.?\s)?{_NAME_WORD}(?:\s(?:[A-Z]\.\s)?[A-ZÀ-Þ][\w'’-]{{1,30}}){{0,2}})"
)
_CREDENTIALS = re.compile(
    r"(?P<v>(?:[A-ZÀ-Þ][\w'’.-]{0,30}\s){1,3}?[A-ZÀ-Þ][\w'’-]{1,30}),?\s(?:MD"
    r"|M\.D\.|DO|D\.O\.|RN|NP|PA-C|LPN|DDS|DMD|PhD|APRN|CRNA|FACP|Jr\.?|Esq\.?)(?!\w)"
)
# A weak label: what follows is a person unless it is a word of operations.
_WEAK_LABEL = re.compile(
    r"(?<![A-Za-z])(?:user(?:[ _]?name|[ _]?id|s)?|(?:subject|target|caller|logon|sam"
    r"|windows|domain|local|ad)?[ _]?(?:account|user)[ _]?name|samaccountname"
    r"|userprincipalname|upn|owner|owned by|author|creator|created by|modified by"
    r"|changed by|last (?:saved|modified|logged on) by|requested by|requester"
    r"|performed by|approved by"
    r"|run ?as|runas user|run by|started by|initiated by|opened by|locked by|called by"
    r"|caller|assignee|assigned to|operator|technician|tech|by user|for user|of user"
    r"|logged (?:on|in|off)(?: as| user)?|signed (?:in|on) as|sign-in name|login|logon"
    r"|benutzer(?:name)?|benutzerkonto|usuario|utilisateur|kullan[iı]c[iı]|name"
    r"|display ?name|from|to|cc|sender|recipient|submitted by|printed by|mailbox"
    r"|profile|last user|lastloggedonuser|defaultusername|registeredowner"
    r"|registered owner|member name|provider name|provider|doctor|host user)"
    r"[\"']?\]?\)?\s{0,3}(?:[:=]|=>)\s{0,3}[\"'\[<(]?\s?(?P<v>[^\r\n\t,;|=<>(){}\[\]\"]{1,64})",
    re.IGNORECASE,
)
_SPOKEN_LABEL = re.compile(
    (
        r"(?<![A-Za-z])(?:user|owned by|by user|for user|on behalf of|account|login"
        r"|created by|modified by|printed by|opened by|logged (?:on|in) (?:as|by)"
        r"|signed in as|run as|impersonating|benutzer|usuario)\s{1,2}[\"'“‘]?(?P<v>"
        r"(?:[A-Za-z0-9.-]{1,32}\\)?[\w.$@-]{2,64})"
    ),
    re.IGNORECASE,
)
_DOMAIN_USER = re.compile(
    r"(?<![\w\\:/.$%-])(?P<d>[A-Za-z][A-Za-z0-9-]{1,20})\\"
    r"(?P<v>[A-Za-z0-9][\w.$@-]{1,63})(?![\w\\:])"
)
_SAFE_ACCOUNT = frozenset(
    (
        "system administrator administrators guest guests defaultaccount wdagutilityaccou"
        "nt krbtgt everyone public anonymous local network service nobody none null unkno"
        "wn n/a all default users services domain"
    ).split()
)
_WORD = re.compile(r"[^\W\d_]+")
_GAP = re.compile(r"(?:[ ,.&/+_-]|, | & |\. ){1,2}")
_DOMAIN = re.compile(r"[A-Za-z][A-Za-z0-9.-]{1,31}")


class NameFinder:
    """Finds names by their neighbours, titles and weak labels."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def titled(self, text: str) -> Iterator[Span]:
        """Yield names that follow a title or precede a degree."""
        for pattern in (_TITLE, _CREDENTIALS):
            for match in pattern.finditer(text):
                value = match.group("v")
                words = _WORD.findall(value)
                if pattern is _TITLE and (value[:1].islower() and self._all_plain(words)):
                    continue
                if all(self._is_plain_operation(word) for word in words):
                    continue
                yield *match.span("v"), Kind.NAME

    def labelled(self, text: str) -> Iterator[Span]:
        """Yield users behind a label and behind a domain."""
        for pattern in (_WEAK_LABEL, _SPOKEN_LABEL, _DOMAIN_USER):
            for match in pattern.finditer(text):
                span = self._user_span(match, strictly=pattern is not _SPOKEN_LABEL)
                if span is not None:
                    yield span

    def _user_span(self, match: re.Match[str], *, strictly: bool) -> Span | None:
        value = match.group("v").rstrip(" .'’”")
        start = match.start("v")
        if "\\" in value:
            domain, _, user = value.partition("\\")
            if not _DOMAIN.fullmatch(domain):
                return None
            start += len(domain) + 1
            value = user
        if not value or value.startswith("<"):
            return None
        if strictly:
            # A value of one or two words; more is a sentence, which the words decide.
            words = _WORD.findall(value)
            if not words or len(words) > 3 or self._is_account(value, words):
                return None
            return start, start + len(value), Kind.USER
        words = _WORD.findall(value)
        if words and any(
            self._vocabulary.is_name(word.lower())
            and not self._vocabulary.is_operational(word.lower())
            for word in words
        ):
            return start, start + len(value), Kind.USER
        return None

    def _is_account(self, value: str, words: Sequence[str]) -> bool:
        """Return whether *value* is an account of Windows, a service or a machine."""
        folded = value.lower()
        if (
            folded in _SAFE_ACCOUNT
            or self._vocabulary.is_known(folded)
            or self._vocabulary.is_known(folded.rstrip("$"))
        ):
            return True
        return all(self._is_plain_operation(word) for word in words)

    def _is_plain_operation(self, word: str) -> bool:
        folded = word.lower()
        if folded in _SAFE_ACCOUNT or self._vocabulary.is_known(folded):
            return True
        if len(folded) == 1:
            return True
        return self._vocabulary.is_operational(folded) and not (
            self._vocabulary.is_name(folded) and word[:1].isupper()
        )

    def _all_plain(self, words: Sequence[str]) -> bool:
        return all(
            self._vocabulary.has(word.lower()) and not self._vocabulary.is_name(word.lower())
            for word in words
        )

    def beside(
        self, text: str, candidates: Sequence[tuple[int, int]], is_gone: Callable[[int], bool]
    ) -> Iterator[Span]:
        """Yield those of *candidates* that stand beside something gone, or beside each other."""
        gone: set[int] = set()
        for order in (candidates, candidates[::-1]):
            for place, (start, end) in enumerate(order):
                if start in gone:
                    continue
                neighbours = order[max(0, place - 1) : place] + order[place + 1 : place + 2]
                if self._touches(text, start, end, is_gone, gone) or any(
                    self._pairs(text, (start, end), other) for other in neighbours
                ):
                    gone.update(range(start, end))
                    yield start, end, Kind.NAME

    def _touches(
        self, text: str, start: int, end: int, is_gone: Callable[[int], bool], gone: set[int]
    ) -> bool:
        for gap in (1, 2):
            left, right = start - gap - 1, end + gap
            if (
                left >= 0
                and _GAP.fullmatch(text[start - gap : start])
                and (is_gone(left) or left in gone)
            ):
                return True
            if (
                right < len(text)
                and _GAP.fullmatch(text[end : end + gap])
                and (is_gone(right) or right in gone)
            ):
                return True
        return False

    def _pairs(self, text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
        """Return whether two words side by side read as a first and a last name."""
        (start, end), (low, high) = min(one, other), max(one, other)
        if not 0 < low - end <= 2 or not _GAP.fullmatch(text[end:low]):
            return False
        words = text[start:end].lower(), text[low:high].lower()
        return self._vocabulary.are_names(*words) and not all(
            map(self._vocabulary.is_operational, words)
        )
