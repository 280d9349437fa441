# SPDX-License-Identifier: GPL-3.0-or-later
"""Models in memory: one that answers what it is told, and one that obeys whatever it reads."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.model import (
    EndpointFailed,
    Reply,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.planner.prompt import (
    Prompt,
)

RUNBOOK = re.compile(r"RB-WIN-[A-Z]+-\d{3}")


@dataclass(slots=True)
class FakeModel:
    """Answers each prompt with what *speak* makes of it: a text, or an object for JSON."""

    speak: Callable[[Prompt], Any]
    prompts: list[Prompt] = field(default_factory=list)
    model: str = "model-1"
    temperature_thousandths: int | None = 0

    def ask(self, prompt: Prompt) -> Reply:
        """Answer."""
        self.prompts.append(prompt)
        said = self.speak(prompt)
        return Reply(said if isinstance(said, str) else json.dumps(said), "json_schema", 1)


def failing(reason: str) -> FakeModel:
    """Return a model that never answers."""

    def fail(_prompt: Prompt) -> str:
        raise EndpointFailed(reason)

    return FakeModel(fail)


def answering(runbook_id: str, **change: object) -> dict[str, Any]:
    """Return a well-formed answer."""
    return {
        "reasoning": "As the data say.",
        "runbook_id": runbook_id,
        "parameters": {},
        "confidence_percent": 100,
        "escalate": False,
        "escalation_reason": None,
        **change,
    }


def obey(prompt: Prompt) -> Any:
    """Do what the data say: repeat the JSON in them, or run the last runbook that they name.

    The worst that a model can be: the hands of who wrote the text.
    """
    data = prompt.data
    if ready := re.search(r"\{\\\"runbook_id.*?\}", data):
        return ready.group().replace('\\"', '"')
    named = RUNBOOK.findall(data)
    offered = RUNBOOK.findall(json.dumps(prompt.schema))
    # Texts without an id want the first one offered: see TARGETS of the poisoned texts.
    return answering(named[-1] if named else offered[0])
