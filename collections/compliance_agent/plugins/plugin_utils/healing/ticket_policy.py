# SPDX-License-Identifier: GPL-3.0-or-later
"""What tickets say and how soon somebody has to look: ``rules/healing_tickets.yml``, typed."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ..errors import PolicyInvalid
from ..models import Severity, Urgency
from ..policy import PolicyModel, PositiveInt, read_yaml

FILE = "healing_tickets.yml"
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Sentence = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\n]+\.$")]
Channel = Literal["slack", "pagerduty", "email", "teams", "webhook"]
SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
# What is said of ownership, whatever the code of the ticket.
GPO_MANAGED, TAMPER_PROTECTED = "gpo_managed", "tamper_protected"
ALWAYS_SAID = frozenset({GPO_MANAGED, TAMPER_PROTECTED})
# The most urgent one first.
URGENCIES = tuple(Urgency)


class TicketPolicy(PolicyModel):
    """The tables of tickets; each severity has an urgency, and each urgency its channels."""

    urgency: Mapping[
        Annotated[Severity, Field(strict=False)], Annotated[Urgency, Field(strict=False)]
    ]
    urgency_at_least: Mapping[Code, Annotated[Urgency, Field(strict=False)]]
    channels: Mapping[Annotated[Urgency, Field(strict=False)], tuple[Channel, ...]]
    reopen_days: PositiveInt
    closed_by_person_only: tuple[Code, ...]
    reasons: Mapping[Code, Sentence]
    findings: Mapping[Code, Sentence]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if missing := [str(item) for item in SEVERITIES if item not in self.urgency]:
            raise ValueError(f"urgency lacks {', '.join(missing)}")
        if missing := [str(item) for item in URGENCIES if not self.channels.get(item)]:
            raise ValueError(f"channels has nobody to tell for {', '.join(missing)}")
        if unknown := sorted(set(self.urgency_at_least) - set(self.reasons)):
            raise ValueError(f"urgency_at_least names {', '.join(unknown)}, which no reason has")
        if missing := sorted(ALWAYS_SAID - set(self.reasons)):
            raise ValueError(f"reasons lacks {', '.join(missing)}")
        return self

    @property
    def reopen(self) -> timedelta:
        """Return how long after it was closed a ticket is re-opened."""
        return timedelta(days=self.reopen_days)

    def urgency_of(self, severity: Severity, code: str) -> Urgency:
        """Return how soon somebody has to look: the more urgent of severity and code."""
        by_severity = self.urgency[severity]
        by_code = self.urgency_at_least.get(code, by_severity)
        return min(by_severity, by_code, key=URGENCIES.index)


def load_ticket_policy(rules_dir: Path) -> TicketPolicy:
    """Return what ``rules/healing_tickets.yml`` says.

    Raises PolicyInvalid, which names the file, the key, the value and what is wrong.
    """
    path = rules_dir / FILE
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise PolicyInvalid(f"{path} is not a mapping", value=raw, remedy="Write key: value.")
    try:
        return TicketPolicy.model_validate(_frozen(raw))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        reason = problem["msg"].removeprefix("Value error, ")
        raise PolicyInvalid(
            f"{path}: {where}{': ' if where else ''}{reason}",
            value=problem["input"] if where and problem["type"] != "missing" else None,
            remedy="docs/reference/tickets.md says what each key means.",
        ) from error


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
