# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a decision, whatever it was: JSON that can be signed, for the bundle. Pure.

Nothing here is a float, and no text is longer than its cap. The prompt is named by its digest; the
answer of a model is kept as it was scrubbed, so that an auditor can read what it said and see what
the rules made of it.
"""

import unicodedata
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field

from ...models import CheckId, ContractModel, HostName, Instant
from ...signable import SignableObject
from .candidates import Candidates
from .model import Reply
from .prompt import DocumentScrubber
from .screen import Hit
from .votes import Vote

REPLY_LENGTH_MAX = 2_000
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Thousandths = Annotated[int, Field(ge=0, le=1000)]


class BarRecord(ContractModel):
    """A runbook of the check that could not be chosen."""

    runbook_id: str
    reason_code: Code


class HitRecord(ContractModel):
    """A text that should not have been there: which rule, and where. The text is not kept."""

    rule: Code
    place: str


class VoteRecord(ContractModel):
    """What one way of choosing said."""

    method: Code
    runbook_id: str | None
    reason_code: Code
    objects: bool


class ModelRecord(ContractModel):
    """How a model was asked, what it said, and what became of that."""

    model: Annotated[str, Field(max_length=128)]
    temperature_thousandths: int | None
    prompt_sha256: Sha256
    response_format: str | None = None
    requests: int | None = None
    reply_sha256: Sha256 | None = None
    reply_text: Annotated[str, Field(max_length=REPLY_LENGTH_MAX)] | None = None
    confidence_thousandths: Thousandths | None = None
    # valid, or the rule that was broken, or why there is no answer.
    validation: Code


class DecisionRecord(ContractModel):
    """One decision of the planner; in a bundle it tells who chose, from what, and why."""

    schema_version: Literal[1] = 1
    incident_id: str
    site_id: str
    host_id: HostName
    check: CheckId
    decided_at: Instant
    mode: str
    runbook_ids: tuple[str, ...]  # the candidates
    barred: tuple[BarRecord, ...]
    hits: tuple[HitRecord, ...]
    votes: tuple[VoteRecord, ...]
    model: ModelRecord | None
    # What was chosen; in shadow mode, too, where nothing is done with it.
    runbook_id: str | None
    parameters: SignableObject
    reason_code: Code
    error_code: str | None = None
    disposition: str
    requires_approval: bool


def bar_records(candidates: Candidates) -> tuple[BarRecord, ...]:
    """Return the bars of *candidates*."""
    return tuple(
        BarRecord(runbook_id=name, reason_code=why.value) for name, why in candidates.barred
    )


def hit_records(hits: tuple[Hit, ...]) -> tuple[HitRecord, ...]:
    """Return *hits* as they are kept."""
    return tuple(HitRecord(rule=hit.rule, place=hit.place) for hit in hits)


def vote_records(votes: tuple[Vote, ...]) -> tuple[VoteRecord, ...]:
    """Return *votes* as they are kept."""
    return tuple(
        VoteRecord(
            method=vote.method,
            runbook_id=vote.runbook_id,
            reason_code=vote.reason_code,
            objects=vote.objects,
        )
        for vote in votes
    )


def amended(record: ModelRecord, **change: object) -> ModelRecord:
    """Return *record* with *change*, validated like the rest."""
    return ModelRecord.model_validate({**dict(record), **change})


def with_reply(record: ModelRecord, reply: Reply, scrubber: DocumentScrubber) -> ModelRecord:
    """Return *record* with *reply*: its digest as it came, its text scrubbed and capped."""
    raw = reply.text.encode("utf-8", "surrogatepass")
    # What can be signed is UTF-8 in normal form C, and a model writes what it likes.
    plain = unicodedata.normalize("NFC", raw.decode("utf-8", "replace"))
    # Cut before and after: a scrubber has limits, and its tokens are longer than what they hide.
    text = str(scrubber.scrub_text(plain[:REPLY_LENGTH_MAX]).document)
    return amended(
        record,
        response_format=reply.response_format,
        requests=reply.requests,
        reply_sha256=sha256(raw).hexdigest(),
        reply_text=text[:REPLY_LENGTH_MAX],
    )
