# SPDX-License-Identifier: GPL-3.0-or-later
"""What is no FAIL is an incident where a shipped rule asks for it, and only there."""

import shutil

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healer.plan import Planning
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    CheckId,
    CheckStatus,
)
from unit.healer.site import SITE, host_with, opened
from unit.healing.planner.cases import NOW
from unit.healing.rule_folders import RULES

PATCH, LOG = CheckId.PATCHING, CheckId.LOGGING


@pytest.mark.parametrize("is_dry", [False, True], ids=["heals", "only-plans"])
@pytest.mark.parametrize(
    ("check", "findings", "expected"),
    [
        pytest.param(PATCH, "search_failed?", [("RB-WIN-PATCH-002", 1, "allowed")],
                     id="a-search-that-fails"),
        pytest.param(PATCH, "search_failed? probe_timeout? updates_waiting.",
                     [("RB-WIN-PATCH-002", 1, "allowed")], id="and-more-that-is-unread"),
        pytest.param(PATCH, "search_failed~", [], id="a-search-that-failed-once"),
        pytest.param(PATCH, "probe_denied?", [], id="an-error-that-no-rule-names"),
        pytest.param(PATCH, "probe_denied? search_failed~", [], id="a-warning-beside-an-error"),
        pytest.param(LOG, "probe_denied?", [], id="a-check-whose-rules-name-no-error"),
    ],
)  # fmt: skip
def test_a_rule_that_names_an_error_acts_on_it(check, findings, expected, is_dry, tmp_path):
    with opened(tmp_path) as healer:
        items = Planning(healer, host_with(check, findings), NOW, is_dry=is_dry).plan()

    told = [item.to_dict() for item in items]
    assert [(item["runbook_id"], item["tier"], item["code"]) for item in told] == expected


def test_what_stands_in_the_way_of_the_repair_leaves_it_to_a_person(tmp_path):
    host = host_with(PATCH, "search_failed? internet_locations_blocked~")

    with opened(tmp_path) as healer:
        [item] = Planning(healer, host, NOW).plan()

    assert (item.verdict, item.code) == ("escalate", "not_all_was_read")


def test_a_rule_of_the_site_may_give_an_error_to_a_person(tmp_path):
    rule = {
        "id": "L1-ENCRYPTION-050",
        "name": "Somebody looks why volumes cannot be read",
        "pattern": {"check_type": "encryption", "status": "ERROR", "finding_codes": "probe_denied"},
        "action": {"type": "escalate"},
        "hipaa_controls": ["164.312(a)(2)(iv)"],
    }
    rules = tmp_path / "rules"
    shutil.copytree(RULES, rules)
    (rules / "l1_rules.yaml").write_text(yaml.safe_dump({"rules": [rule]}))

    with opened(tmp_path, rules=rules) as healer:
        [item] = Planning(healer, host_with(CheckId.ENCRYPTION, "probe_denied?"), NOW).plan()
        [ticket] = healer.tickets.waiting(SITE)

    assert (item.verdict, item.code) == ("escalate", "rule_escalates")
    assert ticket.ticket.contract.incident.status == "ESCALATED"


def test_an_error_is_kept_as_what_it_is(tmp_path):
    with opened(tmp_path) as healer:
        Planning(healer, host_with(PATCH, "search_failed?"), NOW).plan()
        [incident] = healer.incidents.to_heal(SITE)

    assert incident.last_status is CheckStatus.ERROR
    assert [(item.code, item.status) for item in incident.findings] == [
        ("search_failed", CheckStatus.ERROR)
    ]
