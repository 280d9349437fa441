# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for the get-pip that ansible-test would download: pip comes from the interpreter itself.

ensurepip runs in a process of its own because it switches off pip's configuration in its process.
The environments that import plugins also get what the collection requires, as a controller has it:
ansible-test has no place to say so for its sanity tests.
"""

import re
import subprocess
import sys
from pathlib import Path

IMPORTING = ("sanity.ansible-doc", "sanity.import")
REQUIREMENTS = Path.home() / "requirements.txt"  # put there by ansible_test.sh

subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"])
install = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
wanted = [item for item in sys.argv[1:] if re.match(r"(pip|setuptools|wheel)==", item)]
if wanted:
    subprocess.check_call(install + wanted)
if any(name in part for part in Path(sys.prefix).parts for name in IMPORTING):
    subprocess.check_call([*install, "-r", str(REQUIREMENTS)])
