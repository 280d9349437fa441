# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verdict and a bundle may hold, and that what they hold comes out as it went in."""

from enum import IntEnum, StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.signable import (
    SignableJson,
    SignableObject,
    is_signable,
)


class Word(StrEnum):
    PASS = "PASS"


class Level(IntEnum):
    ONE = 1


class Holder(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    anything: SignableJson = None
    details: SignableObject


SIGNABLE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
REFUSED = [
    pytest.param({"a": [0, {"b": 1.5}]}, r"\.a\[1\]\.b is a float \(1\.5\)", id="float"),
    pytest.param({"a": float("nan")}, r"\.a is a float \(nan\)", id="nan"),
    pytest.param({"a": 2**53}, r"\.a is beyond 2\^53 \(9007199254740992\)", id="large"),
    pytest.param({"a": -(2**53)}, r"\.a is beyond 2\^53 \(-9007199254740992\)", id="small"),
    pytest.param({"a": (1, 2)}, "not a valid JSON value", id="tuple"),
    pytest.param({"a": b"x"}, "not a valid JSON value", id="bytes"),
    pytest.param({"a": {1: "x"}}, "valid string", id="key-not-text"),
    pytest.param({1: "x"}, "valid string", id="first-key-not-text"),
    pytest.param(["a"], "valid dictionary", id="no-object"),
]


@pytest.mark.parametrize(("details", "reason"), REFUSED)
def test_what_no_signature_would_survive_is_refused(details, reason):
    with pytest.raises(ValidationError, match=reason):
        Holder(details=details)


@pytest.mark.parametrize("text", ['{"details": {"a": 1.0}}', '{"details": {"a": 1e999}}'])
def test_a_float_in_json_is_refused(text):
    with pytest.raises(ValidationError, match="is a float"):
        Holder.model_validate_json(text)


@given(st.dictionaries(st.text(), SIGNABLE))
def test_what_can_be_signed_is_held_and_dumped_unchanged(details):
    held = Holder(anything=details, details=details)

    assert held.model_dump(mode="json") == {"anything": details, "details": details}


@pytest.mark.parametrize(
    ("value", "plain"), [(Word.PASS, "PASS"), (Level.ONE, 1)], ids=["text", "number"]
)
def test_a_word_of_an_enumeration_becomes_its_plain_value(value, plain):
    held = Holder(anything=value, details={"a": [value]})

    assert held.model_dump() == {"anything": plain, "details": {"a": [plain]}}
    assert {type(held.anything), type(held.details["a"][0])} == {type(plain)}


@pytest.mark.parametrize("value", [{Word.PASS: 1}, [Level.ONE], (1,), 1.0, 2**53, b"", {None: 1}])
def test_only_plain_values_are_signable_as_they_are(value):
    assert is_signable([1, True, None, "", [], {}])
    assert not is_signable({"deep": ["down", value]})
