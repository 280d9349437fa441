# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier accepts a signed text only if it is the one text of its content."""

from hashlib import sha256

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import SiteWriter, trusted
from unit.evidence.verifying import HOSTS, OURS, problems, verified


@pytest.fixture
def site(tmp_path) -> SiteWriter:
    return SiteWriter(tmp_path)


def replace(old: bytes, new: bytes):
    def spelling(text: bytes) -> bytes:
        assert old in text
        return text.replace(old, new, 1)

    return spelling


# The text that the signer signed is not the one text of its content. Which readings differ?
AMBIGUOUS = [
    pytest.param(b'"outcome":', b'"outcome":"failure","outcome":', "same key twice", id="double"),
    pytest.param(b'"facts":{', b'"facts":{"a":1,"a":2,', "same key twice", id="double-inside"),
    pytest.param(b'"facts":{', b'"facts":{"a":1.0,', "not a whole number", id="float"),
    pytest.param(b'"facts":{', b'"facts":{"a":1e3,', "not a whole number", id="exponent"),
    pytest.param(b'"facts":{', b'"facts":{"a":NaN,', "not a whole number", id="nan"),
    pytest.param(b'"facts":{', b'"facts":{"a":9007199254740993,', "beyond 2^53", id="big"),
    pytest.param(b'"facts":{', b'"facts":{"a":' + b"9" * 9999 + b",", "beyond 2^53", id="huge"),
    pytest.param(b'"facts":{', b'"facts":{"a":"\\ud800",', "surrogates not", id="surrogate"),
    pytest.param(b'"facts":{', b'"facts":{"a":"\xff",', "can't decode byte", id="not-utf-8"),
    pytest.param(b'"facts":{', b'"facts":{"a":"e\xcc\x81",', "normal form C", id="not-nfc"),
    pytest.param(b'"facts":{', b'"facts":{"a":"\x01",', "control character", id="control"),
    pytest.param(b'"facts":{', b'"facts":{"a":' + b"[" * 50_000 + b",", "", id="deep"),
]


@pytest.mark.parametrize(("old", "new", "said"), AMBIGUOUS)
@pytest.mark.parametrize("line", [1, 2], ids=["first-line", "another-line"])
def test_a_signed_text_that_readers_read_differently_is_altered(site, old, new, said, line):
    spelling = replace(old, new)
    lines = iter(range(1, 3))
    site.run(
        "run-1",
        {"dc01": ["PASS"]},
        checks=("logging", "firewall"),
        spelling=lambda text: spelling(text) if next(lines) == line else text,
    )

    code, found = problems(site)

    assert code == 4
    assert f"run-1.jsonl:{line}:" in found[0]
    assert said in found[0]


@pytest.mark.parametrize(("old", "new", "said"), AMBIGUOUS)
def test_a_strict_reading_finds_such_a_text_in_every_line(site, old, new, said):
    lines = iter(range(1, 4))
    site.run(
        "run-1",
        {"dc01": ["PASS"]},
        checks=("logging", "firewall", "backup"),
        spelling=lambda text: replace(old, new)(text) if next(lines) == 2 else text,
    )
    verifier = verify.Verifier(trusted(OURS), is_strict=True)

    verifier.read_site(site.path)

    assert [(item.code, item.line) for item in verifier.problems] == [(4, 2)]
    assert said in verifier.problems[0].reason


def test_a_sample_of_the_lines_within_a_file_is_parsed(site):
    site.run(
        "run-1",
        {f"host{number:02d}": ["PASS"] for number in range(60)},
        spelling=replace(b'"facts":{', b'"facts":{"a":1.0,'),
    )
    lines = site.bundle_file("run-1").read_bytes().splitlines()
    sampled = [
        number
        for number, line in enumerate(lines, start=1)
        if int(sha256(line).hexdigest()[:2], 16) < 8 or number in {1, 360}
    ]

    found = [item.line for item in verified(site).problems if item.line]

    assert found == sampled
    assert 5 < len(found) < 30


SPELLED = [
    pytest.param(b'"facts":{', b'"facts": {', id="space"),
    pytest.param(b'"check":"logging"', b'"check":"\\u006cogging"', id="escape"),
    pytest.param(b'"actions":[],"bundle_id"', b'"bundle_id"', id="order"),
]


@pytest.mark.parametrize(("old", "new"), SPELLED)
def test_a_signed_text_that_is_only_spelled_otherwise_is_altered(site, old, new):
    site.run("run-1", {"dc01": ["PASS"]}, checks=("logging",), spelling=replace(old, new))

    assert problems(site)[0] == 4


def test_a_second_object_after_the_bundle_is_altered(site):
    [first, *rest] = site.run("run-1", HOSTS)
    file = site.bundle_file("run-1")
    file.write_bytes(b"\n".join([first, rest[0] + rest[1], *rest[1:], b""]))

    assert problems(site)[0] in {3, 4}
