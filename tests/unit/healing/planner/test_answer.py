# SPDX-License-Identifier: GPL-3.0-or-later
"""Which answers of a model are believed: those that keep every rule, and no others."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.answer import (
    AnswerInvalid,
    read_answer,
    wire_schema,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.candidates import (  # noqa: E501 - its name
    candidates_of,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.case import (
    read_case,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from unit.healing.planner.answers import CHECK, ESCALATION, GOOD, QUESTION, REFUSED, RIGHT
from unit.healing.planner.cases import NOW, context, findings_of

SUSPENDED = "protection_suspended!@C: protection_suspended!@D:"


@pytest.fixture(scope="session")
def asked(registry):
    """Return a function: the case and the candidates of a question."""

    def ask(check=CHECK, findings=QUESTION):
        case = read_case(context(check, findings, registry), NOW)
        return case, candidates_of(case, registry)

    return ask


def resume(drives):
    return json.dumps(GOOD | {"runbook_id": "RB-WIN-ENC-001", "parameters": {"drives": drives}})


def test_a_good_answer_is_believed(asked):
    answer = read_answer(json.dumps(GOOD), *asked())

    assert answer.runbook is not None
    assert answer.runbook.runbook_id == RIGHT
    assert answer.confidence_thousandths == 900


def test_an_escalation_names_no_runbook(asked):
    answer = read_answer(json.dumps(ESCALATION), *asked())

    assert answer.runbook is None
    assert answer.escalation_reason == "Two findings may have one deeper cause."


def test_one_fence_around_the_whole_answer_is_taken_off(asked):
    answer = read_answer(f"```json\n{json.dumps(GOOD)}\n```", *asked())

    assert answer.runbook is not None


@pytest.mark.parametrize(("content", "rule"), REFUSED.values(), ids=REFUSED)
def test_an_answer_that_breaks_a_rule_is_refused(content, rule, asked):
    text = content if isinstance(content, str) else json.dumps(content)

    with pytest.raises(AnswerInvalid) as refused:
        read_answer(text, *asked())

    assert refused.value.reason == rule


def test_a_refusal_does_not_repeat_what_the_model_wrote(asked):
    with pytest.raises(AnswerInvalid) as refused:
        read_answer(json.dumps(GOOD | {"Smith, John": 1}), *asked())

    assert "Smith" not in str(refused.value)


def test_parameters_left_null_come_from_the_findings(asked):
    answer = read_answer(resume(None), *asked(CheckId.ENCRYPTION, SUSPENDED))

    assert answer.parameters == {"drives": ["C:", "D:"]}


def test_a_model_may_choose_among_what_was_found(asked):
    answer = read_answer(resume(["D:"]), *asked(CheckId.ENCRYPTION, SUSPENDED))

    assert answer.parameters == {"drives": ["D:"]}


@pytest.mark.parametrize(
    ("drives", "rule"),
    [
        pytest.param(["E:"], "parameter_not_found", id="a-drive-that-no-finding-names"),
        pytest.param(["C:", "E:"], "parameter_not_found", id="one-more"),
        pytest.param(["C:; Remove-Item -Recurse C:\\"], "parameter_invalid", id="a-command"),
        pytest.param(["C:\n"], "parameter_invalid", id="a-line-break"),
        pytest.param("C:", "parameter_invalid", id="a-text-for-a-list"),
        pytest.param([["C:"]], "parameter_invalid", id="a-list-in-a-list"),
        pytest.param([1], "parameter_invalid", id="a-number"),
        pytest.param(["C:"] * 65, "parameter_invalid", id="too-many"),
    ],
)
def test_a_model_cannot_aim_beside_the_findings(drives, rule, asked):
    with pytest.raises(AnswerInvalid) as refused:
        read_answer(resume(drives), *asked(CheckId.ENCRYPTION, SUSPENDED))

    assert refused.value.reason == rule


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("controller", "0.0.0.0/0", id="whom-a-firewall-lets-in"),
        pytest.param("controller", "10.0.0.5", id="even-what-it-would-be"),
    ],
)
def test_a_model_cannot_set_what_is_the_sites_to_set(name, value, asked):
    answer = json.dumps(GOOD | {"runbook_id": "RB-WIN-FW-003", "parameters": {name: value}})

    with pytest.raises(AnswerInvalid) as refused:
        read_answer(answer, *asked(CheckId.FIREWALL, "firewall_service_down!"))

    assert refused.value.reason == "parameter_of_the_site"


def test_a_model_is_not_told_of_what_it_cannot_set(asked):
    _, candidates = asked(CheckId.FIREWALL, "firewall_service_down!")

    assert wire_schema(candidates)["properties"]["parameters"]["properties"] == {}


def test_a_value_for_one_log_is_not_taken_from_another(asked):
    # 16384 is expected of Security; nothing was found about System.
    parameters = {"system_kb": 16384}
    answer = json.dumps(GOOD | {"parameters": parameters})

    with pytest.raises(AnswerInvalid) as refused:
        read_answer(answer, *asked(CheckId.LOGGING, "log_disabled! log_too_small~@Security"))

    assert refused.value.reason == "parameter_not_found"


def test_a_finding_with_a_value_that_is_not_allowed_is_no_source(asked):
    case, candidates = asked(CheckId.ENCRYPTION, "protection_suspended!@C:")
    odd = case.findings[0].model_copy(update={"scope": "C:\\; whoami"})
    mixed = replace(case, findings=(odd, *case.findings))

    answer = read_answer(resume(["C:"]), mixed, candidates)

    assert answer.parameters == {"drives": ["C:"]}


def test_a_model_cannot_choose_nothing(asked):
    # An empty list would repair nothing, and call that done.
    with pytest.raises(AnswerInvalid) as refused:
        read_answer(resume([]), *asked(CheckId.ENCRYPTION, SUSPENDED))

    assert refused.value.reason == "parameter_not_found"


def test_what_a_policy_owns_is_no_parameter(asked):
    case, candidates = asked(CheckId.ENCRYPTION, "protection_suspended!@C:")
    owned = case.findings[0].model_copy(update={"scope": "D:", "gpo_managed": True})
    mixed = replace(case, findings=(*case.findings, owned))

    answer = read_answer(resume(None), mixed, candidates)

    assert answer.parameters == {"drives": ["C:"]}


def test_the_schema_offers_the_candidates_and_the_way_out(asked):
    _, candidates = asked()

    schema = wire_schema(candidates)

    assert schema["properties"]["runbook_id"]["enum"] == [
        "RB-WIN-LOG-001",
        "RB-WIN-LOG-002",
        "ESCALATE",
    ]
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"])


def test_the_schema_names_the_parameters_of_all_candidates(asked):
    _, candidates = asked(CheckId.ENCRYPTION, SUSPENDED)

    assert wire_schema(candidates)["properties"]["parameters"] == {
        "type": "object",
        "properties": {"drives": {"type": ["array", "null"], "items": {"type": ["string"]}}},
        "required": ["drives"],
        "additionalProperties": False,
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(deadline=None)  # a busy machine is no finding
@given(change=st.dictionaries(st.sampled_from(sorted(GOOD)), JSON, min_size=1))
def test_whatever_is_answered_is_a_candidate_or_refused(change, asked):
    case, candidates = asked()
    try:
        answer = read_answer(json.dumps(GOOD | change), case, candidates)
    except AnswerInvalid:
        return

    assert answer.runbook is None or answer.runbook in candidates.offered


@settings(deadline=None)  # a busy machine is no finding
@given(text=st.text(max_size=200))
def test_no_text_escapes_as_another_error(text, asked):
    case, candidates = asked()
    with pytest.raises(AnswerInvalid):
        read_answer(text, case, candidates)


def test_findings_of_these_tests_are_of_this_release():
    assert len(findings_of(CHECK, QUESTION)) == 2
