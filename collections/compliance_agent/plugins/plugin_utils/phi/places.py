# SPDX-License-Identifier: GPL-3.0-or-later
"""Where somebody lives, and how old somebody is: what is smaller than a state, and ages over 89.

45 CFR 164.514(b)(2)(i)(B) and (C).
"""

import re

from .rule import Rule, rule
from .tokens import Kind

_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DC|DE|FL|GA|HI|IA|ID|IL|IN|KS|KY|LA|MA|MD|ME|MI|MN|MO|MS|MT"
    "|NC|ND|NE|NH|NJ|NM|NV|NY"
    "|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VA|VT|WA|WI|WV|WY"
)
_STREET = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way"
    r"|Place|Pl|Terrace|Ter|Circle|Cir|Parkway|Pkwy"
    r"|Highway|Hwy|Trail|Trl|Square|Sq|Loop|Alley|Plaza|Row|Run|Pike|Crescent|Turnpike"
    r"|Tpke|Route|Broadway|Bypass|Crossing|Expressway)"
)
_UNIT = (
    r"(?:,?\s(?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Bldg|Room|Rm|#"
    r"|Lot)\.?\s?#?[A-Za-z0-9-]{1,6})?"
)
_NUMBER_WORDS = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
# Words that stand before Drive, Place or Run in technical text.
_NO_STREET = re.compile(
    (
        r"\b(?:physical|logical|hard|disk|tape|usb|network|mapped|bytes|gb|mb|tb|kb|free"
        r"|system|virtual|errors?|files?|time|of|in|on|from|the|to|for|backup|test|first"
        r"|last)\b"
    ),
    re.IGNORECASE,
)


def _is_street(match: re.Match[str]) -> bool:
    return _NO_STREET.search(match.group("street")) is None


