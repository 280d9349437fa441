#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tick.py MINUTES: advance the clock of LAB_STATE, run what became due, print the tasks that ran."""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Native.lifecycle import tick  # noqa: E402  as the path is set above

if __name__ == "__main__":
    print(json.dumps({"tasks": tick(float(sys.argv[1]))}))
