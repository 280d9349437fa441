# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document becomes: fields by policy, keys too, and nothing passes without a reason."""

import re

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.tokens import (
    PseudonymKeyInvalid,
)
from unit.phi.conftest import INVENTORY, TODAY

HOST = {"host_id": "dc01", "check": "firewall", "timestamp": "2025-11-04T09:00:00Z"}


@pytest.fixture
def document(scrubber):
    """Return the scrubbed document and the whole result of *value* in the field ``details``."""
    return lambda value, root="bundle": scrubber.scrub_document(value, root=root)


def test_typed_facts_stay(document):
    result = document(HOST)

    assert (result.document, result.counts, result.error_code) == (HOST, {}, None)


def test_a_typed_field_that_holds_something_else_is_text(document):
    result = document({"check": "Patient: John Smith"})

    assert result.document == {"check": "Patient: <NAME:0b57b290>"}
    assert result.counts == {"NAME": 1}


def test_a_loose_form_does_not_cover_an_identifier(document):
    result = document({"collection_version": "570.555.1234"})

    assert result.document["collection_version"].startswith("<PHONE:")
    assert not result.is_flagged


@pytest.mark.parametrize("key", ["password", "ssn", "patient_name", "dateOfBirth", "E-Mail", "key"])
def test_what_lies_under_a_key_of_a_person_or_a_secret_is_dropped(document, key):
    result = document({key: "anything at all"})

    (value,) = result.document.values()
    assert value.startswith("<DROPPED:")


def test_numbers_and_truths_under_such_a_key_become_null(document):
    result = document({"patient": {"id": 4711, "deceased": True, "names": ["Ann"]}, "mrn": 123456})

    assert result.document["mrn"] is None
    assert result.document["patient"]["id"] is None
    assert result.document["patient"]["deceased"] is None
    assert result.document["patient"]["names"][0].startswith("<DROPPED:")


def test_numbers_of_facts_stay(document):
    facts = {"facts": {"dumps": {"value": {"items": [{"bytes": 48211902464}]}}}}

    assert document(facts).document == facts


def test_a_large_number_nobody_explains_becomes_null(document):
    result = document({"free_bytes": 1073741824, "reference": 123456789, "tries": 3})

    assert result.document == {"free_bytes": 1073741824, "reference": None, "tries": 3}


def test_keys_are_scrubbed(document):
    result = document({"per_user": {"Gonzalez, Maria": "ok"}})

    (key,) = result.document["per_user"]
    assert key.startswith("<NAME:")


def test_two_keys_that_become_one_take_the_object_with_them(document):
    result = document({"per_user": {"jgonzalez": 1, "JGONZALEZ": 2}})

    assert result.document == {"per_user": "<UNSCRUBBABLE>"}
    assert result.error_code == "E007"


MODELS = [
    "gpt-4o-mini",
    "gpt-4o-2024-07-18",
    "gpt-4.1-nano",
    "o3-mini",
    "openai/gpt-oss-20b",
    "claude-3-5-sonnet-20241022",
    "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
    "llama3.1:8b-instruct-q4_K_M",
    "meta-llama/Llama-3.3-70B-Instruct",
    "mixtral-8x7b-instruct-v0.1",
    "qwen2.5:14b",
    "mistral-small-latest",
    "gemini-2.0-flash-exp",
    "gemini-1.5-pro-002",
    "llama-3.1-405b",
    "phi-4",
    "deepseek-r1-distill-llama-70b",
]
# What is no name of a model although it begins, ends or looks like one.
NO_MODELS = [
    "Anna Mueller",
    "anna-mueller",
    "claude-mueller",
    "Claude Mueller-3",
    "gpt-4o-anna-mueller",
    "gemma-schneider-2",
    "mueller/gpt-4o-mini",
    "gpt-4o-mini for Anna Mueller",
    "gpt-4o-mini\nAnna Mueller",
    "anna.mueller@clinic.example",
    "gpt-570-555-0134",
    "phi-219-09-9999",
    "llama-4711234567",
    "gpt-19750312",
]


def sealed_model(document, name):
    """Return what the name of a model becomes in the record of a planner, and the result."""
    record = {"healing": [{"decision": {"model": {"model": name}}}]}
    result = document(record)
    return result.document["healing"][0]["decision"]["model"]["model"], result


