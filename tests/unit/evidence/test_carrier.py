# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how verdicts and facts get from a worker into the evidence unchanged, or not at all."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import (
    DocumentNotCanonical,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import carrier
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.recorder import Hook
from unit.evidence.runs import CHECK_ALL, FACTS, a_check, hear_scope, read_bundles, summary


def sealed(clinic, text):
    """Seal a run whose only result shows a brief verdict and carries *text*."""
    recorder = clinic.recorder()
    hear_scope(recorder, "dc01")
    brief = a_check() | {"details": {"schema_version": 1, "reason_code": "ok", "findings": []}}
    recorder.hear(Hook.OK, "dc01", CHECK_ALL, {"compliance_checks": [brief], carrier.KEY: text})
    return recorder.finish().file


def test_the_evidence_holds_what_was_packed(clinic):
    facts = FACTS | {"checks": {"firewall": {"profiles": {"name": "Öffentlich"}}}}

    file = sealed(clinic, carrier.pack([a_check(status="FAIL")], facts))

    (bundle,) = read_bundles(file)
    assert bundle["pre_state"]["status"] == "FAIL"
    assert bundle["pre_state"]["policy"] == {}
    assert bundle["pre_state"]["facts"] == {"profiles": {"name": "Öffentlich"}}


def test_packed_text_comes_into_normal_form(clinic):
    facts = FACTS | {"checks": {"firewall": {"name": "e\u0301"}}}

    file = sealed(clinic, carrier.pack([a_check()], facts))

    (bundle,) = read_bundles(file)
    assert bundle["pre_state"]["facts"] == {"name": "\u00e9"}


@pytest.mark.parametrize("text", ["", "no base64!", "bm8gemxpYg=="], ids=["empty", "text", "zlib"])
def test_a_damaged_text_proves_nothing(clinic, text):
    with pytest.raises(DocumentNotCanonical):
        carrier.unpack(text)

    assert summary(sealed(clinic, text)) == [("dc01", "firewall", "failure", "collector_failed")]
