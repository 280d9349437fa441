# SPDX-License-Identifier: GPL-3.0-or-later
"""What a word before a value says about it: MRN:, account no, Patient=, Zip.

A label makes a value an identifier whatever it looks like. A weak label (user, name, owner) goes
before words of operations, too: `names` decides on those.
"""

import re

from .rule import Rule, rule
from .tokens import Kind

# Between a label and its value.
_IS = r"(?![A-Za-z])[\"']?\]?\)?\s{0,3}(?:[:=#]|=>|->|is\b|was\b)?\s{0,3}[\"'\[(<]?\s{0,2}"
_STRICT_IS = r"(?![A-Za-z])[\"']?\]?\)?\s{0,3}(?:[:=]|=>|->)\s{0,3}[\"'\[(]?\s{0,2}"
# The value of a name: up to a separator. Lists, keys and sentences end it.
_NAME = (
    r"(?P<v>[^\W\d_][^\r\n\t,;:|=<>(){}\[\]\"/\\]{0,60}?(?:,\s?[^\W\d_][^\s,;|<>"
    r"()\[\]\"=:/\\]{0,30}(?:\s[A-Z]\b\.?)?)?)(?=\s{2}|\s?[\r\n\t,;|<>(){}\[\]\"/\\]"
    r"|\s[-–—]\s|\s\w{1,24}[:=]|\.(?:\s|$)|\s(?:on|at|was|is|has|from|for|with|in|and"
    r"|to|by|of|printed|called|DOB|MRN|SSN)\b|$)"
)
# A code never sticks to its label, and may come in groups: M 550 221 884.
_CODE = (
    r"(?<![A-Za-z])(?P<v>(?:[A-Z]\s(?=\d{3}))?(?=[A-Za-z0-9._/-]{0,24}\d)"
    r"[A-Za-z0-9][A-Za-z0-9._/-]{1,28}(?<![./-])(?:[\s-]\d{2,4}\b(?!\s?[%KMGT:/.-])){0,4})"
)
_PERSON = (
    r"(?:patient|pt|pat|mother|father|spouse|wife|husband|guardian|parent|guarantor"
    r"|subscriber|insured|policy ?holder|beneficiary|next of kin|nok"
    r"|emergency contact|employee|resident|client|member|attending|referring|ordering"
    r"|rendering|primary care|pcp|physician|surgeon|doctor|dr|nurse|therapist"
    r"|radiologist"
    r"|technologist|practitioner|caregiver|contact|paciente|patientin|nombre|apellido"
    r"|nachname|vorname|familienname|nom|pr[eé]nom|cognome|achternaam|hasta"
    r"|geburtsname|maiden|alias|aka)"
)
_PERSON_TAIL = (
    r"(?:[ _.-]?(?:full|first|last|middle|given|family|maiden|display|legal|preferred"
    r"|sur)?[ _.-]?(?:name|nm))?"
)
_OWN_NAME = (
    r"(?:(?:full|first|last|middle|given|family|maiden|legal|preferred"
    r"|birth)[ _.-]?names?|surname|forename|family|given|fname|lname|pat[ _]?name"
    r"|pt[ _]?name)"
)


def _has_digit(match: re.Match[str]) -> bool:
    return any(map(str.isdigit, match.group("v")))


def _is_no_guid(match: re.Match[str]) -> bool:
    value = match.group("v")
    return _has_digit(match) and not re.match(
        r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-|0x|S-1-|KB\d|\d{4}-\d\d-\d\dT", value
    )


def _is_no_phrase(match: re.Match[str]) -> bool:
    """Refuse what follows a label in technical text: patient: none, contact: unknown."""
    return match.group("v").lower() not in {
        "none",
        "unknown",
        "null",
        "n/a",
        "na",
        "true",
        "false",
        "yes",
        "no",
        "not found",
        "missing",
        "error",
        "empty",
        "redacted",
        "default",
        "all",
        "any",
    }


def _is_postal(match: re.Match[str]) -> bool:
    """Refuse the addresses of machines and of memory."""
    value = match.group("v")
    return (
        re.match(
            (
                r"0x|(?:\d{1,3}\.){3}|(?:[0-9A-Fa-f]{1,4}:){2}|(?:[0-9A-Fa-f]{2}[:-]){3}|https?:"
                r"|\w+@|[0-9A-F]{6,16}\b"
            ),
            value,
        )
        is None
    )


