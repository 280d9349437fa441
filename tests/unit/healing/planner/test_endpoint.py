# SPDX-License-Identifier: GPL-3.0-or-later
"""A model behind a real HTTP server, which answers well, badly, late or never."""

import json
import time

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.clock import utc_now
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.consult import (  # noqa: E501 - its name
    Consultant,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.endpoint import (  # noqa: E501 - its name
    EndpointSettings,
    EndpointUnusable,
    OpenAiEndpoint,
    refuse_unsafe_url,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.plans import (
    Disposition,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.secret_file import (
    SecretFileUnusable,
)
from lab.tls import make_certificates
from unit.healing.planner.answers import CHECK, ESCALATION, GOOD, QUESTION, REFUSED, RIGHT
from unit.healing.planner.cases import NOW, context, incident_of
from unit.healing.planner.fake_endpoint import completion, running

pytest.importorskip("openai", reason="the extra l2 is not installed")


@pytest.fixture
def server():
    with running() as fake:
        yield fake


@pytest.fixture
def endpoint(server):
    """Return a function that makes a client of the server; all are closed at the end."""
    made = []

    def make(**settings):
        one = OpenAiEndpoint(EndpointSettings(base_url=server.url, model="m", **settings))
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def consulting(endpoint, planner, scrubber):
    """Return a function: a planner that consults the server."""
    return lambda **settings: planner(consultant=Consultant(endpoint(**settings), scrubber))


@pytest.fixture
def decide(consulting, registry):
    """Return a function: the plan of a planner that consults the server."""
    question = context(CHECK, QUESTION, registry)
    return lambda **settings: consulting(**settings).decide(question, NOW)


def test_a_good_answer_becomes_an_action(server, decide):
    server.answer(GOOD)

    plan = decide()

    assert plan.disposition is Disposition.ACT
    assert plan.action is not None
    assert plan.action.runbook_id == RIGHT
    assert plan.record.model is not None
    assert plan.record.model.validation == "valid"
    assert [vote.method for vote in plan.record.votes] == ["codes", "symptoms", "model"]


def test_a_model_that_escalates_is_obeyed(server, decide):
    server.answer(ESCALATION)

    plan = decide()

    assert (plan.action, plan.record.reason_code) == (None, "model_escalates")


def test_a_model_that_is_not_sure_is_not_believed(server, decide):
    server.answer(GOOD | {"confidence_percent": 70})

    plan = decide()

    assert (plan.action, plan.record.reason_code) == (None, "confidence_low")


def test_a_model_that_chooses_another_candidate_changes_nothing(server, decide):
    server.answer(GOOD | {"runbook_id": "RB-WIN-LOG-001"})

    plan = decide()

    assert (plan.action, plan.record.reason_code) == (None, "disagreement")


@pytest.mark.parametrize(("content", "rule"), REFUSED.values(), ids=REFUSED)
def test_an_answer_that_breaks_a_rule_goes_to_a_person(content, rule, server, decide):
    server.answer(content)

    plan = decide()

    assert plan.action is None
    assert plan.record.model is not None
    assert (plan.record.reason_code, plan.record.model.validation) == ("l2_answer_invalid", rule)


LONG = json.dumps(completion("x" * 300_000)).encode()
FAILING = {
    "no choices": (lambda to: to.send(200, {"choices": []}), "no_choice"),
    "choices are a text": (lambda to: to.send(200, {"choices": "none"}), "not_a_completion"),
    "no content": (lambda to: to.send(200, completion(None)), "no_text"),
    "empty content": (lambda to: to.send(200, completion("")), "no_text"),
    "content is an object": (
        lambda to: to.send(200, {"choices": [{"message": {"content": {}}}]}),
        "not_a_completion",
    ),
    "cut at its limit": (
        lambda to: to.send(200, completion(json.dumps(GOOD), finish_reason="length")),
        "cut_short",
    ),
    "filtered": (
        lambda to: to.send(200, completion(json.dumps(GOOD), finish_reason="content_filter")),
        "cut_short",
    ),
    "too many requests": (lambda to: to.send(429, {}, **{"retry-after": "60"}), "http_429"),
    "not authorized": (lambda to: to.send(401, {}), "http_401"),
    "not found": (lambda to: to.send(404, {}), "http_404"),
    "elsewhere": (lambda to: to.send(302, {}, location="http://127.0.0.9/v1"), "http_302"),
    "broken inside": (lambda to: to.send(500, {}), "http_500"),
    "overloaded": (lambda to: to.send(503, {}), "http_503"),
    "a web page": (lambda to: to.send(200, b"<html>", kind="text/html"), "not_json"),
    "no JSON": (lambda to: to.send(200, b"{"), "not_a_completion"),
    "nested too deep": (lambda to: to.send(200, b"[" * 50_000), "not_a_completion"),
    "no UTF-8": (lambda to: to.send(200, b"\xff\xfe{}"), "not_a_completion"),
    "huge": (lambda to: to.send(200, LONG), "too_large"),
    "drops the connection": (lambda to: to.drop(), "no_connection"),
    "hangs": (lambda to: to.hang(), "timeout"),
    "drips": (lambda to: to.drip(), "timeout"),
}


@pytest.mark.parametrize(("behave", "reason"), FAILING.values(), ids=FAILING)
def test_a_server_that_fails_sends_the_case_to_a_person(behave, reason, server, decide):
    server.behave = behave

    plan = decide(timeout_seconds=0.3)

    assert plan.action is None
    assert plan.record.model is not None
    assert (plan.record.reason_code, plan.record.model.validation) == (
        "l2_endpoint_failed",
        reason,
    )


@pytest.mark.parametrize("way", ["hang", "drip"])
def test_a_slow_server_costs_twice_the_timeout_at_most(way, server, decide):
    server.behave = lambda to: getattr(to, way)()

    began = time.monotonic()
    decide(timeout_seconds=0.3)

    assert time.monotonic() - began < 2


def refusing(*formats, status=400):
    """Answer well, except for these formats."""

    def behave(to):
        asked = to.fake.formats[-1]
        to.send(*((status, {}) if asked in formats else (200, completion(json.dumps(GOOD)))))

    return behave


@pytest.mark.parametrize(
    ("behave", "formats"),
    [
        pytest.param(refusing(), ["json_schema"], id="knows-all"),
        pytest.param(refusing("json_schema"), ["json_schema", "json_object"], id="knows-no-schema"),
        pytest.param(
            refusing("json_schema", status=500),
            ["json_schema", "json_object"],
            id="breaks-at-a-schema",
        ),
        pytest.param(
            refusing("json_schema", "json_object"),
            ["json_schema", "json_object", "plain"],
            id="knows-no-format",
        ),
    ],
)
def test_formats_are_tried_from_the_strictest(behave, formats, server, decide):
    server.behave = behave

    plan = decide()

    assert server.formats == formats
    assert plan.record.model is not None
    assert plan.record.model.response_format == formats[-1]
    assert plan.record.runbook_id == RIGHT


def another_incident(registry):
    incident = incident_of(CHECK, incident_id="1b7c1f5e-0d0f-4a55-8a8e-0f4d7f0c9a01")
    return context(CHECK, QUESTION, registry, incident=incident)


def test_the_format_that_worked_is_remembered(server, consulting, registry):
    server.behave = refusing("json_schema")
    asking = consulting()

    asking.decide(context(CHECK, QUESTION, registry), NOW)
    asking.decide(another_incident(registry), NOW)

    assert server.formats == ["json_schema", "json_object", "json_object"]


def test_a_server_that_broke_once_is_asked_for_a_schema_again(server, consulting, registry):
    asking = consulting()
    server.behave = lambda to: to.send(500, {})
    asking.decide(context(CHECK, QUESTION, registry), NOW)
    server.answer(GOOD)

    asking.decide(another_incident(registry), NOW)

    assert server.formats[-1] == "json_schema"


def test_a_connection_that_is_dropped_once_is_tried_again(server, decide):
    def behave(to):
        if len(to.fake.bodies) == 1:
            to.drop()
        else:
            to.send(200, completion(json.dumps(GOOD)))

    server.behave = behave

    assert decide().record.runbook_id == RIGHT
    assert len(server.bodies) == 2


def test_a_timeout_is_not_tried_again(server, decide):
    server.behave = lambda to: to.hang()

    decide(timeout_seconds=0.3)

    assert len(server.bodies) == 1


def test_nothing_leaves_but_the_question_and_the_key(server, decide, tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.9/v1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.9:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.9:1")
    key = tmp_path / "key"
    key.write_text("lab-key-17\n")
    key.chmod(0o600)
    server.answer(GOOD)

    decide(api_key_file=key)

    assert set(server.bodies[0]) == {
        "model", "messages", "temperature", "max_tokens", "response_format",
    }  # fmt: skip
    assert server.headers[0]["authorization"] == "Bearer lab-key-17"
    assert "from-the-environment" not in json.dumps(server.headers + server.bodies)
    assert not {"clinic-001", "fs01"} & set(json.dumps(server.bodies).split('"'))
    assert "clinic-001" not in json.dumps(server.bodies)


def test_a_model_without_temperature_can_be_asked(server, decide):
    server.answer(GOOD)

    plan = decide(sends_temperature=False, limit_name="max_completion_tokens")

    assert "temperature" not in server.bodies[0]
    assert server.bodies[0]["max_completion_tokens"] == 600
    assert plan.record.model is not None
    assert plan.record.model.temperature_thousandths is None


@pytest.mark.parametrize(
    "url",
    [
        "https://models.clinic.example/v1",
        "http://127.0.0.1:8080/v1",
        "http://[::1]:8080/v1",
    ],
)
def test_an_address_is_tls_or_this_machine(url):
    refuse_unsafe_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://models.clinic.example/v1",
        "http://localhost:8080/v1",
        "http://127.0.0.1.clinic.example/v1",
        "http://10.0.0.5/v1",
        "ftp://127.0.0.1/v1",
        "https://user:secret@models.clinic.example/v1",
        "https://models.clinic.example/v1?api-key=secret",
        "https:///v1",
        "https://models.clinic.example:port/v1",
        "",
    ],
)
def test_any_other_address_is_refused_without_repeating_a_key(url):
    with pytest.raises(EndpointUnusable) as refused:
        refuse_unsafe_url(url)

    assert "secret" not in str(refused.value)


@pytest.fixture
def ask_at(planner, registry, scrubber):
    """Return a function: the plan of a planner that consults another address."""

    def ask(url, **settings):
        endpoint = OpenAiEndpoint(
            EndpointSettings(base_url=url, model="m", timeout_seconds=2.0, **settings)
        )
        asking = planner(consultant=Consultant(endpoint, scrubber))
        try:
            return asking.decide(context(CHECK, QUESTION, registry), NOW)
        finally:
            endpoint.close()

    return ask


@pytest.fixture(scope="module")
def certificates():
    files = make_certificates(["127.0.0.1"], utc_now())
    yield files
    files.remove()


def test_a_server_of_the_site_is_believed_with_its_authority(ask_at, certificates):
    with running(certificates.server_context()) as server:
        server.answer(GOOD)
        plan = ask_at(server.url, ca_file=certificates.authority)

    assert plan.record.runbook_id == RIGHT


def test_a_certificate_of_nobody_is_refused_before_anything_is_sent(ask_at, certificates):
    with running(certificates.server_context()) as server:
        server.answer(GOOD)
        plan = ask_at(server.url)

    assert (plan.action, plan.record.reason_code) == (None, "l2_endpoint_failed")
    assert server.bodies == []


def test_a_server_without_tls_is_not_talked_to_plainly(ask_at):
    with running() as server:
        server.answer(GOOD)
        plan = ask_at(server.url.replace("http:", "https:"))

    assert (plan.action, plan.record.reason_code) == (None, "l2_endpoint_failed")
    assert server.bodies == []


def test_a_key_that_others_can_read_is_refused(tmp_path):
    key = tmp_path / "key"
    key.write_text("lab-key-17")
    key.chmod(0o644)

    with pytest.raises(SecretFileUnusable, match="others can read"):
        OpenAiEndpoint(
            EndpointSettings(base_url="http://127.0.0.1:1/v1", model="m", api_key_file=key)
        )


@pytest.mark.parametrize("content", ["", "two words", "caf\u00e9"])
def test_a_file_without_a_key_is_refused_without_its_content(content, tmp_path):
    key = tmp_path / "key"
    key.write_text(content)
    key.chmod(0o600)

    with pytest.raises(EndpointUnusable, match="holds no key") as refused:
        OpenAiEndpoint(
            EndpointSettings(base_url="http://127.0.0.1:1/v1", model="m", api_key_file=key)
        )

    assert "two words" not in str(refused.value)


def test_a_missing_authority_is_said(tmp_path):
    with pytest.raises(EndpointUnusable, match="ca_file"):
        OpenAiEndpoint(
            EndpointSettings(
                base_url="https://models.clinic.example/v1",
                model="m",
                ca_file=tmp_path / "none.pem",
            )
        )
