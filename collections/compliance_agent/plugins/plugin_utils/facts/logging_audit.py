# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its audit policy."""

from typing import Annotated

from pydantic import Field

from .host_record import FactList, HostRecord

# Windows counts nothing below zero: such a number is no answer.
Count = Annotated[int, Field(ge=0)]
Guid = Annotated[
    str, Field(pattern=r"^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$")
]


class AuditSetting(HostRecord):
    """What is audited of one subcategory, as a mask: 1 success, 2 failure, 4 none, 0 unchanged."""

    guid: Guid
    value: Annotated[int, Field(ge=0, le=7)]

    @property
    def bits(self) -> int:
        """1 for success, 2 for failure, 3 for both; a mask with 4 audits nothing."""
        return 0 if self.value & 4 else self.value & 3


class AuditPolicy(HostRecord):
    """The policy in force; ``user_rows`` counts settings that differ for single accounts."""

    settings: FactList[AuditSetting]
    crash_on_audit_fail: int | None
    user_rows: Count


class AuditSettings(HostRecord):
    """Registry values; 2 in ``crash_on_audit_fail`` means that the host halted over it."""

    force_subcategory: int | None
    crash_on_audit_fail: int | None
    command_line: int | None


class AuditOwner(HostRecord):
    """Subcategories that a group policy sets at each refresh, and how many values MDM sets."""

    policy_guids: FactList[Guid]
    mdm_values: Count
