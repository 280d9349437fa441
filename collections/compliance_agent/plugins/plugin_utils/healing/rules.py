# SPDX-License-Identifier: GPL-3.0-or-later
"""The L1 rules as an operator writes them, ``rules/l1_rules.yaml``: which findings ask for what.

A rule has the contract's shape (id, name, pattern, action, hipaa_controls, max_retries,
cooldown_seconds). What the contract has no place for is additive and may be left out. Pure.
"""

from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema

from ..facts.host import DOMAIN_CONTROLLER, SERVER, WORKSTATION
from ..models import ActionType, CheckId, CheckStatus, Severity
from ..policy import PolicyModel
from .runbooks import FindingCode

FILE = "l1_rules.yaml"
DEFAULT_PRIORITY = 100
# The contract's own key of an action, and the parameter of a runbook that it is the value of.
SERVICE = "service"
# An incident that came back so often, or lasted so long, is chronic and a person's; source: own.
SPAN_SECONDS_MAX = 7 * 24 * 3600


class HostOs(StrEnum):
    """What Windows is there for: the product type that every fact document has."""

    WORKSTATION = "workstation"
    SERVER = "server"
    DOMAIN_CONTROLLER = "domain_controller"

    @classmethod
    def of(cls, product_type: int | None) -> "HostOs | None":
        """Return the one of Win32_OperatingSystem.ProductType; None where it was not read."""
        known = {
            WORKSTATION: cls.WORKSTATION,
            SERVER: cls.SERVER,
            DOMAIN_CONTROLLER: cls.DOMAIN_CONTROLLER,
        }
        return None if product_type is None else known.get(product_type)


def _listed(value: object) -> object:
    # The contract writes one word where several may stand.
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, tuple) else (value,)


class _OneOrMore:
    """For the schema: one item, or a list of them."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        listed = handler(core)
        return {"anyOf": [listed["items"], {**listed, "minItems": 1}]}


T = TypeVar("T")


def _not_empty(value: tuple[T, ...]) -> tuple[T, ...]:
    if not value:
        raise ValueError("an empty list matches nothing; name one, or leave the key out")
    return value


OneOrMore = Annotated[
    tuple[T, ...], AfterValidator(_not_empty), BeforeValidator(_listed), _OneOrMore()
]


def _not_good(status: CheckStatus) -> CheckStatus:
    if status is CheckStatus.PASS:
        raise ValueError("PASS asks for nothing; allowed: FAIL, WARNING, ERROR")
    return status


BadStatus = Annotated[CheckStatus, Field(strict=False), AfterValidator(_not_good)]
Check = Annotated[CheckId, Field(strict=False)]
Os = Annotated[HostOs, Field(strict=False)]
RuleId = Annotated[str, Field(pattern=r"^L1-[A-Z0-9]+(-[A-Z0-9]+)*-[0-9]{3}$")]
RunbookId = Annotated[str, Field(pattern=r"^RB-WIN-[A-Z]+-[0-9]{3}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Pattern(PolicyModel):
    """Which incidents a rule is for. All keys hold together; in a list, one item is enough.

    ``finding_codes``, ``message_contains``, ``severity``, ``finding_status`` and ``gpo_managed``
    are about one and the same finding.
    """

    check_type: Check
    status: OneOrMore[BadStatus] = Field(description="The status of the whole check.")
    message_contains: Text | None = Field(
        default=None,
        description="A part of the fixed message of a finding, in any case of letters.",
    )
    finding_codes: OneOrMore[FindingCode] | None = Field(
        default=None, description="Default: what the runbook repairs; all for escalate."
    )
    not_finding_codes: OneOrMore[FindingCode] | None = Field(
        default=None, description="Not when any finding, even one for information, has such a code."
    )
    severity: OneOrMore[Annotated[Severity, Field(strict=False)]] | None = None
    finding_status: OneOrMore[BadStatus] | None = Field(
        default=None, description="The status of the finding, which a worse one may outweigh."
    )
    gpo_managed: bool | None = Field(
        default=None,
        description="Whether a group policy or MDM owns the setting; true for escalate only.",
    )
    host_groups: OneOrMore[Text] | None = Field(
        default=None, description="Groups of the inventory: the host is in one of them."
    )
    os: OneOrMore[Os] | None = None


class Action(PolicyModel):
    """What to do: a runbook, or escalate. ``runbook`` may be left out where only one fits."""

    type: Annotated[ActionType, Field(strict=False)]
    runbook: RunbookId | None = None
    service: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.$-]{1,80}$")] | None = Field(
        default=None, description="The service to restart; for restart_service only."
    )
    parameters: dict[str, JsonValue] = Field(
        default_factory=dict, description="Values of the runbook's parameters."
    )

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.type is ActionType.ESCALATE and (self.runbook or self.service or self.parameters):
            raise ValueError("escalate goes to a person: it has no runbook, service or parameters")
        if self.service is not None and self.type is not ActionType.RESTART_SERVICE:
            raise ValueError("service belongs to restart_service")
        if self.service is not None and SERVICE in self.parameters:
            raise ValueError("parameters: service is given twice")
        if self.type is ActionType.RUN_SCRIPT and self.runbook is None:
            # The contract's most open word: only a registered runbook may stand behind it.
            raise ValueError("run_script runs a registered script only: name its runbook")
        return self


class Rule(PolicyModel):
    """One rule. The first that matches wins: lower priority first, then by id."""

    id: RuleId
    name: Text
    pattern: Pattern
    action: Action
    hipaa_controls: OneOrMore[str]
    max_retries: Annotated[int, Field(ge=0, le=10)] = 0
    cooldown_seconds: Annotated[int, Field(ge=0, le=SPAN_SECONDS_MAX)] = 0
    priority: Annotated[int, Field(ge=0, le=1000)] = DEFAULT_PRIORITY
    enabled: bool = True

    @property
    def escalates(self) -> bool:
        return self.action.type is ActionType.ESCALATE

    @property
    def order(self) -> tuple[int, str]:
        """Return what rules are sorted by; their place in the file means nothing."""
        return (self.priority, self.id)

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.escalates and (self.max_retries or self.cooldown_seconds):
            raise ValueError("escalate happens once: leave out max_retries and cooldown_seconds")
        if not self.escalates and not self.cooldown_seconds:
            raise ValueError("cooldown_seconds: a repair needs a pause before it may come again")
        if not self.escalates and self.pattern.gpo_managed:
            raise ValueError(
                "pattern.gpo_managed: a policy would undo the repair; only escalate may match it"
            )
        return self


class RuleFile(PolicyModel):
    """``rules/l1_rules.yaml``."""

    rules: tuple[Rule, ...]
