# SPDX-License-Identifier: GPL-3.0-or-later
"""How a policy comes together, and how an error in it reads."""

from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.controls import load_controls
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import (
    ControlsInvalid,
    PolicyInvalid,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.firewall import (
    FirewallPolicy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.logging import (
    LoggingPolicy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.patching import (
    PatchingPolicy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import (
    Layer,
    build_policy,
    read_yaml,
    rule_layers,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.rules import default_rules_dir

CONTROLS = Layer("rules/controls.yml", {"hipaa_controls": ["164.312(e)(1)"]})


def build(*layers):
    return build_policy(
        FirewallPolicy, [*rule_layers(default_rules_dir(), "firewall"), CONTROLS, *layers]
    )


def test_the_shipped_rules_are_a_policy():
    assert build().log_max_kb == 16384


def test_a_later_layer_wins_key_by_key():
    policy = build(
        Layer("site", {"log_max_kb": 20000, "broad_rules_max": 1}), Layer("host", {"log_max_kb": 9})
    )

    assert (policy.log_max_kb, policy.broad_rules_max) == (9, 1)


def test_a_value_out_of_range_names_place_key_value_and_range():
    with pytest.raises(PolicyInvalid) as caught:
        build(Layer("variable compliance_policy (site.yml:7), firewall", {"log_max_kb": 99999}))

    text = str(caught.value)
    assert text.startswith("variable compliance_policy (site.yml:7), firewall: log_max_kb: ")
    assert "got 99999" in text
    assert "Kilobytes, from 1 to 32767." in text


@pytest.mark.parametrize("days", [36_501, 10**12])
def test_a_time_of_more_than_a_century_is_a_slip(days):
    layer = Layer(
        "variable compliance_policy (site.yml:7), logging", {"tamper_lookback_days": days}
    )

    with pytest.raises(PolicyInvalid, match=r"tamper_lookback_days.*36500"):
        build_policy(LoggingPolicy, [*rule_layers(default_rules_dir(), "logging"), CONTROLS, layer])


def test_a_misspelt_key_is_refused_with_a_suggestion():
    with pytest.raises(PolicyInvalid, match=r"log_max is no key.*Did you mean log_max_kb\?"):
        build(Layer("site", {"log_max": 1}))


@pytest.mark.parametrize("value", ["16384", 16384.0, True, None])
def test_a_number_is_not_guessed_from_another_type(value):
    with pytest.raises(PolicyInvalid, match="log_max_kb"):
        build(Layer("site", {"log_max_kb": value}))


def test_a_doubled_key_is_refused_with_its_line(tmp_path: Path):
    file = tmp_path / "firewall.yml"
    file.write_text("log_max_kb: 1\nlog_max_kb: 2\n", encoding="utf-8")

    with pytest.raises(PolicyInvalid, match=r"firewall\.yml:2 .*'log_max_kb' occurs twice"):
        read_yaml(file)


def test_a_missing_folder_says_which_variable_names_it(tmp_path: Path):
    with pytest.raises(PolicyInvalid, match="compliance_rules_dir"):
        rule_layers(tmp_path, "firewall")


def test_every_check_has_controls_with_a_title():
    controls = load_controls(default_rules_dir())

    assert controls.for_check(CheckId.BACKUP)[0] == "164.308(a)(7)(ii)(A)"
    assert controls.controls["164.308(a)(7)(ii)(A)"].kind == "required"


def test_a_control_that_is_not_defined_is_refused(tmp_path: Path):
    text = (default_rules_dir() / "controls.yml").read_text(encoding="utf-8")
    broken = text.replace('firewall: ["164.312(e)(1)"', 'firewall: ["164.312(e)(9)"')
    (tmp_path / "controls.yml").write_text(broken, encoding="utf-8")

    with pytest.raises(ControlsInvalid, match=r"checks\.firewall.*164\.312\(e\)\(9\)"):
        load_controls(tmp_path)


def test_keys_that_contradict_each_other_name_both_places():
    layers = [*rule_layers(default_rules_dir(), "patching"), CONTROLS]

    with pytest.raises(PolicyInvalid) as caught:
        build_policy(PatchingPolicy, [*layers, Layer("site.yml:3", {"lcu_age_warn_days": 90})])

    text = str(caught.value)
    assert "site.yml:3" in text
    assert "lcu_age_warn_days is larger than lcu_age_fail_days" in text
    assert "got" not in text
