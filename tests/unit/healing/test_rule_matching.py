# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule an incident asks for, and what the rule makes of it."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.matching import (
    IncidentFacts,
    Matcher,
    NoMatch,
    RuleMatch,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rule_targets import (
    resolve,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.rules import (
    HostOs,
    Rule,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import (
    ActionType,
    CheckId,
    CheckStatus,
    ComplianceCheck,
    HealingAction,
)
from unit.healing.generated_rules import rule, target, targets
from unit.healing.naive_rules import ONE, TWO, finding, status_of, universe, winner
from unit.healing.rule_folders import runbook

ESCALATE = {"type": "escalate"}
REPAIR = {"type": "enable_feature", "runbook": "RB-WIN-FW-001"}
CAREFUL = {"type": "fix_config", "runbook": "RB-WIN-FW-002"}  # not when TWO is there
# An example is small as it is, and looking for a smaller one would take minutes.
SLOW = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


def facts(*findings, check=CheckId.FIREWALL, groups=(), os=None) -> IncidentFacts:
    return IncidentFacts(check, status_of(findings), findings, frozenset(groups), os)


def decide(*rules, on):
    return Matcher.of(rules).decide(on)


@SLOW
@given(rules=targets())
def test_the_compiled_rules_say_what_the_plain_ones_say(rules):
    matcher = Matcher.of(rules)

    for incident in universe()[::7]:
        won = matcher.match(incident)
        assert (won.rule_id if won else None) == winner(rules, incident)


@SLOW
@given(rules=targets(), data=st.data())
def test_the_order_of_the_file_means_nothing(rules, data):
    shuffled = data.draw(st.permutations(rules))
    incidents = universe()[::97]

    one, other = Matcher.of(rules), Matcher.of(shuffled)

    assert [one.decide(item) for item in incidents] == [other.decide(item) for item in incidents]


@SLOW
@given(rules=targets())
def test_a_disabled_rule_never_matches(rules):
    disabled = {item.rule.id for item in rules if not item.rule.enabled}
    matcher = Matcher.of(rules)

    won = [matcher.match(item) for item in universe()[::31]]

    assert {item.rule_id for item in won if item} & disabled == set()


@SLOW
@given(rules=targets())
def test_no_repair_is_for_what_a_policy_owns(rules):
    matcher = Matcher.of(rules)

    for incident in universe()[::31]:
        won = matcher.match(incident)
        if won and won.action:
            ours = {item.code for item in incident.findings if not item.gpo_managed}
            assert set(won.matched_on) <= ours


def test_a_repair_is_the_contracts_action():
    assert decide(target(7, {"finding_codes": [ONE]}, REPAIR), on=facts(finding(ONE))) == RuleMatch(
        rule_id="L1-FIREWALL-007",
        runbook_id="RB-WIN-FW-001",
        action=HealingAction(
            action_type=ActionType.ENABLE_FEATURE,
            runbook_id="RB-WIN-FW-001",
            parameters={},
            requires_approval=False,
            is_disruptive=False,
            maintenance_window_only=False,
        ),
        escalate=False,
        max_retries=2,
        cooldown_seconds=600,
        matched_on=(ONE,),
    )


def test_escalate_goes_to_a_person_without_an_action():
    assert decide(target(7, {}, ESCALATE), on=facts(finding(TWO), finding(ONE))) == RuleMatch(
        rule_id="L1-FIREWALL-007",
        runbook_id=None,
        action=None,
        escalate=True,
        max_retries=0,
        cooldown_seconds=0,
        matched_on=(ONE, TWO),
    )


def test_what_the_gate_must_know_is_that_of_the_runbook():
    strict = runbook(
        "RB-WIN-FW-001",
        "firewall",
        [ONE],
        is_disruptive=True,
        requires_approval=True,
        maintenance_window_only=True,
    )
    resolved, _ = resolve(rule(1, {}, REPAIR), {"RB-WIN-FW-001": strict})

    action = decide(resolved, on=facts(finding(ONE))).action

    assert (action.is_disruptive, action.requires_approval, action.maintenance_window_only) == (
        True,
        True,
        True,
    )


def test_the_lower_priority_wins_and_then_the_id():
    first, second = target(1, {}, ESCALATE), target(2, {}, ESCALATE)
    urgent = target(3, {}, ESCALATE, priority=5)

    assert decide(second, first, on=facts(finding(ONE))).rule_id == "L1-FIREWALL-001"
    assert decide(first, second, urgent, on=facts(finding(ONE))).rule_id == "L1-FIREWALL-003"


@pytest.mark.parametrize(
    ("pattern", "incident", "is_for_it"),
    [
        pytest.param({}, facts(finding(ONE, "WARNING")), False, id="fail-is-not-warning"),
        pytest.param({"status": "WARNING"}, facts(finding(ONE, "WARNING")), True, id="warning"),
        pytest.param(
            {"finding_status": "WARNING"},
            facts(finding(ONE, "WARNING"), finding(TWO)),
            True,
            id="a-warning-in-a-failed-check",
        ),
        pytest.param(
            {"finding_codes": ONE, "finding_status": "FAIL"},
            facts(finding(ONE, "WARNING"), finding(TWO)),
            False,
            id="not-the-finding-that-failed",
        ),
        pytest.param(
            {"finding_codes": ONE, "severity": "HIGH"},
            facts(finding(ONE, severity="LOW"), finding(TWO)),
            False,
            id="not-the-finding-that-is-high",
        ),
        pytest.param(
            {"finding_codes": ONE},
            facts(finding(ONE, "PASS"), finding(TWO)),
            False,
            id="information-is-no-fault",
        ),
        pytest.param(
            {"not_finding_codes": TWO},
            facts(finding(ONE), finding(TWO, "PASS")),
            False,
            id="information-keeps-a-rule-away",
        ),
        pytest.param({"os": "server"}, facts(finding(ONE), os=HostOs.SERVER), True, id="os"),
        pytest.param({"os": "server"}, facts(finding(ONE)), False, id="os-unread"),
        pytest.param(
            {"os": ["server", "workstation"]},
            facts(finding(ONE), os=HostOs.DOMAIN_CONTROLLER),
            False,
            id="a-domain-controller-is-no-server",
        ),
        pytest.param(
            {"host_groups": ["x", "lab"]}, facts(finding(ONE), groups=["lab"]), True, id="group"
        ),
        pytest.param({"host_groups": "lab"}, facts(finding(ONE)), False, id="no-group"),
        pytest.param({}, facts(finding(ONE), check=CheckId.LOGGING), False, id="another-check"),
        pytest.param({}, facts(finding("of_no_check")), False, id="a-code-of-no-check"),
    ],
)
def test_what_a_pattern_means(pattern, incident, is_for_it):
    won = decide(target(1, pattern, ESCALATE), on=incident)

    assert isinstance(won, RuleMatch) is is_for_it


def test_the_message_is_that_of_a_code_and_never_text_of_a_host():
    backup = {
        "id": "L1-BACKUP-001",
        "name": "Backup Failure - Restart Service",
        "pattern": {
            "check_type": "backup",
            "status": "FAIL",
            "message_contains": "Service not running",
        },
        "action": {"type": "restart_service", "service": "wbengine"},
        "hipaa_controls": ["164.308(a)(7)(ii)(A)"],
        "max_retries": 2,
        "cooldown_seconds": 300,
    }
    books = {
        "RB-WIN-BACKUP-001": runbook("RB-WIN-BACKUP-001", "backup", ["backup_service_disabled"])
    }
    resolved, _ = resolve(Rule.model_validate(backup), books)

    said = facts(finding("backup_service_disabled"), check=CheckId.BACKUP)
    faked = facts(finding("target_full", scope="service not running"), check=CheckId.BACKUP)

    assert decide(resolved, on=said).matched_on == (
        "backup_service_disabled",
        "message_contains: Service not running",
    )
    assert decide(resolved, on=faked) is NoMatch.NO_RULE


def test_what_a_policy_owns_is_no_match_with_its_reason():
    owned = facts(finding(ONE, gpo_managed=True))

    assert decide(target(1, {}, REPAIR), on=owned) is NoMatch.GPO_MANAGED
    assert decide(target(1, {"gpo_managed": True}, ESCALATE), on=owned).escalate


def test_of_two_findings_the_one_that_no_policy_owns_is_mended():
    both = facts(finding(ONE, gpo_managed=True), finding(TWO))

    assert decide(target(1, {}, REPAIR), on=both).matched_on == (TWO,)


def test_what_the_runbook_leaves_to_a_person_is_no_match_with_its_reason():
    both = facts(finding(ONE), finding(TWO))

    assert decide(target(1, {}, CAREFUL), on=both) is NoMatch.RUNBOOK_FORBIDS
    assert decide(target(1, {}, CAREFUL), on=facts(finding(ONE))).runbook_id == "RB-WIN-FW-002"


def test_words_of_escalate_when_are_those_of_our_messages():
    book = runbook("RB-WIN-FW-002", "firewall", [ONE], escalate_when=("allowed by default",))
    resolved, _ = resolve(rule(1, {}, CAREFUL), {"RB-WIN-FW-002": book})

    assert resolved.vetoed == {"inbound_allowed", "outbound_allowed"}


def test_without_a_rule_that_is_the_reason():
    assert decide(target(1, {}, REPAIR), on=facts(finding("log_blocked_off"))) is NoMatch.NO_RULE
    assert Matcher.of([]).decide(facts(finding(ONE))) is NoMatch.NO_RULE
    assert Matcher.of([]).match(facts(finding(ONE))) is None


PROFILES = {
    "profiles": {
        "type": "list",
        "elements": "str",
        "choices": ("domain", "private", "public"),
        "description": "Profiles to switch on",
        "required": True,
        "source": {"finding": ONE, "take": "scope"},
    }
}


def parametrised(pattern, **given):
    book = runbook("RB-WIN-FW-001", "firewall", [ONE, TWO], parameters=PROFILES)
    made, faults = resolve(rule(1, pattern, {**REPAIR, **given}), {"RB-WIN-FW-001": book})
    assert made, faults
    return made


def test_parameters_come_from_the_findings():
    domain, public = finding(ONE, scope="domain"), finding(ONE, scope="public")

    won = decide(parametrised({}), on=facts(domain, public))

    assert won.action.parameters == {"profiles": ["domain", "public"]}


def test_parameters_of_the_rule_win():
    won = decide(
        parametrised({}, parameters={"profiles": ["private"]}),
        on=facts(finding(ONE, scope="domain")),
    )

    assert won.action.parameters == {"profiles": ["private"]}


def test_only_findings_that_the_rule_is_for_become_parameters():
    young = finding(ONE, "WARNING", scope="public")
    owned = finding(ONE, scope="private", gpo_managed=True)

    won = decide(
        parametrised({"finding_status": "FAIL"}),
        on=facts(finding(ONE, scope="domain"), young, owned),
    )

    assert won.action.parameters == {"profiles": ["domain"]}


def test_a_finding_of_another_code_may_be_a_parameter():
    won = decide(
        parametrised({"finding_codes": TWO}), on=facts(finding(TWO), finding(ONE, scope="domain"))
    )

    assert (won.matched_on, won.action.parameters) == ((TWO,), {"profiles": ["domain"]})


def test_what_a_policy_owns_is_no_parameter_of_another_repair_either():
    owned = finding(ONE, scope="private", gpo_managed=True)
    told = finding(ONE, "PASS", "INFO", scope="public")

    won = decide(
        parametrised({"finding_codes": TWO}),
        on=facts(finding(TWO), finding(ONE, scope="domain"), owned, told),
    )

    assert won.action.parameters == {"profiles": ["domain"]}


def test_a_value_that_the_runbook_does_not_take_goes_to_a_person_and_is_not_repeated():
    won = decide(parametrised({}), on=facts(finding(ONE, scope="domain; Remove-Item C:\\")))

    assert (won.action, won.escalate, won.rule_id) == (None, True, "L1-FIREWALL-001")
    assert won.refused == "the parameter profiles[0] is refused"


def test_the_facts_of_a_check_are_its_findings():
    check = ComplianceCheck(
        check_id=CheckId.FIREWALL,
        status=CheckStatus.FAIL,
        message="FAIL: an active profile is off (domain)",
        timestamp=datetime(2026, 3, 2, 12, tzinfo=UTC),
        hipaa_controls=("164.312(e)(1)",),
        details={"findings": [finding(ONE, scope="domain").to_dict()]},
        remediation_available=True,
    )

    assert IncidentFacts.of(check, ["lab"], HostOs.of(3)) == facts(
        finding(ONE, scope="domain"), groups=["lab"], os=HostOs.SERVER
    )


@pytest.mark.parametrize(
    ("product_type", "os"), [(1, "workstation"), (2, "domain_controller"), (3, "server"), (4, None)]
)
def test_the_os_is_the_product_type(product_type, os):
    assert HostOs.of(product_type) == os
    assert HostOs.of(None) is None
