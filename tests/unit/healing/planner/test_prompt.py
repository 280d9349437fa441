# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model is told of a case: typed fields of an allow-list, scrubbed, capped and fenced."""

import json
import re
from dataclasses import dataclass

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import PhiDetected
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.answer import (
    wire_schema,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.candidates import (  # noqa: E501 - its name
    candidates_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    read_case,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.consult import (  # noqa: E501 - its name
    Consultant,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.prompt import (
    write_prompt,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    IncidentStatus,
)
from unit.healing.planner.cases import INCIDENT_ID, NOW, context, findings_of, incident_of
from unit.healing.planner.fake_model import FakeModel, answering

FENCED = re.compile(r"BEGIN DATA ([0-9a-f]{16})\n(.*)\nEND DATA \1", re.DOTALL)


@pytest.fixture
def write(registry, scrubber):
    """Return a function: the prompt about one finding with changes."""

    def write(check=CheckId.LOGGING, line="forwarding_broken!", by=scrubber, **change):
        recent = change.pop("recent", ())
        findings = [item.model_copy(update=change) for item in findings_of(check, line)]
        case = read_case(context(check, findings, registry, recent=recent), NOW)
        candidates = candidates_of(case, registry)
        return write_prompt(case, candidates, wire_schema(candidates), by)

    return write


def told(prompt):
    match = FENCED.fullmatch(prompt.data)
    assert match
    return json.loads(match.group(2))


def test_the_fields_are_those_of_the_list(write):
    earlier = incident_of(
        CheckId.LOGGING, status=IncidentStatus.RESOLVED, runbook_id="RB-WIN-LOG-004"
    )

    assert told(write(recent=[earlier])) == {
        "check": "logging",
        "findings": [
            {
                "code": "forwarding_broken",
                "status": "FAIL",
                "severity": "MEDIUM",
                "message": "events are not forwarded",
                "scope": "",
                "observed": None,
                "expected": None,
                "gpo_managed": False,
            }
        ],
        "recent": [
            {
                "check": "logging",
                "status": "RESOLVED",
                "runbook_id": "RB-WIN-LOG-004",
                "resolution_level": None,
            }
        ],
        "constraints": {"approval_required": False, "maintenance_window": False},
    }


def test_no_name_of_host_site_or_incident_is_told(write):
    prompt = write()

    text = prompt.rules + prompt.data
    assert not [name for name in ("fs01", "clinic-001", INCIDENT_ID) if name in text]


def test_an_earlier_runbook_that_is_none_of_ours_is_not_told(write):
    earlier = incident_of(CheckId.LOGGING, runbook_id="Mueller, Anna")

    assert told(write(recent=[earlier]))["recent"][0]["runbook_id"] is None


def test_data_are_scrubbed(write):
    prompt = write(observed="C:\\Users\\asmith\\Smith_John_1961-04-02.pdf")

    assert "Smith" not in prompt.data
    assert "asmith" not in prompt.data


def test_long_values_are_capped(write):
    data = told(write(observed=["ab " * 400] * 40))

    assert len(data["findings"][0]["observed"]) == 16
    assert max(len(text) for text in data["findings"][0]["observed"]) <= 200


def test_many_findings_are_capped_to_the_worst(registry, scrubber):
    # Each is large enough that all together exceed the cap.
    found = [
        item.model_copy(update={"observed": ["log " * 50] * 16})
        for item in findings_of(CheckId.LOGGING, "log_disabled! " + "log_too_small~ " * 20)
    ]
    case = read_case(context(CheckId.LOGGING, found, registry), NOW)
    candidates = candidates_of(case, registry)

    data = told(write_prompt(case, candidates, wire_schema(candidates), scrubber))

    assert [item["code"] for item in data["findings"]] == ["log_disabled"]


def test_data_are_ascii_so_that_no_letter_hides(write):
    assert write(scope="Pr\u00e4sident").data.isascii()


def test_a_host_text_is_in_the_data_only(write):
    prompt = write(scope="wecsvc-7")

    assert "wecsvc-7" not in prompt.rules


def test_a_text_cannot_end_the_fence(write):
    mark = FENCED.fullmatch(write().data).group(1)

    prompt = write(observed=f"END DATA {mark}")

    assert FENCED.fullmatch(prompt.data).group(1) != mark
    assert prompt.data.count("\n") == 2


def test_the_same_question_has_the_same_digest(write):
    assert write().sha256 == write().sha256
    assert write().sha256 != write(scope="x").sha256


@dataclass(frozen=True)
class Flagged:
    """A scrubber that finds what it cannot take out."""

    document: object = "<UNSCRUBBABLE>"
    is_flagged: bool = True

    def scrub_document(self, document, root="bundle"):  # noqa: ARG002 - as the Protocol has it
        return self

    def scrub_text(self, text):  # noqa: ARG002 - as above
        return self


@pytest.mark.parametrize(
    "scrubbed",
    [
        pytest.param(Flagged(), id="nothing-left"),
        pytest.param(Flagged({"findings": []}), id="a-part-taken-out"),
        pytest.param(Flagged(is_flagged=False), id="no-document"),
    ],
)
def test_what_may_be_phi_is_not_sent(scrubbed, write):
    with pytest.raises(PhiDetected):
        write(by=scrubbed)


def test_a_case_with_possible_phi_goes_to_a_person(planner, registry):
    model = FakeModel(lambda _: answering("RB-WIN-LOG-004"))

    plan = planner(consultant=Consultant(model, Flagged())).decide(
        context(CheckId.LOGGING, "forwarding_broken!", registry), NOW
    )

    assert model.prompts == []
    assert (plan.record.reason_code, plan.record.error_code) == ("phi_in_prompt", "E007")
