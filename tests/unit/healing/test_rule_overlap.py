# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule is called shadowed exactly if it can never win, and conflicts are exactly the real ones.

The linter decides by algebra; here every incident of a small universe is tried instead.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_overlap import (
    conflicts,
    shadows,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_table import (
    RuleTable,
)
from unit.healing.generated_rules import target, targets
from unit.healing.naive_rules import ONE, TWO, matches, universe, winner

CODES = (ONE, TWO)
ESCALATE = {"type": "escalate"}
REPAIR = {"type": "enable_feature", "runbook": "RB-WIN-FW-001"}
# An example is small as it is, and looking for a smaller one would take minutes.
SLOW = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


def shadowed(*rules) -> dict[str, list[str]]:
    """Return who is shadowed, and by whom."""
    found = shadows(RuleTable.of(rules), CODES)
    return {item.rule.rule.id[-3:]: [taker.rule.id[-3:] for taker in item.by] for item in found}


@SLOW
@given(rules=targets())
def test_shadows_are_the_rules_that_no_incident_reaches(rules):
    reached = {winner(rules, facts) for facts in universe()}

    dead = {item.rule.id for item in rules if item.rule.enabled} - reached

    assert {item.rule.rule.id for item in shadows(RuleTable.of(rules), CODES)} == dead


@SLOW
@given(rules=targets())
def test_conflicts_are_the_pairs_of_one_priority_that_meet(rules):
    live = [item for item in rules if item.rule.enabled]
    met = set()
    for facts in universe():
        mine = [item for item in live if matches(item, facts)]
        met |= {
            frozenset({one.rule.id, other.rule.id})
            for one in mine
            for other in mine
            if one.rule.priority == other.rule.priority and one.rule.action != other.rule.action
        }

    found = conflicts(RuleTable.of(rules), CODES)

    assert {frozenset(item.rule.id for item in pair.rules) for pair in found} == met


@pytest.mark.parametrize(
    ("earlier", "later", "is_dead"),
    [
        pytest.param({}, {"finding_codes": [ONE]}, True, id="all-codes-take-one"),
        pytest.param({"finding_codes": [ONE]}, {}, False, id="one-code-leaves-the-rest"),
        pytest.param({"status": ["FAIL", "WARNING"]}, {}, True, id="more-statuses"),
        pytest.param({}, {"status": ["FAIL", "WARNING"]}, False, id="fewer-statuses"),
        pytest.param({"os": ["server"]}, {}, False, id="one-os-leaves-the-rest"),
        pytest.param(
            {"os": ["server", "workstation", "domain_controller"]},
            {},
            False,
            id="every-os-leaves-the-unread",
        ),
        pytest.param({"host_groups": ["a", "b"]}, {"host_groups": ["a"]}, True, id="more-groups"),
        pytest.param({"host_groups": ["a"]}, {"host_groups": ["a", "b"]}, False, id="fewer-groups"),
        pytest.param({"host_groups": ["a"]}, {}, False, id="a-group-leaves-other-hosts"),
        pytest.param(
            {"not_finding_codes": [TWO]}, {"finding_codes": [ONE]}, False, id="kept-away-by-a-code"
        ),
        pytest.param(
            {"not_finding_codes": [TWO]},
            {"finding_codes": [ONE], "not_finding_codes": [TWO]},
            True,
            id="kept-away-by-a-code-that-both-exclude",
        ),
        pytest.param({"severity": ["HIGH"]}, {}, False, id="one-severity-leaves-the-rest"),
        pytest.param({"gpo_managed": True}, {}, False, id="the-policys-leave-ours"),
    ],
)
def test_what_the_earlier_rule_takes_from_the_later(earlier, later, is_dead):
    found = shadowed(target(1, earlier, ESCALATE, priority=1), target(2, later, ESCALATE))

    assert found == ({"002": ["001"]} if is_dead else {})


def test_several_rules_can_shadow_one_together():
    rules = [
        target(1, {"finding_codes": [ONE]}, ESCALATE, priority=1),
        target(2, {"finding_codes": [TWO]}, ESCALATE, priority=1),
        target(3, {}, REPAIR),
    ]

    assert shadowed(*rules) == {"003": ["001", "002"]}


def test_a_rule_that_no_incident_can_match_is_shadowed_by_nobody():
    rule = target(1, {"status": "WARNING", "finding_status": "FAIL"}, ESCALATE)

    assert shadowed(rule) == {"001": []}


def test_rules_for_the_same_thing_do_not_conflict():
    same = [target(number, {}, REPAIR) for number in (1, 2)]

    assert list(conflicts(RuleTable.of(same), CODES)) == []


def test_a_conflict_names_an_incident():
    rules = [
        target(1, {"finding_codes": [ONE]}, ESCALATE),
        target(2, {"finding_codes": [TWO]}, REPAIR),
    ]

    (conflict,) = conflicts(RuleTable.of(rules), CODES)

    assert (conflict.status, conflict.codes) == ("FAIL", (ONE, TWO))


def test_hosts_of_two_groups_do_not_keep_rules_apart_and_two_kinds_of_hosts_do():
    grouped = [
        target(1, {"host_groups": ["east"]}, ESCALATE),
        target(2, {"host_groups": ["west"]}, REPAIR),
    ]
    kinds = [target(1, {"os": ["server"]}, ESCALATE), target(2, {"os": ["workstation"]}, REPAIR)]

    assert len(list(conflicts(RuleTable.of(grouped), CODES))) == 1
    assert list(conflicts(RuleTable.of(kinds), CODES)) == []
