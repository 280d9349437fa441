# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller scans the collectors before it forks, with a part of Ansible that is not ours.

Runs do without it, only slower; this is how we hear that a release of Ansible has moved it.
"""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# In a process of its own: Ansible's loader of collections stays in the process that starts it.
SCAN = """
import sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([sys.argv[1]])
from ansible_collections.hipaa.compliance_agent.plugins.callback.evidence import scan_collectors
print(scan_collectors())
"""
UTILS = 15  # that check_all requires; Ansible adds its own


def scan(before=""):
    process = subprocess.run(
        [sys.executable, "-c", before + SCAN, str(REPOSITORY / "collections")],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return int(process.stdout)


def test_ansible_finds_every_script_of_the_module():
    assert scan() > UTILS


def test_an_ansible_without_that_scanner_is_no_error():
    gone = "import ansible.executor.powershell.module_manifest as m\ndel m.PSModuleDepFinder\n"

    assert scan(before=gone) == 0
