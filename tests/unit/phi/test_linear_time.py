# SPDX-License-Identifier: GPL-3.0-or-later
"""No text makes a pattern slow: each rule takes a time in proportion to the size of the text."""

import re
import time

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi import (
    compounds,
    credentials,
    dates,
    digit_groups,
    formats,
    identifiers,
    labels,
    names,
    paths,
    places,
    prose,
    protected,
    secret_forms,
    spelled,
    strict,
    stuck,
    tokens,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.rule import Rule

SIZE = 64 * 1024
BENIGN = ("The Windows Update service entered the running state. " * 1300)[:SIZE]
# What patterns stumble over: runs of one letter, of digits, of separators, of half matches.
UNITS = (
    "a|A|0|1|9| |-|.|\\|/|:|=|@|%|^|~|(|<|a.|A |1 |1-|1.|a@|a:|0:|ab12|12-|A1|\\a|/a|(1)|'a|a^"
    "|password |password=|MRN |Patient: |PIDx|NM1*|-----BEGIN |eyJ|http://|1 Aa |Aa, |net use "
    "|S-1-1"
    "|12/12/|2025-11-04 |4 Mar 2025 |12 345 6789 |4a:|4a61"
    "|\\\\a\\|C:\\Windows\\System32\\a|user: |name=|HKLM\\SOFTWARE\\Microsoft\\a"
    "|one two three four |(0010,0010) |\u00e9|\u0301"
).split("|")
HOSTILE = [unit * (SIZE // len(unit)) for unit in [*UNITS, "|", "PID|"]]
# The slowest rule takes some 30 ms for such a text here; a quadratic one takes minutes.
MOST_SECONDS = 1.5
# These read a window of at most 48 letters before a match, as do those of numbers.py.
SHORT_READERS = {"_ABOUT_PERSON", "_JOINED", "_IN_PATH", "_DEVICE"}
MOST_TIMES_BENIGN = 400


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return every pattern of the scrubber with its name."""
    modules = (
        compounds, credentials, dates, digit_groups, formats, identifiers, labels, names, paths,
        places, prose, protected, secret_forms, spelled, strict, stuck, tokens,
    )  # fmt: skip
    found = []
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and name not in SHORT_READERS:
                found.append((f"{module.__name__.rpartition('.')[2]}.{name}", value))
            elif name == "RULES":
                found += [
                    (f"{rule.name}", rule.pattern) for rule in value if isinstance(rule, Rule)
                ]
    return found


def seconds(pattern: re.Pattern[str], text: str) -> float:
    began = time.process_time()
    for _ in pattern.finditer(text):
        pass
    return time.process_time() - began


@pytest.mark.parametrize(("name", "pattern"), patterns(), ids=[name for name, _ in patterns()])
def test_a_pattern_takes_linear_time(name, pattern):  # noqa: ARG001 - names the case
    limit = max(MOST_TIMES_BENIGN * seconds(pattern, BENIGN), MOST_SECONDS)

    slow = [text[:24] for text in HOSTILE if seconds(pattern, text) > limit]

    assert slow == []


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:12]) for text in HOSTILE])
def test_no_hostile_text_takes_long_to_scrub(scrubber, text):
    scrubber.scrub_text(BENIGN)
    began = time.process_time()

    scrubber.scrub_text(text)

    assert time.process_time() - began < 10
