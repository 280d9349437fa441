# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a case went to a person, or a runbook was chosen: stable codes, and a sentence for each."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """What ended a decision. Codes never change their meaning: records and tickets hold them."""

    AGREED = "agreed"
    OFF = "l2_off"
    SHADOW = "l2_shadow"
    CONTEXT_INVALID = "l2_context_invalid"
    SUSPICIOUS_TEXT = "suspicious_text"
    NOT_ALL_WAS_READ = "not_all_was_read"
    GPO_MANAGED = "gpo_managed"
    FAULT_WITHOUT_RUNBOOK = "fault_without_runbook"
    NO_CANDIDATE = "no_candidate"
    CHOICE_BARRED = "choice_barred"
    NEEDS_PASSED_CHECK = "needs_passed_check"
    CONNECTION_UNKNOWN = "connection_unknown"
    DISAGREEMENT = "disagreement"
    NO_SECOND_OPINION = "no_second_opinion"
    PARAMETER_INVALID = "parameter_invalid"
    PHI_IN_PROMPT = "phi_in_prompt"
    BUDGET_EXHAUSTED = "l2_budget_exhausted"
    BREAKER_OPEN = "l2_breaker_open"
    BUDGET_UNKNOWN = "l2_budget_unknown"
    ENDPOINT_FAILED = "l2_endpoint_failed"
    RETRIEVAL_FAILED = "l2_retrieval_failed"
    ANSWER_INVALID = "l2_answer_invalid"
    MODEL_ESCALATES = "model_escalates"
    CONFIDENCE_LOW = "confidence_low"


SENTENCES: Mapping[Reason, str] = {
    Reason.AGREED: "Independent ways of choosing came to the same runbook.",
    Reason.OFF: "The planner is off for this site.",
    Reason.SHADOW: "The planner only watches on this site; its choice is in the record.",
    Reason.CONTEXT_INVALID: "The planner was asked something that it cannot read.",
    Reason.SUSPICIOUS_TEXT: "A reading of the host holds text that orders or runs something.",
    Reason.NOT_ALL_WAS_READ: "A source that decides was not read, so the cause is not known.",
    Reason.GPO_MANAGED: "A group policy owns the setting: change it there.",
    Reason.FAULT_WITHOUT_RUNBOOK: "A fault was found that no runbook mends.",
    Reason.NO_CANDIDATE: "No runbook is left that may be chosen.",
    Reason.CHOICE_BARRED: "The runbook that fits may not be chosen here.",
    Reason.NEEDS_PASSED_CHECK: (
        "The runbook that fits needs another check, such as that of the backup, to have passed in "
        "this run."
    ),
    Reason.CONNECTION_UNKNOWN: (
        "The runbook that fits lets the controller in, and its address or port is not known."
    ),
    Reason.DISAGREEMENT: "Ways of choosing came to different runbooks.",
    Reason.NO_SECOND_OPINION: "No two ways of choosing came to a runbook.",
    Reason.PARAMETER_INVALID: "The findings give no allowed value for a parameter.",
    Reason.PHI_IN_PROMPT: "The data for the model may hold identifiers; nothing was sent.",
    Reason.BUDGET_EXHAUSTED: "The model was asked as often as is allowed.",
    Reason.BREAKER_OPEN: "The model failed several times; it is left alone for a while.",
    Reason.BUDGET_UNKNOWN: "The counters of calls could not be kept, so nothing was asked.",
    Reason.ENDPOINT_FAILED: "The model gave no answer.",
    Reason.RETRIEVAL_FAILED: "The second opinion could not be formed.",
    Reason.ANSWER_INVALID: "The answer of the model breaks a rule.",
    Reason.MODEL_ESCALATES: "The model says that a person must decide.",
    Reason.CONFIDENCE_LOW: "The model is not sure enough.",
}


class PersonDecides(Exception):
    """A stage found that a person must decide: a way out of the pipeline, caught in `decide`."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)
