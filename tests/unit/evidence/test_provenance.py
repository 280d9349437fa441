# SPDX-License-Identifier: GPL-3.0-or-later
"""A bundle says which versions and which job made it, and nothing else of the environment."""

from pathlib import Path

import pytest
import yaml

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.provenance import (
    COLLECTION_VERSION,
    run_provenance,
)

GALAXY = Path(__file__).parents[3] / "collections" / "compliance_agent" / "galaxy.yml"


def test_the_version_is_the_one_of_the_collection():
    assert yaml.safe_load(GALAXY.read_text())["version"] == COLLECTION_VERSION


def test_the_job_is_named_and_the_rest_of_the_environment_is_not():
    environment = {
        "JOB_ID": "77",
        "INVENTORY_ID": "3",
        "PROJECT_REVISION": "26cdc7d",
        "AWS_SECRET_ACCESS_KEY": "fictional",
        "awx_user_email": "jane@example.invalid",
    }

    assert run_provenance("2.19.14", environment) == {
        "collection_version": "0.1.0",
        "ansible_version": "2.19.14",
        "job_id": "77",
        "inventory_id": "3",
        "project_revision": "26cdc7d",
    }


@pytest.mark.parametrize("value", ["", "a b", "x" * 65, "7\n", "../x", "é"])
def test_a_job_value_of_odd_form_is_left_out(value):
    assert run_provenance("2.19.14", {"JOB_ID": value}) == {
        "collection_version": "0.1.0",
        "ansible_version": "2.19.14",
    }
