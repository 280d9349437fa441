# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that nothing secret reaches the evidence or the screen, however the run ends."""

import pytest

from integration.connection.clinic import BROKEN, HEALTHY, LOST

pytestmark = pytest.mark.connection

MARKER = "m4rker-of-a-secret"


def test_passwords_and_variables_stay_where_they_are(open_clinic):
    hosts = {"pc1": (), "pc2": ("killed-after:3",), "pc3": ("no-json",), "pc4": ("refused",)}
    secrets = {"ansible_become_password": MARKER, "host_token": MARKER}
    clinic = open_clinic(
        hosts={**hosts, "pc5": ()},
        variables={
            **dict.fromkeys(hosts, secrets),
            "pc5": {**secrets, "ansible_password": MARKER},
        },
    )
    role = {
        "name": "Check",
        "ansible.builtin.import_role": {"name": "hipaa.compliance_agent.compliance_check"},
        "vars": {"task_token": MARKER},
        "environment": {"SITE_TOKEN": MARKER},
    }
    guard = {"site_id": "{{ site_id }}", "checks": sorted(HEALTHY)}
    first = {"name": "Guard", "hipaa.compliance_agent.evidence_guard": guard}
    play = {"name": "Check", "hosts": "all", "gather_facts": False, "vars": {"play_token": MARKER}}
    playbook = clinic.controller.write(
        "secrets.yml", [{**play, "tasks": [first]}, {**play, "tasks": [role]}]
    )

    run = clinic.run(playbook, "-v", "-e", f"extra_token={MARKER}", HIPAA_TOKEN=MARKER)

    assert run.verdicts == {"pc1": HEALTHY, "pc2": LOST, "pc3": BROKEN, "pc4": LOST, "pc5": LOST}
    assert MARKER not in run.output + run.errors
    kept = [file for file in clinic.controller.evidence.rglob("*") if file.is_file()]
    assert [file for file in kept if MARKER.encode() in file.read_bytes()] == []
    assert len(kept) >= 2
