# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of this product: one class for each thing that a caller can do about it.

``str(error)`` reads *what failed; got which value. What to do.* ``code`` is stable: callers, logs
and evidence name it. E001 to E007 are the error codes of the interface contract.
"""

from typing import ClassVar


class ComplianceError(Exception):
    """Something failed that a person can mend; says what, with which value, and how."""

    code: ClassVar[str] = "compliance_error"

    def __init__(self, failed: str, *, value: object = None, remedy: str = "") -> None:
        self.failed = failed
        self.value = value
        self.remedy = remedy
        got = "" if value is None else f"; got {value!r}"
        super().__init__(f"{failed}{got}." + (f" {remedy}" if remedy else ""))


class PolicyInvalid(ComplianceError):
    """A policy file or an override of an inventory is not what the policy model allows."""

    code = "policy_invalid"


class ControlsInvalid(ComplianceError):
    """``rules/controls.yml`` is unreadable, or a check has no control."""

    code = "controls_invalid"


class FactsMalformed(ComplianceError):
    """A module answered something that is not the fact document of its collection release."""

    code = "facts_malformed"


class DocumentNotCanonical(ComplianceError):
    """A document holds what has no single JSON text: a float, a tuple, a key that is not text."""

    code = "document_not_canonical"


class RunbookInvalid(ComplianceError):
    """A file under ``rules/runbooks`` is no runbook, or the runbooks contradict the checks."""

    code = "runbook_invalid"


class RulesInvalid(ComplianceError):
    """The L1 rules name what is not there, or are in each other's way."""

    code = "rules_invalid"


class ParameterInvalid(ComplianceError):
    """A runbook was given a parameter that it does not take, or not one that it needs."""

    code = "parameter_invalid"


class OrderSignatureInvalid(ComplianceError):
    """Reject the order and log the attempt."""

    code = "E001"


class OrderExpired(ComplianceError):
    """Reject the order; a fresh one is needed."""

    code = "E002"


class RunbookNotFound(ComplianceError):
    """Escalate to a person."""

    code = "E003"


class TargetUnreachable(ComplianceError):
    """Retry with backoff, then escalate."""

    code = "E004"


class MaintenanceWindowRequired(ComplianceError):
    """Queue for the window."""

    code = "E005"


class RateLimitExceeded(ComplianceError):
    """Wait for the cooldown."""

    code = "E006"


class PhiDetected(ComplianceError):
    """Scrub, and flag the bundle."""

    code = "E007"