RULES: tuple[Rule, ...] = (
    rule(
        "street",
        Kind.ADDRESS,
        (
            rf"(?<![\w.:-])\d{{1,6}}(?:[A-Za-z]|-\d{{1,4}}|\s1/2)?\s(?P<street>"
            rf"(?:[NSEW]{{1,2}}\.?\s|(?:North|South|East|West)\s)?"
            rf"(?:[A-Z0-9][\w.'\u2019-]{{0,20}}\s){{1,4}}){_STREET}\b(?!-)\.?(?:\s(?:N|S|E|W|NE|NW|SE"
            rf"|SW)\b)?{_UNIT}(?:,?\s+[A-Z][A-Za-z.' -]{{1,30}},?\s+(?:{_STATES})\b"
            rf"(?:\.?,?\s+\d{{5}}(?:-\d{{4}})?)?|,\s+[A-Z][a-z]{{2,20}}"
            rf"(?:\s[A-Z][a-z]{{2,20}})?)?"
        ),
        check=_is_street,
    ),
    rule(
        "small_street",
        Kind.ADDRESS,
        (
            r"(?<![\w.:-])\d{1,5}\s(?P<street>(?:[a-z]{2,20}\s){1,2})(?:street|avenue|ave|road"
            r"|rd|lane|ln|court|blvd|boulevard)\b\.?(?:,?\s(?:apt|unit|suite)\.?\s?#?\w{1,6})?"
        ),
        needs="street ave road rd lane ln court bl",
        check=_is_street,
    ),
    rule(
        "street_abroad",
        Kind.ADDRESS,
        (
            r"(?<!\w)[A-ZÄÖÜ][\wäöüß.-]{1,30}(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring"
            r"|ufer|damm)\s\d{1,4}\s?[a-z]?(?!\w)(?:,?\s"
            r"(?:D-)?\d{5}\s[A-ZÄÖÜ][\wäöüß-]{2,30})?|(?<!\w)(?:rue|avenue|calle|via|plaza|rua"
            r"|avenida|paseo)\s(?:de\s|del\s|la\s|des\s|du\s){0,2}[A-ZÀ-Þ][\wà-ÿ'-]{1,30}"
            r"(?:\s[A-ZÀ-Þ][\wà-ÿ'-]{1,30}){0,3},?\s\d{1,4}"
        ),
        flags=re.IGNORECASE,
        needs=(
            "stra weg platz allee gasse ring ufer damm rue avenue calle via plaza rua avenida "
            "paseo "
        ),
    ),
    rule(
        "post_box",
        Kind.ADDRESS,
        r"(?<![A-Za-z])P\.?\s?O\.?\s?Box\s#?\d{1,6}|(?<![A-Za-z])Postfach\s\d{2,8}",
        flags=re.IGNORECASE,
        needs="box postfach",
    ),
    rule(
        "city_state",
        Kind.ADDRESS,
        (
            rf"(?<!\w)(?:[A-Z][a-z]{{1,20}}\s){{0,2}}[A-Z][a-z]{{1,20}},\s?(?:{_STATES})"
            rf"(?:\s{{1,2}}\d{{5}}(?:-\d{{4}})?)?(?![\w-])"
        ),
    ),
    rule("state_zip", Kind.ADDRESS, rf"(?<!\w)(?:{_STATES})\s{{1,2}}\d{{5}}(?:-\d{{4}})?(?![\w-])"),
    rule(
        "town_abroad",
        Kind.ADDRESS,
        (
            r"(?<![\w-])(?:D-|A-|CH-)?\d{4,5}\s[A-ZÄÖÜ][a-zäöüß]{2,20}(?:straße|burg|dorf"
            r"|stadt|heim|hausen|feld|berg|bach|furt|kirchen)(?!\w)"
        ),
    ),
    rule(
        "coordinates",
        Kind.GEO,
        (
            r"(?<![\w.])-?\d{1,3}\.\d{3,10}\s?°?\s?[NS]?\s?[,;/ ]\s?-?\d{1,3}\.\d{3,10}"
            r"(?:\s?°?\s?[EW])?(?![\w.])"
        ),
    ),
    rule(
        "coordinate",
        Kind.GEO,
        (
            r"\b(?:lat(?:itude)?|lon(?:g(?:itude)?)?|lng|gps)\b[\"']?\s{0,2}[:=]?\s{0,2}[\"']?"
            r"(?P<v>-?\d{1,3}\.\d{1,10}(?:\s?[,;/ ]\s?-?\d{1,3}\.\d{1,10})?)"
        ),
        needs="lat lon lng gps",
        flags=re.IGNORECASE,
    ),
    rule(
        "degrees",
        Kind.GEO,
        r"\d{1,3}\s?°\s?\d{1,2}\s?['′]\s?(?:\d{1,2}(?:\.\d{1,4})?\s?[\"″]?\s?)?[NSEW]?",
        needs=("° "),
    ),
    rule(
        "age",
        Kind.AGE,
        (
            r"(?<![\w.-])(?P<v>(?:9\d|1[01]\d))[ -]?(?:y/?o\b|yrs?\b(?:[ -]old)?"
            r"|years?[ -]olds?|year[ -]old|jahre alt|años)"
        ),
        flags=re.IGNORECASE,
    ),
    rule(
        "labelled_age",
        Kind.AGE,
        (
            r"(?<![A-Za-z])(?:age|aged|alter|edad)[\"']?\s{0,2}[:=]?\s{0,2}[\"']?(?P<v>9\d"
            r"|1[01]\d)(?![\d.]|\s?(?:s|sec|seconds|min|minutes|h|hours?|d|days?|weeks?"
            r"|months?|%)\b)"
        ),
        needs="age alter edad",
        flags=re.IGNORECASE,
    ),
    rule(
        "spoken_number",
        Kind.NUMBER,
        rf"\b{_NUMBER_WORDS}(?:[\s,-]{{1,2}}{_NUMBER_WORDS}){{3,15}}\b",
        flags=re.IGNORECASE,
        needs=("zero one two three four five six seven eight nine "),
    ),
)
