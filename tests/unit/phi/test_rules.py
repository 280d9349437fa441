# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules as a whole: which version scrubbed, which words may stay, which policy a path has."""

import subprocess
import sys

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.policies import (
    Mode,
    policy_for,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.ruleset import (
    ruleset_sha256,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.vocabulary import (
    Vocabulary,
)

MODULE = "ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.ruleset"


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(frozenset({"acmeclinic"}))


def test_the_digest_is_the_same_in_every_process():
    program = f"import {MODULE} as r; print(r.ruleset_sha256())"

    other = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert other.stdout.strip() == ruleset_sha256()


@pytest.mark.parametrize(
    "word",
    ["service", "wuauserv", "encrypted", "hospital", "acmeclinic", "reconfigured", "printers"],
)
def test_a_word_that_names_nobody_may_stay(vocabulary, word):
    assert vocabulary.has(word)


@pytest.mark.parametrize(
    "word",
    ["gonzalez", "mgonzalez", "okonkwo", "dayton", "boston", "smith", "müller", "li", "xqzv"],
)
def test_a_word_that_may_name_somebody_may_not(vocabulary, word):
    assert not vocabulary.has(word)


@pytest.mark.parametrize("word", ["young", "rose", "grant", "page", "mark"])
def test_some_words_are_names_too(vocabulary, word):
    assert vocabulary.is_name(word)


@pytest.mark.parametrize(
    ("path", "mode", "grammar"),
    [
        ("bundle.pre_state.facts.hotfixes.value.hotfixes.items[].hotfix_id", Mode.TYPED, "kb"),
        ("bundle.pre_state.facts.preference.value.exclusions.items[].value", Mode.PATH, ""),
        ("bundle.pre_state.findings[].observed", Mode.TYPED, "fact"),
        ("bundle.pre_state.message", Mode.LOG, ""),
        ("bundle.hipaa_controls[]", Mode.TYPED, "control"),
        ("incident.status", Mode.TYPED, "incident_status"),
        ("bundle.status", Mode.TYPED, "status"),
        ("order.parameters.password", Mode.DROP, ""),
        ("order.parameters.patient_list.first", Mode.DROP, ""),
        ("ticket.comments[].body", Mode.PROSE, ""),
        ("log.user", Mode.USER, ""),
        ("bundle.whatever.else", Mode.LOG, ""),
    ],
)
def test_the_first_row_that_fits_decides(path, mode, grammar):
    policy = policy_for(path)

    assert (policy.mode, policy.grammar) == (mode, grammar)
