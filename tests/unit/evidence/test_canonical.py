# SPDX-License-Identifier: GPL-3.0-or-later
"""Every document has one text, or none: RFC 8785 restricted to what all encoders write alike."""

import json
from enum import StrEnum

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import (
    DocumentNotCanonical,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.canonical import (
    canonical_json,
    load_nfc,
    to_nfc,
)


class Word(StrEnum):
    PASS = "PASS"


TEXTS = [
    # RFC 8785 section 3.2.2: literals and strings.
    pytest.param([None, True, False], b"[null,true,false]", id="literals"),
    pytest.param(
        '\u20ac$\u000f\nA\'B"\\\\"/', b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"', id="string"
    ),
    pytest.param("\b\t\n\f\r\x7f", b'"\\b\\t\\n\\f\\r\x7f"', id="control-characters"),
    # RFC 8785 section 3.2.3: keys in the order of UTF-16 code units, so U+1F600 before U+FF21.
    pytest.param(
        {"\u20ac": 1, "\r": 2, "\uff21": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
        '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\uff21":3}'.encode(),
        id="order-of-keys",
    ),
    pytest.param({"b": {"d": 1, "c": 2}, "a": []}, b'{"a":[],"b":{"c":2,"d":1}}', id="nested"),
    pytest.param(9007199254740991, b"9007199254740991", id="largest-integer"),
    pytest.param({"status": Word.PASS}, b'{"status":"PASS"}', id="enum-is-its-text"),
]

REFUSED = [
    pytest.param({"a": [0, {"b": 1.0}]}, "$.a[1].b is a float", id="float"),
    pytest.param([float("nan")], "$[0] is a float", id="nan"),
    pytest.param({"a": (1, 2)}, "$.a is a tuple", id="tuple"),
    pytest.param({"a": {1: "x"}}, "$.a has a key that is not text", id="key-not-text"),
    pytest.param({"a": 2**53}, "$.a is an integer beyond 2^53", id="large-integer"),
    pytest.param({"a": -(2**53)}, "$.a is an integer beyond 2^53", id="small-integer"),
    pytest.param(["\ud800"], "$[0] holds half a surrogate pair", id="surrogate"),
    pytest.param({"a": "e\u0301"}, "$.a is not in Unicode normal form C", id="not-nfc"),
    pytest.param({"e\u0301": 1}, "$.'e\\u0301' is not in Unicode normal form C", id="key-not-nfc"),
    pytest.param({"a": b"x"}, "$.a is a bytes", id="bytes"),
]

# All of the restricted language; text is normalised as before signing.
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(("document", "text"), TEXTS)
def test_a_document_has_the_text_that_the_rfc_gives(document, text):
    assert canonical_json(document) == text


@pytest.mark.parametrize(("document", "message"), REFUSED)
def test_what_has_no_single_text_is_refused_with_its_place(document, message):
    with pytest.raises(DocumentNotCanonical) as caught:
        canonical_json(document)

    assert str(caught.value).startswith(message)


def test_a_refusal_does_not_repeat_the_value():
    with pytest.raises(DocumentNotCanonical) as caught:
        canonical_json({"name": "Jose\u0301 Perez"})

    assert "Perez" not in str(caught.value)


def test_keys_that_normalise_to_one_are_refused():
    with pytest.raises(DocumentNotCanonical, match="differ only in their Unicode form"):
        to_nfc({"\u00e9": 1, "e\u0301": 2})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param('{"a": ["x", 1, null]}', {"a": ["x", 1, None]}, id="ascii"),
        pytest.param('["\u00e9"]', ["\u00e9"], id="normal"),
        pytest.param('["e\u0301"]', ["\u00e9"], id="not-normal"),
        pytest.param('{"e\u0301": 1}', {"\u00e9": 1}, id="key-not-normal"),
        pytest.param(r'["e\u0301"]', ["\u00e9"], id="escaped"),
        pytest.param('["a\\n\u0301"]', ["a\n\u0301"], id="nothing-to-join"),
    ],
)
def test_json_is_read_in_normal_form(text, value):
    assert load_nfc(text) == value


# Letters that join with the mark after them, and what JSON escapes.
@given(st.recursive(st.text('eE\u0301\u00e9\u1100\u1161\\"/n\n\tu0 '), st.lists, max_leaves=5))
def test_json_is_read_as_if_each_text_were_normalised_by_itself(document):
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False)):
        assert load_nfc(text) == to_nfc(document)


# Where encoders have gone apart: order of keys beyond U+FFFF, escapes, ends of planes.
ODD_LETTERS = st.sampled_from(
    'aZ09 "\\/\b\f\n\r\t\x00\x01\x1f\x7f\x80\xa0\u00e9\u2028\u2029'
    "\ud7ff\ue000\ufeff\uff21\uffff\U00010000\U0001f600\U0010ffff"
)
ODD_TEXT = st.text(ODD_LETTERS, max_size=6)
ODD = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, -1, 2**53 - 1, -(2**53) + 1]) | ODD_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD_TEXT, inner, max_size=6),
    max_leaves=40,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(ODD_TEXT, ODD, min_size=1, max_size=8))
def test_signer_and_verifier_agree_where_encoders_have_gone_apart(document):
    text = canonical_json(document)

    assert text == rfc8785.dumps(document)
    assert verify.parse_line(text + b"\n") == document


@given(PLAIN)
def test_signer_verifier_and_the_rfc8785_package_write_the_same(document):
    try:
        document = to_nfc(document)
    except DocumentNotCanonical:  # two keys of the example became one
        return

    text = canonical_json(document)

    assert text == rfc8785.dumps(document)
    line = canonical_json({"z": document})
    assert verify.canonical(verify.parse_json(line)) == line
