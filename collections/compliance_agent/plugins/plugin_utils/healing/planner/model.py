# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner needs of a language model: one question, one text. Pure."""

from dataclasses import dataclass
from typing import Protocol

from ...errors import ComplianceError
from .prompt import Prompt


class EndpointFailed(ComplianceError):
    """A model gave no answer; *reason* says why in one word. A person decides instead."""

    code = "l2_endpoint_failed"

    def __init__(self, reason: str, *, remedy: str = "") -> None:
        self.reason = reason
        super().__init__("the model gave no answer", value=reason, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered, and how it was asked."""

    text: str
    response_format: str
    requests: int


class ModelClient(Protocol):
    """A model; `endpoint.OpenAiEndpoint` is one."""

    @property
    def model(self) -> str:
        """Return the name of the model."""

    @property
    def temperature_thousandths(self) -> int | None:
        """Return the temperature that is asked for; None is the server's own."""

    def ask(self, prompt: Prompt) -> Reply:
        """Return the answer to *prompt*; raises EndpointFailed and nothing else."""
