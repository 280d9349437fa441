# SPDX-License-Identifier: GPL-3.0-or-later
"""The program around the collection: ``flask --app webui`` from the root of the repository.

This file is the one place that makes the collection importable by its full name outside Ansible.
"""

import sys
from pathlib import Path

_COLLECTIONS = str(Path(__file__).resolve().parents[1] / "collections")
if _COLLECTIONS not in sys.path:
    # Before what is installed: another release of the collection would judge by other rules.
    sys.path.insert(0, _COLLECTIONS)

from webui.application import create_app  # noqa: E402 - what it imports is found only now

__all__ = ["create_app"]
