# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bare numbers may stay: small ones, counted ones, and those after a word of operations."""

import re

# What a number counts.
_UNIT = re.compile(
    r"\s?(?:%|°|[KMGTP]i?B(?:ps|/s)?\b|[KMGT]?bps\b|bytes?\b|[kmgt]b\b|[mnu]?s\b|ms\b"
    r"|(?:milli|micro|nano)seconds?\b|sec(?:ond)?s?\b|min(?:ute)?s?\b|h(?:ou)?rs?\b"
    r"|h\b|d(?:ay)?s?\b"
    r"|nights?\b|weeks?\b|months?\b|years?\b|files?\b|folders?\b|times?\b|pages?\b"
    r"|rows?\b|events?\b|updates?\b|records?\b|items?\b|objects?\b|entries\b|keys\b"
    r"|blocks?\b|clusters?\b|sectors?\b"
    r"|[MG]?Hz\b|rpm\b|iops\b|cores?\b|lines?\b|packets?\b|errors?\b|attempts?\b"
    r"|users?\b|hosts?\b|sessions?\b|connections?\b|threads?\b|handles?\b|threats?\b"
    r"|ticks?\b|of \d|/\d|-bit\b|x\d)",
    re.IGNORECASE,
)
# What comes before a number of operations. The last word counts: "event record id 12345".
_KEY = re.compile(
    r"(?<![A-Za-z])(?:event|events|id|ids|eventid|recordid|event record|pid|tid"
    r"|processid|process id"
    r"|threadid|thread id|process|thread|port|ports|tcp|udp|error|errors|code|codes|hr"
    r"|hresult|status|line|lines|ms"
    r"|level|type|version|v|build|ubr|rev|revision|count|size|total|session|stratum"
    r"|exit|result|results|rc|index|generation|step|page|pages|age|days|hours|minutes"
    r"|seconds"
    r"|uptime|logonid|mask|threat|threatid|task|opcode|keywords?|bugcheckcode|bucket"
    r"|dumped|error value|return value|offset|bytes"
    r"|length|free|used|limit|max|min|threshold|timeout|duration|elapsed|interval"
    r"|retry|retries|attempt|attempts"
    r"|sequence|seq|usn|lsn|vsn|epoch|ticks|handle|handles|memory|disk|volume"
    r"|sector|block|cluster|queue|job|state|win32|errno|rid|category|severity|capacity"
    r"|available|height|width)"
    r"[\"']?\]?\)?\W{0,3}$",
    re.IGNORECASE,
)
_CAMEL_KEY = re.compile(
    r"[a-z](?:Id|ID|Code|Count|Size|Bytes|Port|Status|Type|Level|Time|Ms|Number|Age"
    r"|Days|Hours|Minutes|Seconds|Total|Max|Min|Length|Offset|Index|Value|Version"
    r"|State)\W{0,3}$|_(?:id|code|count|size|bytes|kb|mb|gb|ms|port|status|type|level"
    r"|seconds|minutes|hours|days|total|max|min|number|index|age|percent|records"
    r"|events|rows)\W{0,3}$"
)
# What comes before a number of somebody, whatever else is there.
_PERSONAL_KEY = re.compile(
    r"(?<![A-Za-z])(?:mrn|ssn|patient|patients|pt|chart|acct|account|member|subscriber|policy|dob"
    r"|born|zip|plz|phone|tel|fax|call|called|licen[cs]e|badge|visit|encounter"
    r"|accession|claim|invoice|order"
    r"|patientid|patient[ _]?id|member[ _]?id|user|username|employee|extension|room"
    r"|bed|case)[ _]?(?:id|no|nr|number|num|#)?\W{0,4}$",
    re.IGNORECASE,
)
_BEFORE = 28
SMALL_DIGITS = 4
# "Schannel 36874: ..." names a source and its event.
_EVENT_DIGITS = 5
_SOURCE = re.compile(r"(?:[A-Za-z][A-Za-z/.-]{2,60} ){1,3}")


def may_stay(text: str, start: int, end: int) -> bool:
    """Return whether the digits of *text* from *start* to *end* are a number of operations."""
    before = text[max(0, start - _BEFORE) : start]
    if _PERSONAL_KEY.search(before):
        return False
    if end - start <= SMALL_DIGITS:
        return True
    if _UNIT.match(text, end):
        return True
    if (
        end - start <= _EVENT_DIGITS
        and _SOURCE.fullmatch(text[:start])
        and text[end : end + 2] == ": "
    ):
        return True
    return _KEY.search(before) is not None or _CAMEL_KEY.search(before) is not None
