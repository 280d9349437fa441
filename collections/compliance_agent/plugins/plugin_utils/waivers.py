# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that a site's register of exceptions waives on a host, for a time. Pure.

45 CFR 164.306(d)(3) lets a site decide against an addressable specification, with its reasons
written down. The reasons stay in the register: an inventory names their entry only, since free text
has no place in evidence. A waiver never passes: its check is not made, and the evidence says so.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from .errors import PolicyInvalid
from .models import CheckId
from .policy import Day, PolicyModel

VARIABLE = "compliance_waivers"
# Where a result says which checks it left out.
WAIVED_KEY = "compliance_waived"
_REMEDY = (
    "Write a list of {check: backup, reference: EX-2026-004, expires_on: 2027-01-31}; the check is "
    f"one of {', '.join(CheckId)}, the reference that of your register."
)


class Waiver(PolicyModel):
    """One entry of the register, as an inventory names it."""

    check: Annotated[CheckId, Field(strict=False)]
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
    expires_on: Day

    def to_dict(self) -> dict[str, str]:
        """Return what the evidence keeps of it."""
        return {
            "check": self.check.value,
            "reference": self.reference,
            "expires_on": self.expires_on.isoformat(),
        }


_WAIVERS = TypeAdapter(list[Waiver])


def current_waivers(given: Any, now: datetime, origin: str = VARIABLE) -> Mapping[CheckId, Waiver]:
    """Return the waivers in *given* that hold at *now*, their last day included (UTC).

    An expired one counts for nothing: its check is made again. Raises PolicyInvalid.
    """
    waivers = parse_waivers(given or [], origin)
    return {waiver.check: waiver for waiver in waivers if now.date() <= waiver.expires_on}


def parse_waivers(given: Any, origin: str = VARIABLE) -> list[Waiver]:
    """Return the waivers in *given*, expired ones too; raises PolicyInvalid."""
    try:
        waivers = _WAIVERS.validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PolicyInvalid(
            f"{origin}[{where}]: {first['msg']}", value=first["input"], remedy=_REMEDY
        ) from error
    checks = [waiver.check for waiver in waivers]
    if doubled := sorted({check.value for check in checks if checks.count(check) > 1}):
        raise PolicyInvalid(f"{origin} waives a check twice", value=doubled, remedy=_REMEDY)
    return waivers
