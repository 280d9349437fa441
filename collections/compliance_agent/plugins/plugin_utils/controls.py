# SPDX-License-Identifier: GPL-3.0-or-later
"""The HIPAA implementation specifications that each check gives technical evidence for."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from .errors import ControlsInvalid
from .models import CheckId
from .policy import PolicyModel, read_yaml


class Control(PolicyModel):
    """One standard or implementation specification of 45 CFR Part 164, Subpart C."""

    title: str
    kind: Literal["required", "addressable", "standard"]


class ControlMap(PolicyModel):
    """``rules/controls.yml``: what the rule says, and which check speaks to it."""

    source: str
    controls: dict[Annotated[str, Field(pattern=r"^164\.[0-9]{3}(\([a-zA-Z0-9]+\))+$")], Control]
    checks: dict[CheckId, Annotated[tuple[str, ...], Field(min_length=1)]]

    def for_check(self, check: CheckId) -> tuple[str, ...]:
        return self.checks[check]


def load_controls(rules_dir: Path) -> ControlMap:
    """Return the control map; raises ControlsInvalid when a check has no known control."""
    path = rules_dir / "controls.yml"
    raw = read_yaml(path)
    try:
        raw["checks"] = {CheckId(key): tuple(ids) for key, ids in raw["checks"].items()}
        controls = ControlMap.model_validate(raw)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else repr(error)
        raise ControlsInvalid(f"{path} is not a control map", value=reason) from error
    for check in CheckId:
        ids = controls.checks.get(check, ())
        if not ids or (unknown := [item for item in ids if item not in controls.controls]):
            missing = unknown if ids else "no control at all"
            raise ControlsInvalid(
                f"{path}: checks.{check} names what controls does not define",
                value=missing,
                remedy="Add the control with its title and kind, or mend the id.",
            )
    return controls
