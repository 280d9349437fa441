# SPDX-License-Identifier: GPL-3.0-or-later
"""No identifier survives in any line of operations, wherever it stands; scrubbing twice is once."""

import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from unit.phi.conftest import INVENTORY, KEY, TODAY
from unit.phi.corpora import read_corpus
from unit.phi.generated import FIRST, LAST

SCRUBBER = Scrubber(KEY, INVENTORY, today=TODAY)
BENIGN = [line.text for line in read_corpus("operations.txt")]
DIGITS = st.text("0123456789", min_size=4, max_size=4)

ssn = st.builds(
    lambda area, group, serial, joint: f"{area}{joint}{group:02}{joint}{serial:04}",
    st.integers(100, 665),
    st.integers(1, 99),
    st.integers(1, 9999),
    st.sampled_from(["-", " ", ".", "/", "_", "\u2013", "\u2212", "\u00a0", " - "]),
)
phone = st.builds(
    lambda area, exchange, line, form: form.format(area, exchange, line),
    st.integers(201, 989),
    st.integers(200, 999),
    DIGITS,
    st.sampled_from(
        ["({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "{} {} {}", "{}_{}_{}", "{}\u2011{}\u2011{}"]
    ),
)
mrn = st.builds(
    lambda label, number: f"{label}{number}",
    st.sampled_from(["MRN: ", "MRN", "MRN#", "mrn="]),
    st.integers(100_000, 99_999_999),
)
email = st.builds(
    lambda first, last: f"{first}.{last}@mailhost.example".lower(),
    st.sampled_from([name for name in FIRST if name.isascii()]),
    st.sampled_from([name for name in LAST if name.isascii()]),
)
# Names that are no words; those that are, too, need a context and are tested in the corpora.
name = st.builds(
    lambda first, last: f"{first} {last}",
    st.sampled_from([name for name in FIRST if name not in {"Maria", "Ravi", "Noor"}]),
    st.sampled_from([name for name in LAST if name != "Washington"]),
)


def places(text: str) -> list[int]:
    """Return where a word can begin in *text*: its ends, and beside each space."""
    return [0, len(text), *(match.end() for match in re.finditer(" ", text))]


@st.composite
def planted(draw, identifiers):
    """Return a line of operations with an identifier at a word boundary, and the identifier."""
    line, identifier = draw(st.sampled_from(BENIGN)), draw(identifiers)
    place = draw(st.sampled_from(places(line)))
    return f"{line[:place]} {identifier} {line[place:]}", identifier


@given(planted(st.one_of(ssn, phone, mrn, email)))
def test_an_identifier_never_survives(case):
    line, identifier = case

    scrubbed = str(SCRUBBER.scrub_text(line).document)

    assert bare(identifier) not in scrubbed


@given(planted(name))
def test_a_name_never_survives(case):
    line, full_name = case

    scrubbed = str(SCRUBBER.scrub_text(line).document)

    assert full_name.split()[0] not in re.split(r"\W+", scrubbed)
    assert full_name.split()[1] not in re.split(r"\W+", scrubbed)


@given(st.sampled_from(BENIGN), st.sampled_from("_-=:;,([\"'|"), ssn)
def test_an_identifier_that_sticks_to_something_never_survives(line, glue, identifier):
    scrubbed = str(SCRUBBER.scrub_text(f"{line}{glue}{identifier}").document)

    assert identifier not in scrubbed


def bare(identifier: str) -> str:
    """Return what may not be read any more: no label, no host of mail."""
    return re.sub(r"^(?:MRN|mrn)\W*", "", identifier).partition("@")[0]


@st.composite
def planted_anywhere(draw, identifiers):
    """Return a line of operations with an identifier between any two letters, and it."""
    line, identifier = draw(st.sampled_from(BENIGN)), draw(identifiers)
    assume(bare(identifier) not in line)
    place = draw(st.integers(0, len(line)))
    return f"{line[:place]}{identifier}{line[place:]}", identifier


# Without joints, the digits around it hide a number: that of a phone has its country in front.
dialled = st.builds("+1{}{}{}".format, st.integers(201, 989), st.integers(200, 999), DIGITS)


@settings(max_examples=400)
@given(planted_anywhere(st.one_of(ssn, phone, dialled, mrn, email)))
def test_an_identifier_between_any_two_letters_never_survives(case):
    line, identifier = case

    scrubbed = str(SCRUBBER.scrub_text(line).document)

    assert bare(identifier) not in scrubbed


@settings(max_examples=400)
@given(planted_anywhere(name))
def test_a_name_between_any_two_letters_never_survives(case):
    line, full_name = case

    scrubbed = str(SCRUBBER.scrub_text(line).document)

    assert full_name not in scrubbed
    assert not set(full_name.split()) & set(re.split(r"\W+", scrubbed))


@given(st.one_of(st.text(max_size=200), planted(name).map(lambda case: case[0])))
def test_scrubbing_twice_is_scrubbing_once(text):
    once = SCRUBBER.scrub_text(text).document

    assert SCRUBBER.scrub_text(once).document == once


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=20), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_document_makes_it_raise(document):
    SCRUBBER.scrub_document(document)


@given(st.text("0123456789<>:SNMRabcdef", max_size=60))
def test_a_forged_token_of_an_unknown_kind_hides_nothing(text):
    scrubbed = str(SCRUBBER.scrub_text(f"<XXX:12345678> {text} SSN 219-09-9999").document)

    assert "219-09-9999" not in scrubbed
