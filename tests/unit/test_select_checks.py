# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks a command line chooses."""

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hipaa.compliance_agent.plugins.filter.select_checks import select_checks

ALL = ["patching", "av_edr", "backup", "logging", "firewall", "encryption"]
CHOICES = [
    pytest.param("all", ["all"], [], ALL, id="default"),
    pytest.param("firewall,patching", ["all"], [], ["patching", "firewall"], id="extra-var"),
    pytest.param(["backup"], ["all"], [], ["backup"], id="list"),
    pytest.param("all", ["firewall", "logging"], [], ["logging", "firewall"], id="tags"),
    pytest.param("all", ["all"], ["backup"], [c for c in ALL if c != "backup"], id="skip-tags"),
    pytest.param("firewall", ["logging"], [], [], id="tags-and-variable-disagree"),
    pytest.param("all", ["unrelated"], [], [], id="tag-of-another-task"),
    pytest.param("all", ["tagged"], [], ALL, id="any-tag"),
]


@pytest.mark.parametrize(("checks", "run_tags", "skip_tags", "expected"), CHOICES)
def test_variable_and_tags_choose_together(checks, run_tags, skip_tags, expected):
    assert select_checks(checks, run_tags, skip_tags) == expected


def test_a_misspelt_check_does_not_shrink_the_run():
    with pytest.raises(AnsibleFilterError, match="firewal: no such check"):
        select_checks("firewal,backup")