@pytest.mark.parametrize("name", MODELS)
def test_the_name_of_a_model_stays(document, name):
    kept, result = sealed_model(document, name)

    assert (kept, result.counts) == (name, {})


@pytest.mark.parametrize("name", NO_MODELS)
def test_what_is_no_name_of_a_model_is_scrubbed(document, name):
    kept, _ = sealed_model(document, name)

    assert kept != name
    assert not {"mueller", "schneider", "0134", "9999", "4711234567", "19750312"} & set(
        re.split(r"[^a-z0-9]+", kept.lower())
    )


def test_users_are_pseudonyms_but_for_those_of_windows_and_the_site(document):
    users = [r"CLINIC\mgonzalez", "SYSTEM", r"NT AUTHORITY\SYSTEM", "svc_scan"]

    result = document({"users": users})

    assert result.document["users"][0].startswith("CLINIC\\<USER:")
    assert result.document["users"][1:] == users[1:]


def test_prose_is_replaced_as_a_whole(document):
    result = document({"note": "she called twice"})

    assert result.document["note"].startswith("<PROSE:")


def test_a_person_has_one_token_in_all_documents_of_a_site(document):
    one = document({"note": "x", "text": "owner: mgonzalez"}).document["text"]
    other = document({"text": "user: MGonzalez"}).document["text"]

    assert one.removeprefix("owner: ") == other.removeprefix("user: ")


def test_another_key_makes_other_tokens(scrubber):
    other = Scrubber(bytes(32), INVENTORY, today=TODAY)

    assert (
        scrubber.scrub_text("user: mgonzalez").document
        != other.scrub_text("user: mgonzalez").document
    )


def test_a_key_that_is_no_32_bytes_is_refused():
    with pytest.raises(PseudonymKeyInvalid):
        Scrubber(b"short", today=TODAY)


def test_a_scrubbed_document_stays_as_it_is(document):
    once = document({"users": ["mgonzalez"], "patient": "x", "note": "y", "text": "MRN: 123456"})

    again = document(once.document)

    assert (again.document, again.counts) == (once.document, {})


UNSCRUBBABLE = [
    pytest.param("x" * (64 * 1024 + 1), id="too-long"),
    pytest.param("half a pair \ud800", id="surrogate"),
    pytest.param(b"bytes", id="bytes"),
    pytest.param({1, 2}, id="set"),
]


@pytest.mark.parametrize("value", UNSCRUBBABLE)
def test_what_cannot_be_scrubbed_is_replaced_and_flagged(document, value):
    result = document({"details": value})

    assert (result.document, result.error_code) == ({"details": "<UNSCRUBBABLE>"}, "E007")


def test_a_key_that_is_no_text_is_replaced_and_flagged(document):
    result = document({7: "seven"})

    assert (result.document, result.is_flagged) == ({"<UNSCRUBBABLE>": "seven"}, True)


def test_a_document_that_nests_too_deep_is_cut_and_flagged(document):
    nested = "end"
    for _ in range(100_000):
        nested = [nested]

    result = document({"details": nested})

    assert result.is_flagged
    assert "end" not in str(result.document)


def test_a_document_that_is_too_large_is_replaced_and_flagged(document):
    result = document({"details": ["disk"] * 1_400_000})

    assert (result.document, result.is_flagged) == ("<UNSCRUBBABLE>", True)


def test_an_identifier_that_a_protected_token_hides_is_found_by_the_second_pass(document):
    result = document({"text": r"HKLM\SOFTWARE\Microsoft\1EG4-TE5-MK73"})

    assert (result.document, result.error_code) == ({"text": "<UNSCRUBBABLE>"}, "E007")


def test_an_empty_text_and_null_stay(document):
    assert document({"text": "", "nothing": None}).document == {"text": "", "nothing": None}


def test_prose_for_orientation_keeps_no_capital_date_or_number(scrubber):
    result = scrubber.scrub_prose("Spoke with Rose Page on 3/12 about server dc01, ticket 4471")

    assert result.document == (
        "Spoke with <NAME:5c0e7edc> on <DATE:6e392fff> about server dc01, ticket <NUMBER:22524d29>"
    )
