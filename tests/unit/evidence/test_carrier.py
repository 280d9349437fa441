# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how verdicts and facts get from a worker into the evidence unchanged, or not at all."""

import re
from base64 import b64decode

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import (
    DocumentNotCanonical,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import carrier
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.carrier import (
    Carrier,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recorder import Hook
from unit.evidence.runs import (
    CHECK_ALL,
    FACTS,
    NOON,
    a_check,
    hear_scope,
    read_bundles,
    summary,
)

BRIEF = a_check() | {"details": {"schema_version": 1, "reason_code": "ok", "findings": []}}


def sealed(clinic, *packed, text=None):
    """Hear a run whose only result is a brief verdict and carries what is *packed*, or *text*."""
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01")
    carried = clinic.carrier.pack(*packed, NOON) if text is None else text
    result = {carrier.CHECKS_KEY: [BRIEF], carrier.KEY: carried}
    recorder.hear(Hook.OK, "dc01", CHECK_ALL, result)
    return recorder


def test_the_evidence_holds_what_was_packed(clinic):
    facts = FACTS | {"checks": {"firewall": {"profiles": {"name": "Domain"}}}}

    file = sealed(clinic, [a_check(status="FAIL")], facts).finish().file

    (bundle,) = read_bundles(file)
    assert bundle["pre_state"]["status"] == "FAIL"
    assert bundle["pre_state"]["policy"] == {}
    assert bundle["pre_state"]["facts"] == {"profiles": {"name": "Domain"}}


def test_packed_text_comes_into_normal_form():
    box = Carrier(bytes(32))

    assert box.unpack(box.pack([], {"name": "e\u0301"}, NOON))["facts"] == {"name": "\u00e9"}


def test_nobody_reads_what_is_carried_without_the_key():
    text = Carrier(bytes(32)).pack([], {"name": "Ottoline Quillfeather"}, NOON)

    with pytest.raises(DocumentNotCanonical):
        Carrier(b"another key of thirty-two bytes.").unpack(text)
    assert b"Ottoline" not in b64decode(text)


def test_the_journal_of_a_run_cannot_be_read_without_the_secret_of_its_site(clinic):
    facts = FACTS | {"host": {"name": "Ottoline Quillfeather"}}

    sealed(clinic, [a_check()], facts)

    journal = clinic.directory.journal("run-1").read_bytes()
    (text,) = re.findall(rb'"carried":"([^"]+)"', journal)
    assert b"Ottoline" not in journal + b64decode(text)
    with pytest.raises(DocumentNotCanonical):
        clinic.carrier.unpack(text.decode())


@pytest.mark.parametrize("text", ["", "no base64!", "bm8gemxpYg=="], ids=["empty", "text", "short"])
def test_a_damaged_text_proves_nothing(clinic, text):
    with pytest.raises(DocumentNotCanonical):
        Carrier(bytes(32)).unpack(text)

    file = sealed(clinic, text=text).finish().file

    assert summary(file) == [("dc01", "firewall", "failure", "collector_failed")]
