# SPDX-License-Identifier: GPL-3.0-or-later
"""The second opinion by meaning: the right weights or none, and a vote that can only hold back."""

import builtins
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner import (
    retrieval,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.retrieval import (  # noqa: E501 - its name
    RetrievalUnusable,
    Retriever,
    load_retriever,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.votes import (
    Vote,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.wordpiece import (  # noqa: E501 - its name
    load_pieces,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from unit.healing.planner.cases import NOW, context
from unit.healing.planner.labelled import LABELLED

FORWARDING = (CheckId.LOGGING, "forwarding_broken!")
RIGHT = "RB-WIN-LOG-004"


@pytest.fixture(scope="module")
def pieces():
    return load_pieces()


# What the tokenizer that the model was published with gives (tokenizers 0.23.3).
@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (
            "Defender's real-time protection is off",
            [101, 8291, 1005, 1055, 2613, 1011, 2051, 3860, 2003, 2125, 102],
        ),
        ("", [101, 102]),
    ],
)
def test_text_is_cut_as_the_model_was_taught(text, numbers, pieces):
    assert pieces.encode(text) == numbers


def test_a_long_text_is_cut_at_what_the_model_takes(pieces):
    numbers = pieces.encode("backup " * 1000)

    assert (len(numbers), numbers[-1]) == (256, 102)


def test_letters_that_the_vocabulary_lacks_are_refused(pieces):
    with pytest.raises(ValueError, match="ASCII"):
        pieces.encode("Müller")


class Stub:
    """A second opinion that says what it is told."""

    def __init__(self, vote):
        self._vote = vote

    def vote(self, case, candidates):  # noqa: ARG002 - as the Protocol has it
        return self._vote


@pytest.mark.parametrize(
    ("vote", "chosen", "reason"),
    [
        pytest.param(Vote("retrieval", RIGHT, "text_is_near"), RIGHT, "agreed", id="agrees"),
        pytest.param(Vote("retrieval", None, "near_tie"), RIGHT, "agreed", id="abstains"),
        pytest.param(
            Vote("retrieval", "RB-WIN-LOG-003", "text_is_near"), None, "disagreement", id="differs"
        ),
        pytest.param(
            Vote("retrieval", None, "l2_retrieval_failed", objects=True),
            None,
            "l2_retrieval_failed",
            id="fails",
        ),
    ],
)
def test_a_second_opinion_can_hold_back_and_not_push(vote, chosen, reason, planner, registry):
    plan = planner(second_opinion=Stub(vote)).decide(context(*FORWARDING, registry), NOW)

    assert (plan.record.runbook_id, plan.record.reason_code) == (chosen, reason)


def test_native_code_that_fails_is_an_objection(planner, registry, pieces):
    broken = Retriever(session=None, numpy=None, pieces=pieces)

    plan = planner(second_opinion=broken).decide(context(*FORWARDING, registry), NOW)

    assert (plan.action, plan.record.reason_code) == (None, "l2_retrieval_failed")


def test_without_the_extra_there_is_no_second_opinion(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest, **more):
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)

    with pytest.raises(RetrievalUnusable, match="extra"):
        load_retriever()


@pytest.fixture(scope="module")
def retriever():
    """Return the real one; skips without the extra."""
    pytest.importorskip("numpy", reason="the extra retrieval is not installed")
    pytest.importorskip("onnxruntime", reason="the extra retrieval is not installed")
    try:
        distribution(retrieval.PACKAGE)
    except PackageNotFoundError:
        pytest.skip("the extra retrieval is not installed")
    return load_retriever()


def test_what_means_the_same_is_near(retriever):
    near, far = retriever.similarities(
        "real-time protection is off", ["Antivirus is disabled", "A backup job hangs"]
    )

    assert near > far + 200


def test_other_weights_are_refused(retriever, monkeypatch):
    assert retriever is not None  # the extra is there
    monkeypatch.setattr(retrieval, "MODEL_SHA256", "0" * 64)

    with pytest.raises(RetrievalUnusable, match="not the file that was tested"):
        load_retriever()


def test_with_it_no_labelled_incident_gets_another_runbook(retriever, planner, registry):
    deciding = planner(second_opinion=retriever)

    wrong = [
        (findings, chosen)
        for check, findings, right in LABELLED
        if (chosen := deciding.decide(context(check, findings, registry), NOW).record.runbook_id)
        not in {right, None}
    ]

    assert wrong == []
