# SPDX-License-Identifier: GPL-3.0-or-later
r"""Folders, shares and files: where people put names.

Behind a share or a folder of data a word that is a name, too, is a name.
"""

import re
from collections.abc import Iterator

from .rule import Span
from .tokens import Kind
from .vocabulary import Vocabulary

_UNC = re.compile(
    r"(?<![\\\w?])\\\\(?P<host>[A-Za-z0-9][\w.-]{0,62})\\(?P<rest>[^\s\"'<>|*?]{1,512})"
)
_DATA = re.compile(
    (
        r"[\\/](?:patients?|clients?|members?|residents?|charts?|scans?|scanned|records?"
        r"|documents?|faxes|fax|images?|photos?|home|homes|users?|profiles?|staff"
        r"|employees?|hr|letters?|labs?|results?|referrals?|correspondence|billing"
        r"|statements?|dicom|studies|x-?rays?|exams?|consents?|desktop|downloads|inbox"
        r"|outbox|personal|private|shared?|data|temp|printers|attachments)[\\/]"
        r"(?P<rest>[^\r\n\"'<>|*?:;]{1,256})"
    ),
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]{2,30}")


def path_spans(text: str, vocabulary: Vocabulary) -> Iterator[Span]:
    """Yield words of folders and files that can be names."""
    if "\\" not in text and "/" not in text:
        return
    for pattern in (_UNC, _DATA):
        for match in pattern.finditer(text):
            start = match.start("rest")
            rest = match.group("rest")
            if pattern is _DATA:
                # A file name may hold spaces, a sentence that follows it is not part of it.
                rest = re.split(r"\s(?=[a-z])|,\s|\.\s", rest, maxsplit=1)[0]
            for word in _WORD.finditer(rest):
                folded = word.group().lower()
                is_capital = word.group()[0].isupper()
                if vocabulary.is_name(folded) and (
                    not vocabulary.is_operational(folded) or (pattern is _DATA and is_capital)
                ):
                    yield start + word.start(), start + word.end(), Kind.NAME
