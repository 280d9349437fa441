# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a model to one question, right and wrong, and what the record says of each.

The question is `QUESTION`: two logs' settings are wrong, and RB-WIN-LOG-002 is right.
"""

import json
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId

CHECK = CheckId.LOGGING
QUESTION = "log_disabled! audit_subcategory_missing!"
RIGHT = "RB-WIN-LOG-002"
GOOD: dict[str, Any] = {
    "reasoning": "The log is disabled, and this runbook enables it.",
    "runbook_id": RIGHT,
    "parameters": {},
    "confidence_percent": 90,
    "escalate": False,
    "escalation_reason": None,
}
ESCALATION: dict[str, Any] = {
    **GOOD,
    "runbook_id": "ESCALATE",
    "escalate": True,
    "escalation_reason": "Two findings may have one deeper cause.",
}
_TEXT = json.dumps(GOOD)

# Name -> (content, what the record's model.validation says).
REFUSED: dict[str, tuple[Any, str]] = {
    "unknown id": ({**GOOD, "runbook_id": "RB-WIN-EVIL-999"}, "not_a_candidate"),
    "id of another check": ({**GOOD, "runbook_id": "RB-WIN-FW-002"}, "not_a_candidate"),
    "id of this check that mends nothing here": (
        {**GOOD, "runbook_id": "RB-WIN-LOG-005"},
        "not_a_candidate",
    ),
    "look-alike id": ({**GOOD, "runbook_id": "RB-WIN-LOG-00\uff12"}, "not_a_candidate"),
    "cyrillic id": ({**GOOD, "runbook_id": "R\u0412-WIN-LOG-002"}, "not_a_candidate"),
    "id with a blank": ({**GOOD, "runbook_id": f"{RIGHT} "}, "not_a_candidate"),
    "id in small letters": ({**GOOD, "runbook_id": RIGHT.lower()}, "not_a_candidate"),
    "escalate in small letters": (
        {**ESCALATION, "runbook_id": "escalate"},
        "contradiction",
    ),
    "extra key": ({**GOOD, "script": "whoami"}, "not_the_schema"),
    "missing key": ({k: v for k, v in GOOD.items() if k != "parameters"}, "not_the_schema"),
    "extra parameter": ({**GOOD, "parameters": {"script": "whoami"}}, "parameter_invalid"),
    "parameters as a text": ({**GOOD, "parameters": "none"}, "not_the_schema"),
    "id as a list": ({**GOOD, "runbook_id": [RIGHT]}, "not_the_schema"),
    "escalate as a text": ({**GOOD, "escalate": "false"}, "not_the_schema"),
    "confidence as a text": ({**GOOD, "confidence_percent": "90"}, "not_the_schema"),
    "confidence as a float": ({**GOOD, "confidence_percent": 0.9}, "not_the_schema"),
    "confidence above all": ({**GOOD, "confidence_percent": 170}, "not_the_schema"),
    "confidence true": ({**GOOD, "confidence_percent": True}, "not_the_schema"),
    "confidence NaN": (_TEXT.replace("90", "NaN"), "not_json"),
    "confidence infinite": (_TEXT.replace("90", "Infinity"), "not_json"),
    "runbook and escalation": (
        {**GOOD, "escalate": True, "escalation_reason": "?"},
        "contradiction",
    ),
    "escalation without the flag": ({**ESCALATION, "escalate": False}, "contradiction"),
    "escalation without a reason": (
        {**ESCALATION, "escalation_reason": None},
        "no_escalation_reason",
    ),
    "no reasoning": ({**GOOD, "reasoning": "  "}, "no_reasoning"),
    "endless reasoning": ({**GOOD, "reasoning": "x" * 401}, "not_the_schema"),
    "prose": ("Sure! I would run RB-WIN-LOG-002.", "not_json"),
    "prose around": (f"Here it is: {_TEXT}", "not_json"),
    "two answers": (_TEXT + _TEXT, "not_json"),
    "two fences": (f"```json\n{_TEXT}\n```\n```json\n{_TEXT}\n```", "not_json"),
    "truncated": (_TEXT[:-20], "not_json"),
    "a list": ([GOOD], "not_the_schema"),
    "null": ("null", "not_the_schema"),
    "huge": (_TEXT + " " * 20_000, "too_long"),
    "deep nesting": ("[" * 8_000 + "]" * 8_000, "not_json"),
    "deep parameters": (
        _TEXT.replace("{}", '{"a":' * 2_000 + "1" + "}" * 2_000),
        "not_json",
    ),
    "doubled key": (_TEXT[:-1] + ', "runbook_id": "RB-WIN-LOG-001"}', "not_json"),
    "doubled key in parameters": (_TEXT.replace("{}", '{"a": 1, "a": 2}'), "not_json"),
    "number with 5000 digits": (_TEXT.replace("90", "9" * 5_000), "not_json"),
}
