# SPDX-License-Identifier: GPL-3.0-or-later
"""What the healer needs to ask a model: counters that last, and what the model has said before.

An incident is asked about once. Its repair may wait for an approval and a window for days, and each
run decides anew; so the answer is taken from the decision that was kept.
"""

import json
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from ..healing.planner.consult import Consultant
from ..healing.planner.model import ModelClient
from ..healing.planner.record import DecisionRecord
from ..phi.scrubber import Scrubber
from ..store.attempt_history import AttemptHistory
from ..store.database import Database
from ..store.planner_budget import DatabaseBudget


class Model(ModelClient, Protocol):
    """A model with connections; `planner.endpoint.OpenAiEndpoint` is one."""

    def close(self) -> None:
        """Close them."""


@dataclass(frozen=True, slots=True)
class KeptDecisions:
    """The planner's decisions as the memory of the healer has them."""

    history: AttemptHistory

    def last(self, incident_id: str) -> DecisionRecord | None:
        """Return the newest decision about an incident, if this release can read it."""
        kept = self.history.last_decision(incident_id)
        if kept is None:
            return None
        try:
            return DecisionRecord.model_validate_json(json.dumps(dict(kept)))
        except ValidationError:
            return None  # of another release: the model counts as asked, and a person decides


def consultant_of(model: Model | None, scrubber: Scrubber, database: Database) -> Consultant | None:
    """Return what guards *model*, or None where there is none."""
    if model is None:
        return None
    memory = KeptDecisions(AttemptHistory(database))
    return Consultant(model, scrubber, DatabaseBudget(database), memory=memory)