RULES: tuple[Rule, ...] = (
    rule(
        "mrn",
        Kind.MRN,
        (
            r"(?<![A-Za-z0-9])(?:mrns?|mr\s?#|med(?:ical)?[ _.-]?rec(?:ord)?(?:[ _.-]?(?:no|nr"
            r"|num|number|id))?|health[ _]record(?:[ _](?:no|number))?|chart|(?:patient|pat|pt"
            r"|pid|fin|csn|hospital|unit|file|case|enc(?:ounter)?|visit|admission|accession"
            r"|acc|episode|specimen|order|study|exam|rx|prescription|referral|auth"
            r"(?:orization)?)[ _.-]?(?:id|no|nr|num|number|#|nbr))(?:\s?(?:no|number|num|id"
            rf"|nr)\b)?[ _.-]?{_IS}#?\s?{_CODE}"
        ),
        flags=re.IGNORECASE,
        check=_is_no_guid,
        needs="mr med record chart id no num nr nbr #",
    ),
    rule(
        "bare_code",
        Kind.ID,
        (
            r"(?<![A-Za-z0-9])(?:visit|encounter|chart|claim|case|accession|acc|rx"
            r"|prescription|invoice|specimen"
            r"|referral|admission|episode|badge|pass)\s{1,2}#?(?P<v>(?="
            r"(?:[A-Za-z-]{0,6}\d){4})[A-Z]{0,5}-?\d[A-Z0-9-]{3,14})(?![\w.])"
        ),
        flags=re.IGNORECASE,
        check=_is_no_guid,
        needs=(
            "visit encounter chart claim case acc rx prescription invoice specimen referral "
            "admission episode badge pass "
        ),
    ),
    rule(
        "mrn_joined",
        Kind.MRN,
        r"MRN[_#:= -]{0,2}\d[A-Za-z0-9-]{2,20}",
        needs="mrn",
        flags=re.IGNORECASE,
    ),
    rule(
        "labelled_id",
        Kind.ID,
        (
            r"(?<![A-Za-z0-9])(?:npi|dea|mbi|hicn?|medicare|medicaid|member|subscriber"
            r"|beneficiary|insurance|policy[ _]?(?:holder)?[ _]?(?:no|num|number|id|#)"
            r"|group[ _](?:no|num|number|#)|claim|payer|payor|plan[ _]id|health[ _]?plan|ssn"
            r"|social(?: security)?(?: (?:no|number))?|tin|ein|itin|tax[ _]id|passport|visa|"
            r"(?:driver'?s?|drivers?) licen[cs]e|dl|licen[cs]e (?:no|number|#)|certificate "
            r"(?:no|number|#)|badge|employee[ _]?(?:id|no|number|#)|emp[ _]?id|nhs"
            r"|versichertennummer|kvnr|svnr|personnummer|bsn|cpf|curp|dni|nif|aadhaar)"
            rf"(?:[ _.-]?(?:id|no|nr|num|number|nbr|#))?\.?{_IS}#?\s?{_CODE}"
        ),
        flags=re.IGNORECASE,
        check=_is_no_guid,
        needs=(
            "npi dea mbi hic medic member subscriber beneficiary insurance policy group claim "
            "pay plan ssn social tin ein tax passport visa licen dl certificate badge emp nhs "
            "versicher kvnr svnr personnummer bsn cpf curp dni nif aadhaar "
        ),
    ),
    rule(
        "labelled_account",
        Kind.ACCOUNT,
        (
            r"(?<![A-Za-z0-9])(?:acct|a/c|account|guarantor|invoice|statement|bank|routing|iban"
            r"|card|cc|credit card|konto)(?:[ _.-]?(?:id|no|nr|num|number|nbr"
            rf"|#))?\.?{_IS}#?\s?{_CODE}"
        ),
        flags=re.IGNORECASE,
        check=_is_no_guid,
        needs="acct a/c account guarantor invoice statement bank routing iban card cc konto",
    ),
    rule(
        "labelled_serial",
        Kind.SERIAL,
        (
            r"(?<![A-Za-z0-9])(?:serial(?:[ _.-]?(?:no|nr|num|number|#))?|s/n|sn#|imei|meid|iccid"
            r"|udi|asset[ _]?(?:tag|no|id)|implant|pacemaker|device[ _](?:serial|sn)|lot[ _]?"
            rf"(?:no|number|#)|modality[ _]id){_IS}#?\s?{_CODE}"
        ),
        flags=re.IGNORECASE,
        check=_is_no_guid,
        needs="serial s/n sn# imei meid iccid udi asset implant pacemaker device lot modality",
    ),
    rule(
        "labelled_plate",
        Kind.PLATE,
        (
            r"(?<![A-Za-z0-9])(?:licen[cs]e[ _]plate|plate|kennzeichen)(?:[ _.-]?(?:no|num|number"
            rf"|#))?{_IS}(?P<v>(?=[A-Z0-9ÄÖÜ -]{{0,10}}\d)[A-Z0-9ÄÖÜ]{{1,4}}[ -]?[A-Z0-9]{{1,5"
            rf"}}(?:[ -]?\d{{1,4}})?)"
        ),
        flags=re.IGNORECASE,
        check=_has_digit,
        needs="plate kennzeichen",
    ),
    rule(
        "labelled_phone",
        Kind.PHONE,
        (
            r"(?<![A-Za-z0-9])(?:tel(?:e(?:f|ph)on[eo]?)?|phone|ph|fax|mobile|cell(?:ular)?|handy"
            r"|call(?:ed|er|back)?(?: ?id)?|callback|pager|contact|home|work|dial(?:ed)?|from"
            r"|to|sms|text(?:ed)?)(?:\s?(?:no|nr|num|number"
            r"|#))?\.?[\"']?\s{0,2}[:=#]?\s{0,2}[\"']?(?P<v>[+(]?\d[\d ()./-]{5,18}\d(?:\s?"
            r"(?:x|ext\.?)\s?\d{1,6})?)(?![\d:])"
        ),
        flags=re.IGNORECASE,
        check=lambda match: (
            7 <= sum(map(str.isdigit, match.group("v"))) <= 15
            and re.fullmatch(
                r"[\d.]+|\d{4}[-/]\d\d[-/]\d\d.*|\d{1,2}/\d{1,2}/\d{2,4}.*", match.group("v")
            )
            is None
        ),
        needs=(
            "tel phone ph fax mobile cell handy call pager contact home work dial from to sms text "
        ),
    ),
    rule(
        "extension",
        Kind.PHONE,
        r"(?<![A-Za-z.])(?:ext|extn|extension)\.?\s?[:#]?\s?(?P<v>\d{3,6})(?![\w.])",
        needs="ext",
        flags=re.IGNORECASE,
    ),
    rule(
        "zip",
        Kind.ADDRESS,
        (
            rf"(?<![A-Za-z0-9])(?:zip|postal|plz|postcode|cap)(?:[ _-]?code)?{_STRICT_IS}"
            rf"(?P<v>[A-Z0-9][A-Z0-9 -]{{2,9}})"
        ),
        flags=re.IGNORECASE,
        check=_has_digit,
        needs="zip postal plz postcode cap",
    ),
    rule(
        "place",
        Kind.ADDRESS,
        (
            r"(?<![A-Za-z0-9])(?:street(?:[ _]?address)?|(?:home|mailing|billing"
            r"|postal)[ _]address|residence|address(?:[ _]?line)?[ _]?[12]?|addr|city|town"
            rf"|county|precinct|wohnort|adresse|direcci[oó]n|ort|strasse|straße){_STRICT_IS}"
            rf"(?P<v>[A-Za-zÀ-ÿ0-9#][^\r\n;|=<>\"{{}}\[\]\\]{{2,80}}?)(?=\s{{2}}|[\r\n;"
            rf"|<>\"{{}}\[\]\\]|\s[-–]\s|\s\w{{1,16}}[=:]|\.\s|$)"
        ),
        flags=re.IGNORECASE,
        needs=(
            "street address addr city town county precinct residence wohnort adresse direcci "
            "ort stra"
        ),
        check=_is_postal,
    ),
    rule(
        "lives_in",
        Kind.ADDRESS,
        (
            r"\b(?:lives|living|resides|residing|wohnhaft) (?:in|at|on) "
            r"(?P<v>[A-Z0-9][\w.'-]{0,24}(?:,?\s(?:[A-Z0-9][\w.'-]{0,24}|\d{1,5})){0,6})"
        ),
        needs="lives living resid wohnhaft",
    ),
    rule(
        "person",
        Kind.NAME,
        rf"(?<![A-Za-z0-9]){_PERSON}{_PERSON_TAIL}{_STRICT_IS}{_NAME}",
        flags=re.IGNORECASE,
        check=_is_no_phrase,
        needs=(
            "patient pt pat mother father spouse wife husband guardian parent guarantor "
            "subscriber insured holder beneficiary kin nok contact employee resident client "
            "member attending referring ordering rendering care pcp physician surgeon doctor "
            "dr nurse therapist radiologist technologist practitioner paciente nombre "
            "apellido name nom prenom prénom cognome hasta maiden alias aka "
        ),
    ),
    rule(
        "own_name",
        Kind.NAME,
        rf"(?<![A-Za-z0-9]){_OWN_NAME}{_STRICT_IS}(?:\[\s?\"?)?{_NAME}",
        flags=re.IGNORECASE,
        check=_is_no_phrase,
        needs="name family given",
    ),
    rule(
        "chat_possessive",
        Kind.NAME,
        (
            r"\b(?P<v>[A-Z][a-zà-ÿ]{2,20})['\u2019]s\s(?:laptop|pc|computer|phone|iphone|ipad"
            r"|desktop|workstation|macbook|tablet|printer|chart|record|file|files|folder"
            r"|account|mailbox|profile|results?)\b"
        ),
        needs="'s \u2019s",
    ),
)
