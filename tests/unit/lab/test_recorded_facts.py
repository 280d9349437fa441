# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorded collectors send: small, typed and free of secrets."""

import json
import re
from datetime import datetime

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.preflight import find_problems
from lab.payload import RAW
from lab.recordings import load_recording, recordings_in

# Ansible's event stream truncates at 700,000 bytes; AWX keeps results below this.
LARGEST_RESULT_BYTES = 64 * 1024
RECOVERY_PASSWORD = re.compile(r"\b(?:\d{6}-){7}\d{6}\b")
NAMES = sorted(recordings_in())


def test_the_demo_estate_is_recorded():
    assert {"dc01", "fs01", "core01", "ehr01", "reception01", "laptop01", "praxis01"} <= set(NAMES)


@pytest.fixture(params=NAMES)
def texts(request):
    answers = load_recording(recordings_in()[request.param])
    return [json.dumps(item.answer, ensure_ascii=False) for item in answers]


def test_the_result_of_a_host_stays_small(texts):
    assert max(len(text.encode()) for text in texts) < LARGEST_RESULT_BYTES


def test_no_recovery_password_leaves_a_host(texts):
    assert not any(RECOVERY_PASSWORD.search(text) for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_host_passes_the_preflight(name):
    answers = [item for item in load_recording(recordings_in()[name]) if item.module == RAW]

    assert {item.state for item in answers} >= {0}
    for item in answers:
        at = datetime.fromisoformat(item.recorded_at)
        assert find_problems(item.answer, at, skew_limit_seconds=300) == []


def test_no_number_is_a_float(texts):
    floats = []
    for text in texts:
        json.loads(text, parse_float=floats.append, parse_constant=floats.append)

    assert floats == []
