# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry: what the checks promise is there, and does what they say."""

import shutil

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import (
    RunbookInvalid,
    RunbookNotFound,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.registry import (
    load_registry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import JUDGES
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir


@pytest.fixture
def rules(tmp_path):
    shutil.copytree(default_rules_dir(), tmp_path / "rules")
    return tmp_path / "rules"


def change(rules, runbook_id, old, new):
    file = rules / "runbooks" / f"{runbook_id}.yml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_there_are_24_runbooks_and_each_is_named_by_a_check():
    registry = load_registry(default_rules_dir())

    named = {code.runbook for judge in JUDGES.values() for code in judge.catalogue.values()}

    assert named - {None} == set(registry.runbooks)
    assert len(registry.runbooks) == 24


def test_a_finding_leads_to_its_runbook_and_one_without_to_a_person():
    registry = load_registry(default_rules_dir())

    found = registry.for_finding(CheckId.LOGGING, "script_block_logging_off")

    assert found is not None
    assert found.runbook_id == "RB-WIN-LOG-005"
    assert registry.for_finding(CheckId.LOGGING, "security_log_cleared") is None


def test_an_unknown_runbook_is_e003():
    with pytest.raises(RunbookNotFound) as error:
        load_registry(default_rules_dir()).find("RB-WIN-LOG-999")

    assert error.value.code == "E003"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("check_type: logging", "check_type: firewall", "which firewall never reports"),
        ("repairs: [script_block_logging_off]", "repairs: [log_gap]", "does not repair that"),
        ('["164.312(b)"]', '["164.312(e)(1)"]', "are not those of logging"),
        ("escalate_when: [security_log_cleared,", "escalate_when: [security_log_cleard,",
         "security_log_cleard, which logging never says"),
        ("action_type: fix_config", "action_type: escalate", "escalate is no repair"),
        ("requires_reboot: false", "requires_reboot: true", "contradict each other"),
        ("timeout_seconds: 60", "timeout_seconds: 901", "is not async"),
        ("step_id: 1", "step_id: 2", "must count"),
        ("estimated_duration: 1m", "estimated_duration: soon", "estimated_duration"),
        ("name:", "nome:", "name: Field required"),
    ],
)  # fmt: skip
def test_what_contradicts_the_checks_does_not_load(rules, old, new, said):
    change(rules, "RB-WIN-LOG-005", old, new)

    with pytest.raises(RunbookInvalid, match=said):
        load_registry(rules)


def test_a_missing_runbook_is_named_with_the_finding_that_asks_for_it(rules):
    (rules / "runbooks" / "RB-WIN-LOG-005.yml").unlink()
    shutil.rmtree(rules / "runbooks" / "scripts" / "RB-WIN-LOG-005")

    with pytest.raises(RunbookInvalid, match="script_block_logging_off"):
        load_registry(rules)


def test_a_script_that_no_step_uses_is_refused(rules):
    stray = rules / "runbooks" / "scripts" / "RB-WIN-LOG-005" / "stray.ps1"
    stray.write_text("param ($Parameter, $Saved)\n")

    with pytest.raises(RunbookInvalid, match="no step uses"):
        load_registry(rules)


def test_a_script_of_other_letters_than_ascii_is_refused(rules):
    script = rules / "runbooks" / "scripts" / "RB-WIN-LOG-005" / "enable.ps1"
    script.write_text(script.read_text() + "# caf\u00e9\n")

    with pytest.raises(RunbookInvalid, match="ASCII"):
        load_registry(rules)


def test_no_runbook_goes_without_a_way_back_or_a_reason():
    for runbook in load_registry(default_rules_dir()).runbooks.values():
        assert bool(runbook.rollback_steps) != bool(runbook.no_rollback_reason)


def test_the_contract_form_has_the_texts_of_the_scripts():
    definition = load_registry(default_rules_dir()).find("RB-WIN-LOG-005").definition()

    assert "Set-HipaaRegistryState" in definition.steps[0].script
    assert "valid = $valid" in definition.validation_script
