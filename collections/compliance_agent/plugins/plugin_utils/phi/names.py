# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that are names, too: Grant, Young, Rose. They go beside what went, and behind a title."""

import re
from collections.abc import Callable, Iterator, Sequence

from .rule import Span
from .tokens import Kind
from .vocabulary import Vocabulary

_NAME_WORD = r"[^\W\d_]{1,30}(?:['\u2019-][^\W\d_]{1,30}){0,2}"
_TITLE = re.compile(
    r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Sr|Sra|Señora?|Mme|M|Rev|Fr"
    rf"|Sgt|Capt|Nurse|Bay|Bey|Hanım|mr|mrs|ms|dr|prof|DR|MR|MRS)\b\.?\s{{1,2}}(?P<v>"
    rf"(?:[A-Z]\.?\s)?{_NAME_WORD}(?:\s(?:[A-Z]\.\s)?[A-ZÀ-Þ][\w'\u2019-]{{1,30}}){{0,2}})"
)
_CREDENTIALS = re.compile(
    r"(?P<v>(?:[A-ZÀ-Þ][\w'\u2019.-]{0,30}\s){1,3}?[A-ZÀ-Þ][\w'\u2019-]{1,30}),?\s(?:MD"
    r"|M\.D\.|DO|D\.O\.|RN|NP|PA-C|LPN|DDS|DMD|PhD|APRN|CRNA|FACP|Jr\.?|Esq\.?)(?!\w)"
)
# A weak label: what follows is a person unless it is a word of operations.
# What follows is an account unless it is one of Windows, of a service or of the site.
_ACCOUNT_LABEL = re.compile(
    r"(?<![A-Za-z])(?:user(?:[ _]?name|[ _]?id|s)?|(?:subject|target|caller|logon|sam"
    r"|windows|domain"
    r"|local|ad)?[ _]?(?:account|user)[ _]?name|account that was locked out"
    r"|samaccountname|userprincipalname|upn|owner|owned by"
    r"|creator|created by|modified by|changed by|last (?:saved|modified|logged on) by|requested by"
    r"|requester|performed by|approved by|run ?as|runas user|run by|started by"
    r"|initiated by|opened by|deleted by|accessed by"
    r"|locked by|called by|caller|assignee|assigned to|operator|technician|tech|by user|for user"
    r"|of user|logged (?:on|in|off)(?: as| user)?|signed (?:in|on) as|sign-in name|login|logon"
    r"|benutzer(?:name)?|benutzerkonto|usuario|utilisateur|kullan[iı]c[iı]"
    r"|submitted by|printed by|mailbox"
    r"|last user|lastloggedonuser|defaultusername|registered ?owner|member name|host user)"
    r"[\"']?\]?\)?\s{0,3}(?:[:=]|=>)\s{0,3}[\"'\[<(]?\s?(?P<v>[^\r\n\t,;|=<>(){}\[\]\"']{1,64})",
    re.IGNORECASE,
)
_ACCOUNT_WORDS = (
    "user account name by login logon upn owner creator request operator tech assign calle run"
    " mailbox behalf imperson logged signed benutzer usuario utilisateur kullan"
).split()
_ADDRESS_WORDS = (
    "call|text|spoke|hi |hello|dear|hey|ask|tell|told|thanks|regards|sincerely|attn|name|meet"
    "|message|mail|patient|nurse|resident"
).split("|")
_DEGREES = (
    " MD",
    " M.D",
    " DO",
    " D.O",
    " RN",
    " NP",
    " PA-C",
    " LPN",
    " DDS",
    " DMD",
    " PhD",
    " APRN",
    " CRNA",
    " FACP",
    " Jr",
    " Esq",
    ",MD",
    ",RN",
)
# What follows may be a person or a thing: only names go.
_NAME_LABEL = re.compile(
    r"(?<![A-Za-z])(?:name|named|display ?name|from|to|cc|bcc|sender|recipient|author"
    r"|profile|provider|contact|attn|re|with)\s{0,2}[:=]\s{0,2}[\"'\[]?"
    r"(?P<v>[^\r\n\t,;|=<>(){}\[\]\"':\\/]{1,48})",
    re.IGNORECASE,
)
# Somebody is spoken to or of: a capitalised name follows even if it is a word of operations.
_ADDRESSED = re.compile(
    r"\b(?:[Cc]all(?:ed)?(?: back)?|[Tt]ext(?:ed)? from|[Ss]poke (?:with|to|w/)|[Hh]i"
    r"|[Hh]ello|[Dd]ear|[Hh]ey|[Aa]sk(?:ed)?|[Tt]ell|[Tt]old|[Tt]hanks|[Rr]egards,?"
    r"|[Ss]incerely,?|[Aa]ttn:?"
    r"|[Nn]amed|[Nn]ame is|[Mm]eet(?:ing)? with|[Mm]essage (?:from|for)"
    r"|[Vv]oicemail from|[Ee]mail from|[Ff]or patient|[Pp]atient|[Nn]urse"
    r"|[Rr]esident)\s{1,2}(?P<v>[A-ZÀ-Þ][a-zà-ÿ]{1,20}(?:\s[A-ZÀ-Þ][a-zà-ÿ]{1,20})?)\b"
)
_SPOKEN_LABEL = re.compile(
    r"(?<![A-Za-z])(?:user|[a-z]{3,12}ed by|by user|for user|on behalf of|account|login"
    r"|created by|modified by|printed by"
    r"|opened by|deleted by|accessed by|editing by|logged (?:on|in)"
    r"(?: to [a-z ]{1,24})? (?:as|by)|signed in as|run as|impersonating|benutzer"
    r"|usuario|mailbox of)\s{1,2}[\"'\u201c\u2018]?(?P<v>(?:[A-Za-z0-9.-]{1,32}\\)?[\w.$@-]{2,64})",
    re.IGNORECASE,
)
_DOMAIN_USER = re.compile(
    r"(?<![\w\\:/.$%-])(?P<v>[A-Za-z][A-Za-z0-9-]{1,20}\\[A-Za-z0-9][\w.$@-]{1,63})(?![\w\\:])"
)
_IN_PATH = re.compile(r"[\\/][^\\/\r\n\"'=;:,]{0,40}$")
_NO_DOMAIN = frozenset(
    (
        "usb pci acpi hid hdaudio swd root scsi ide sw software system security hardware hklm hkcu"
        " hkcr hku device driver registry microsoft windows machine classes services service"
        " apppool"
    ).split()
)
_PROGRAM = re.compile(r"\.(?:exe|dll|sys|msc|ps1|bat|cmd|msi|log|evtx|com|scr)$", re.IGNORECASE)
_SAFE_ACCOUNT = frozenset(
    (
        "system administrator administrators guest guests defaultaccount wdagutilityaccou"
        "nt krbtgt everyone public anonymous local network service nobody none null unkno"
        "wn n/a all default users services domain"
    ).split()
)
# Words and the humps of joined ones: CurrentVersion is two.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_GAP = re.compile(r"(?:[ ,.&/+_-]|, | & |\. ){1,2}")
_MOST_NAMES = 3
_WIDEST_GAP = 2
_DOMAIN = re.compile(r"[A-Za-z][A-Za-z0-9.-]{1,31}")


