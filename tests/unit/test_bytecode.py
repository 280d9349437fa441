# SPDX-License-Identifier: GPL-3.0-or-later
"""Our modules are compiled once, not in every run, and Ansible still finds all others."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PLUGIN_UTILS = Path(__file__).parents[2] / "collections/compliance_agent/plugins/plugin_utils"
LOAD = """
import sys
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
_AnsibleCollectionFinder(paths=[sys.argv[1]])._install()
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils import bytecode
bytecode.keep_bytecode()
bytecode.keep_bytecode()
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils import errors
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import runstate
print(type(errors.__loader__).__name__, type(runstate.__loader__).__name__)
print(sum(isinstance(item, bytecode.CachingFinder) for item in sys.meta_path))
"""


def test_a_run_keeps_what_it_compiled(tmp_path):
    copy = tmp_path / "ansible_collections/hipaa/compliance_agent/plugins/plugin_utils"
    shutil.copytree(PLUGIN_UTILS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded.stdout.split() == ["SourceFileLoader", "SourceFileLoader", "1"]
    assert [file.name.partition(".")[0] for file in copy.glob("__pycache__/*")] == ["errors"]
    assert [file.name.partition(".")[0] for file in copy.glob("evidence/__pycache__/*")] == [
        "runstate"
    ]
