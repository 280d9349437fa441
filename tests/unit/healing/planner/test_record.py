# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a decision: signable, scrubbed, and the same after it was scrubbed again."""

from hashlib import sha256

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.canonical import (
    canonical_json,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.consult import (  # noqa: E501 - its name
    Consultant,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.reasons import (  # noqa: E501 - its name
    SENTENCES,
    Reason,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.record import (
    DecisionRecord,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from unit.healing.planner.cases import NOW, context
from unit.healing.planner.fake_model import FakeModel, answering
from unit.healing.planner.labelled import LABELLED

RIGHT = "RB-WIN-ENC-001"


@pytest.fixture
def record(planner, registry, scrubber):
    """Return a function: the record of a decision that a model answering *said* took part in."""

    def record(said):
        question = context(CheckId.ENCRYPTION, "protection_suspended!@C:", registry)
        consultant = Consultant(FakeModel(lambda _: said), scrubber)
        return planner(consultant=consultant).decide(question, NOW).record

    return record


def test_a_record_tells_the_whole_decision(record):
    kept = record(answering(RIGHT)).to_dict()

    model = kept.pop("model")
    assert kept == {
        "schema_version": 1,
        "incident_id": "3f0a7c52-6f0e-4a57-9d0b-4f6f3f1d2a10",
        "site_id": "clinic-001",
        "host_id": "fs01",
        "check": "encryption",
        "decided_at": "2026-03-02T12:00:00Z",
        "mode": "act",
        "runbook_ids": ["RB-WIN-ENC-001"],
        "barred": [
            {"runbook_id": f"RB-WIN-ENC-00{number}", "reason_code": "repairs_nothing"}
            for number in (2, 3, 4, 5)
        ],
        "hits": [],
        "votes": [
            {"method": "codes", "runbook_id": RIGHT, "reason_code": "code_is_mended",
             "objects": False},
            {"method": "symptoms", "runbook_id": RIGHT, "reason_code": "symptoms_match",
             "objects": False},
            {"method": "model", "runbook_id": RIGHT, "reason_code": "answered", "objects": False},
        ],
        "runbook_id": RIGHT,
        "parameters": {"drives": ["C:"]},
        "reason_code": "agreed",
        "error_code": None,
        "disposition": "act",
        "requires_approval": False,
    }  # fmt: skip
    assert (model["model"], model["temperature_thousandths"], model["validation"]) == (
        "model-1",
        0,
        "valid",
    )
    assert model["confidence_thousandths"] == 1000


def test_a_reply_is_kept_scrubbed_and_its_digest_as_it_came(record):
    said = "Ask Dr. Anna Mueller, phone 570-555-0134."

    model = record(said).model

    assert model is not None
    assert model.reply_text is not None
    assert "Mueller" not in model.reply_text
    assert "555" not in model.reply_text
    assert model.reply_sha256 == sha256(said.encode()).hexdigest()


def test_a_huge_reply_is_cut(record):
    model = record("log " * 50_000).model

    assert model is not None
    assert len(model.reply_text or "") <= 2_000


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("log \ud800 log", id="half-a-letter"),
        pytest.param("cafe\u0301", id="not-in-normal-form"),
        pytest.param("log \x00 \x1b[31m", id="control-letters"),
        pytest.param("\U0001f600" * 900, id="beyond-16-bits"),
    ],
)
def test_whatever_a_model_writes_the_record_can_be_signed(said, record):
    kept = record(said)

    assert kept.reason_code == "l2_answer_invalid"
    canonical_json(kept.to_dict())


@pytest.mark.parametrize(("check", "findings"), [row[:2] for row in LABELLED])
def test_each_record_can_be_signed_and_read_back(check, findings, planner, registry):
    record = planner().decide(context(check, findings, registry), NOW).record

    canonical_json(record.to_dict())
    assert DecisionRecord.from_dict(record.to_dict()) == record


@pytest.mark.parametrize("said", [answering(RIGHT), "No.", answering("RB-WIN-ENC-002")])
def test_scrubbing_a_record_changes_nothing_in_it(said, record, scrubber):
    kept = record(said).to_dict()

    again = scrubber.scrub_document({"planner": kept})

    assert again.is_flagged is False
    assert again.document == {"planner": kept}


def test_each_reason_has_its_sentence():
    assert set(SENTENCES) == set(Reason)
