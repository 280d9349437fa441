# SPDX-License-Identifier: GPL-3.0-or-later
"""How a site lets repairs through: ``rules/healing.yml`` and the variable ``compliance_healing``.

The file comes with the release; the variable replaces keys of it, and inside a section key by key.
What must not or could never happen is refused at load: an approval in advance for what disturbs
people, a window that no repair fits into.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from ..errors import PolicyInvalid
from ..inventory import plain_value
from ..policy import Day, PolicyModel, read_yaml
from .planner.endpoint import EndpointSettings
from .runbooks import Runbook
from .windows import Calendar, MaintenanceWindow, calendar_of

FILE = "healing.yml"
VARIABLE = "variable compliance_healing"
# Site policy must not open what disturbs patients' care, deletes or locks out, even if somebody
# edits the flags of its runbook: patches and reboots, the features of Defender, the firewall,
# encryption and its protocols, and backups, which load a host for hours.
ALWAYS_ASKED = frozenset(
    "RB-WIN-PATCH-001 RB-WIN-PATCH-003 RB-WIN-AV-003 RB-WIN-BACKUP-001 RB-WIN-BACKUP-002 "
    "RB-WIN-FW-001 RB-WIN-FW-003 RB-WIN-ENC-003 RB-WIN-ENC-004 RB-WIN-ENC-005".split()
)


class L2Mode(StrEnum):
    """What the planner may do with a choice of its own."""

    OFF = "off"
    SHADOW = "shadow"
    PROPOSE = "propose"
    ACT = "act"


def _read_off(value: object) -> object:
    # YAML 1.1 reads a bare off as false, and people write it bare.
    return L2Mode.OFF if value is False else value


def _check_names(windows: tuple[MaintenanceWindow, ...]) -> tuple[MaintenanceWindow, ...]:
    names = [window.name for window in windows]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two windows have the name {', '.join(doubled)}")
    return windows


def _check_absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("not an absolute path: a run may start in any directory")
    return path


class BlastRadius(PolicyModel):
    canary: bool = Field(description="true or false.")
    canary_span_hours: Annotated[int, Field(ge=1, le=720)] = Field(description="Hours, 1 to 720.")
    hosts_at_once: Annotated[int, Field(ge=1, le=1000)] = Field(description="Hosts, 1 to 1000.")

    @property
    def canary_span(self) -> timedelta:
        return timedelta(hours=self.canary_span_hours)


class Approvals(PolicyModel):
    expires_hours: Annotated[int, Field(ge=1, le=168)] = Field(description="Hours, 1 to 168.")

    @property
    def lifetime(self) -> timedelta:
        return timedelta(hours=self.expires_hours)


class Retries(PolicyModel):
    span_hours: Annotated[int, Field(ge=1, le=720)] = Field(description="Hours, 1 to 720.")

    @property
    def span(self) -> timedelta:
        return timedelta(hours=self.span_hours)


class HealingPolicy(PolicyModel):
    """What stands before every repair at a site."""

    l2_mode: Annotated[L2Mode, BeforeValidator(_read_off)] = Field(
        strict=False, description="One of off, shadow, propose, act."
    )
    maintenance_windows: Annotated[tuple[MaintenanceWindow, ...], AfterValidator(_check_names)] = (
        Field(
            description="A list of {name, rrule, duration_minutes, time_zone} and groups or hosts; "
            'rrule as "FREQ=WEEKLY;BYDAY=SA;BYHOUR=2;BYMINUTE=0".'
        )
    )
    blackout_dates: tuple[Day, ...] = Field(description='A list of days as "2026-12-24".')
    blast_radius: BlastRadius = Field(
        description="A mapping of canary, canary_span_hours and hosts_at_once."
    )
    approvals: Approvals = Field(description="A mapping of expires_hours.")
    retries: Retries = Field(description="A mapping of span_hours.")
    kill_switch_file: Annotated[str, AfterValidator(_check_absolute)] | None = Field(
        description="An absolute path, or null."
    )
    auto_approve: tuple[str, ...] = Field(description="A list of ids as RB-WIN-LOG-005.")
    l2_endpoint: EndpointSettings | None = Field(
        description="A mapping of base_url, model and other settings of an endpoint, or null."
    )

    def calendar(self, host_id: str, groups: Iterable[str]) -> Calendar:
        """Return when *host_id*, a member of *groups*, may be disturbed."""
        return calendar_of(self.maintenance_windows, self.blackout_dates, host_id, groups)


_SECTIONS: Mapping[str, type[BaseModel]] = {
    "blast_radius": BlastRadius,
    "approvals": Approvals,
    "retries": Retries,
    "maintenance_windows": MaintenanceWindow,
    "l2_endpoint": EndpointSettings,
}


def load_healing_policy(
    rules_dir: Path,
    site: Mapping[str, Any] | None = None,
    origin: str = VARIABLE,
    runbooks: Mapping[str, Runbook] | None = None,
) -> HealingPolicy:
    """Return the policy of *rules_dir* with the keys of *site*, which *origin* names.

    With *runbooks* it is also compared with them. Raises PolicyInvalid, which names the file or the
    variable, the key, the value and what is allowed.
    """
    file = rules_dir / FILE
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for where, layer in ((str(file), read_yaml(file)), (origin, site or {})):
        if not isinstance(layer, Mapping):
            raise PolicyInvalid(
                f"{where} is not a mapping", value=layer, remedy="Write key: value."
            )
        for key, value in layer.items():
            values[key] = _merged(values.get(key), _plain(where, key, value))
            origins[key] = where
    try:
        # As JSON has no tuples and no dates, strict models read both from it.
        policy = HealingPolicy.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise _explain(error, origins, str(file)) from error
    if runbooks is not None:
        _compare_with_runbooks(policy, runbooks, origins)
    return policy


def needs_window(runbook: Runbook) -> bool:
    """Return whether *runbook* waits for a maintenance window, whoever asks for it."""
    return runbook.maintenance_window_only or runbook.requires_reboot


def runbooks_without_room(policy: HealingPolicy, runbooks: Iterable[Runbook]) -> list[str]:
    """Return the ids of the runbooks that need a window and fit into none of *policy*."""
    longest = max((window.duration for window in policy.maintenance_windows), default=timedelta())
    return [item.runbook_id for item in runbooks if needs_window(item) and item.longest > longest]


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **above}
    return above


def _plain(where: str, key: str, value: Any) -> Any:
    try:
        return plain_value(value)
    except PolicyInvalid as error:
        remedy = "Write text, whole numbers, true, false, lists and mappings."
        raise PolicyInvalid(
            f"{where}: {key} holds a type that no policy has", value=error.value, remedy=remedy
        ) from error


def _compare_with_runbooks(
    policy: HealingPolicy, runbooks: Mapping[str, Runbook], origins: Mapping[str, str]
) -> None:
    for runbook_id in policy.auto_approve:
        _refuse_automatic(runbook_id, runbooks.get(runbook_id), origins["auto_approve"])
    waiting = [item for item in runbooks.values() if needs_window(item)]
    shortest = min(waiting, key=lambda item: item.longest, default=None)
    for place, window in enumerate(policy.maintenance_windows):
        if shortest is not None and window.duration < shortest.longest:
            minutes = -(-int(shortest.longest.total_seconds()) // 60)
            raise PolicyInvalid(
                f"{origins['maintenance_windows']}: maintenance_windows.{place}.duration_minutes: "
                f"no repair fits into the window {window.name}; even {shortest.runbook_id} may "
                f"take {minutes} minutes",
                value=window.duration_minutes,
                remedy=f"Write at least {minutes}.",
            )


def _refuse_automatic(runbook_id: str, runbook: Runbook | None, origin: str) -> None:
    reasons = (
        (runbook is None, "there is no such runbook"),
        (runbook_id in ALWAYS_ASKED, "a person must always allow it"),
        (runbook is not None and runbook.is_disruptive, "it disturbs whoever works there"),
        (runbook is not None and needs_window(runbook), "it belongs in a maintenance window"),
    )
    for holds, reason in reasons:
        if holds:
            raise PolicyInvalid(
                f"{origin}: auto_approve: {reason}",
                value=runbook_id,
                remedy="Take it off the list: a person is asked each time.",
            )


def _explain(error: ValidationError, origins: Mapping[str, str], file: str) -> PolicyInvalid:
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    key = str(problem["loc"][0]) if problem["loc"] else ""
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = "is no key of this policy"
    return PolicyInvalid(
        f"{origins.get(key, file)}: {where}: {said}",
        value=None if problem["type"] == "missing" else problem["input"],
        remedy=_allowed(problem["loc"], unknown=problem["type"] == "extra_forbidden"),
    )


def _allowed(location: tuple[int | str, ...], *, unknown: bool) -> str:
    """Return what may stand at *location*: the description of the innermost key that has one."""
    names = [str(part) for part in location if not isinstance(part, int)]
    model: type[BaseModel] = HealingPolicy
    if len(names) > 1:
        model = _SECTIONS.get(names[0], HealingPolicy)
    if unknown:
        return f"Allowed: {', '.join(model.model_fields)}."
    said = [
        field.description
        for owner, name in ((model, names[-1]), (HealingPolicy, names[0]))
        if (field := owner.model_fields.get(name)) is not None and field.description
    ]
    return f"Allowed: {said[0]}" if said else ""