class NameFinder:
    """Finds names by their neighbours, titles and weak labels."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def titled(self, text: str) -> Iterator[Span]:
        """Yield names that follow a title or precede a degree."""
        has_degree = any(degree in text for degree in _DEGREES)
        for pattern in (_TITLE, _CREDENTIALS) if has_degree else (_TITLE,):
            for match in pattern.finditer(text):
                value = match.group("v")
                words = _WORD.findall(value)
                if pattern is _TITLE and (value[:1].islower() and self._all_plain(words)):
                    continue
                if all(self._is_plain_operation(word) for word in words):
                    continue
                yield *match.span("v"), Kind.NAME

    def labelled(self, text: str, lower: str) -> Iterator[Span]:
        """Yield accounts and people behind a label, a form of address or a domain."""
        if any(word in lower for word in _ACCOUNT_WORDS):
            for match in _ACCOUNT_LABEL.finditer(text):
                yield from self._account(match)
            yield from self._people(_SPOKEN_LABEL, text)
        if "\\" in text:
            yield from self._domain_accounts(text)
        if ":" in text or "=" in text:
            yield from self._people(_NAME_LABEL, text)
        if any(word in lower for word in _ADDRESS_WORDS):
            yield from self._addressed(text)

    def is_month_of_name(self, month: str, beside: str) -> bool:
        """Return whether a *month* is a name where it stands *beside* a word (lower case)."""
        return not self._vocabulary.has(beside) or self._vocabulary.are_names(month, beside)

    def _domain_accounts(self, text: str) -> Iterator[Span]:
        for match in _DOMAIN_USER.finditer(text):
            before = text[max(0, match.start() - 48) : match.start()]
            domain = match.group("v").partition("\\")[0].lower()
            if domain not in _NO_DOMAIN and not _IN_PATH.search(before):
                yield from self._account(match)

    def _people(self, pattern: re.Pattern[str], text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            value = match.group("v").rstrip(" .")
            words = _WORD.findall(value.rpartition("\\")[2])
            if self._reads_as_name(words):
                start = match.end("v") - len(match.group("v").rpartition("\\")[2])
                yield start, match.start("v") + len(value), Kind.NAME

    def _addressed(self, text: str) -> Iterator[Span]:
        for match in _ADDRESSED.finditer(text):
            words = _WORD.findall(match.group("v"))
            if words and self._vocabulary.is_name(words[0].lower()):
                end = match.end("v")
                if len(words) > 1 and not self._vocabulary.is_name(words[1].lower()):
                    end = match.start("v") + len(words[0])
                yield match.start("v"), end, Kind.NAME

    def _reads_as_name(self, words: Sequence[str]) -> bool:
        """Return whether up to three *words* are names: one rare one, or all of several."""
        folded = [word.lower() for word in words if len(word) > 1]
        if not 1 <= len(folded) <= _MOST_NAMES:
            return False
        names = [word for word in folded if self._vocabulary.is_name(word)]
        return any(not self._vocabulary.is_operational(word) for word in names) or (
            len(names) == len(folded) > 1
        )

    def _account(self, match: re.Match[str]) -> Iterator[Span]:
        value = match.group("v").rstrip(" .\u2019\u201d")
        start = match.start("v")
        if "\\" in value:
            domain, _slash, value_in_domain = value.partition("\\")
            if not _DOMAIN.fullmatch(domain):
                return
            start += len(domain) + 1
            value = value_in_domain
        # A value of one to three words; more is a sentence, which its words decide.
        words = _WORD.findall(value)
        if not words or len(value.split()) > _MOST_NAMES or _PROGRAM.search(value):
            return
        if not self._is_account(value, words):
            yield start, start + len(value), Kind.USER

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
        self, text: str, candidates: list[tuple[int, int]], is_gone: Callable[[int], bool]
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
        if not 0 < low - end <= _WIDEST_GAP or not _GAP.fullmatch(text[end:low]):
            return False
        words = text[start:end].lower(), text[low:high].lower()
        return self._vocabulary.are_names(*words) and not all(
            map(self._vocabulary.is_operational, words)
        )
