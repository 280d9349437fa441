# SPDX-License-Identifier: GPL-3.0-or-later
"""An identifier goes however it is written; what only looks like one of these spellings stays."""

import re

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.tokens import TOKEN

LINES = ["{}", "Access denied for {} on dc01", "record {}: opened", "value={};", '["{}"]', "({})"]
SSN_JOINTS = ["-", " ", ".", "/", "_", "\u2013", "\u2014", "\u2212", "\u2011", "\u00b7", "\uff0d"]
SSN_JOINTS += [" - ", "\u00a0", "\u202f", "\t", "  ", ":", ",", "+", "\\", "|", "*", "#"]

# What must go, with a part of it that must not be left.
NUMBERS = [(f"219{joint}09{joint}9999", "9999") for joint in SSN_JOINTS]
NUMBERS += [
    ("219-09 9999", "9999"),
    ("219-099999", "099999"),
    ("219 099999", "099999"),
    ("570_555_0134", "0134"),
    ("570\u2013555\u20130134", "0134"),
    ("(570) 555 - 0134", "0134"),
    ("570\u00a0555\u00a00134", "0134"),
    ("570\u2011555\u20110134", "0134"),
    ("555 0134", "0134"),
    ("020 7946 0958", "0958"),
    ("(020) 7946 0958", "0958"),
    ("030/12345678", "12345678"),
    ("01 23 45 67 89", "67"),
    ("01.23.45.67.89", "67"),
    ("03-1234-5678", "5678"),
    ("0532 123 45 67", "123"),
    ("0(532) 123 45 67", "123"),
    ("1 52 07 75 123 456 78", "456"),
    ("ip-98-137-11-163", "137"),
    ("098.137.011.163", "137"),
]
DATES = [
    ("Mar-04-1957", "57"),
    ("Mar-4-57", "57"),
    ("04MAR1957", "57"),
    ("04/Mar/1957", "57"),
    ("04.Mar.1957", "57"),
    ("1957-Mar-04", "57"),
    ("1957 March 4", "57"),
    ("4 Mart 1957", "57"),
    ("4 \u015eubat 1957", "57"),
    ("4 maart 1957", "57"),
    ("14 juillet 1952", "52"),
    ("4 gennaio 1957", "57"),
    ("4 de dezembro de 1957", "57"),
    ("03\u201304\u20131957", "57"),
    ("03/04/\u201957", "57"),
    ("03 04 1957", "57"),
]
# "Jane Doe", and "Müller" in UTF-8 and UTF-16.
HEXADECIMAL = [
    ("4a616e6520446f65", "4a61"),
    ("0x4A616E6520446F65", "4A61"),
    ("4a 61 6e 65 20 44 6f 65", "6e 65"),
    ("4A-61-6E-65-20-44-6F-65", "6E-65"),
    ("4dc3bc6c6c6572", "4dc3"),
    ("4a0061006e006500200044006f006500", "6100"),
]
SPELLED = [*NUMBERS, *DATES, *HEXADECIMAL]


def left(scrub, text: str) -> str:
    """Return what of *text* is left beside the tokens."""
    return TOKEN.sub("", scrub(text))


# A day and a month, or a number and somebody whose name is that of a month.
MONTHS_OF_NAMES = [
    ("state 8 Mei Gonzalez left", "Mei"),
    ("exit code 0. Mei Gonzalez", "Mei"),
    ("Gonzalez, Mei 8 errors", "Mei"),
    ("on 12 April Okonkwo called", "April"),
    ("3rd June Tanaka", "June"),
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("value", "part"), SPELLED, ids=[ascii(value) for value, _ in SPELLED])
def test_however_it_is_written_it_goes(scrub, line, value, part):
    assert part not in left(scrub, line.format(value))


@pytest.mark.parametrize(("line", "month"), MONTHS_OF_NAMES)
def test_a_month_beside_a_name_is_a_name(scrub, line, month):
    assert month not in scrub(line)


def test_a_server_is_no_version(scrub):
    assert left(scrub, "the server-219.09.9999") == "the server-"


@pytest.mark.parametrize("ticket", ["EX-2026-004", "INC-2024-1123", "CHG-2025-12"])
def test_the_running_number_of_a_ticket_stays(scrub, ticket):
    assert left(scrub, f"exception {ticket} of the site") == f"exception {ticket} of the site"


@pytest.mark.parametrize("after", ["991 s ago", "20 GB", "3 times", "12"])
def test_a_count_that_follows_explains_no_telephone_number(scrub, after):
    for value in ("201_200_0000", "(201) 200-0000", "020 7946 0958"):
        assert value[-4:] not in left(scrub, f"expired {value} {after}")


@pytest.mark.parametrize("word", ["status", "error", "id", "step", "port"])
def test_no_word_of_operations_explains_a_number_that_is_somebodys(scrub, word):
    for value in ("219.09.9999", "219/09/9999", "570_555_0134", "020 7946 0958"):
        assert value[-4:] not in left(scrub, f"{word} {value}")


def test_a_year_before_a_colon_is_a_year(scrub):
    assert "1957" not in scrub("4 March 1957: chart opened")


def test_a_day_with_a_time_is_no_number_of_the_social_security(scrub):
    assert "<SSN:" not in scrub("backup 2026-11-041500")


def test_a_record_number_in_groups_goes_whole(scrub):
    assert not re.search(r"\d", left(scrub, "MRN 88 44 22"))


@pytest.mark.parametrize("line", ["SERMRN88665601VER", "curlMRN: 4038501/8.4.0", "xmrn=21361900n"])
def test_a_labelled_number_that_sticks_to_letters_goes(scrub, line):
    assert not re.search(r"\d{6}", left(scrub, line))


NUMBERS_ALONE = [5705550134.0, -219099999.0, 219099999, -5705550134, 10**400, -(10**5000), 1e300]


@pytest.mark.parametrize("number", NUMBERS_ALONE, ids=map(str, range(len(NUMBERS_ALONE))))
def test_a_large_number_that_nobody_explains_goes_also_as_a_float(scrubber, number):
    assert scrubber.scrub_document({"x": [number]}).document == {"x": [None]}


@pytest.mark.parametrize(
    "text",
    [
        "KB5031356 KB890830",
        "services SDRSVC, camsvc, NgcCtnrSvc, WarpJITSvc, BTAGService, shpamsvc, dcsvc",
        "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "0x80070005 0xC000006D 0xfffff8034a5b2c6d",
        "10.0.20348.2031",
        "1.421.1234.0",
        "4.18.24090.11",
        "2025-11-04T09:00:00.1234567Z",
        "Event ID 4625 4688 1102",
        "ports 80 443 3389 5985",
        "range 49152-65535",
        "10.20.30.40 192.168.100.200",
        "1,234,567 bytes",
        "S-1-5-21-1004336348-1177238915-682003330-1104",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "d41d8cd98f00b204e9800998ecf8427e",
        "12 Nov 20:15:00",
        "since 8 May Backup failed",
        "On Monday May 4 Backup ran",
        "4096/65536",
        "0.1234567",
    ],
)
def test_what_an_auditor_needs_stays(scrub, text):
    assert scrub(text) == text
