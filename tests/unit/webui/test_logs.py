# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of the program names nobody, whichever logger speaks."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SPEAK = """
import logging
from webui import create_app
create_app()
app = create_app()
with app.test_request_context():
    app.logger.warning("no chart of %s, born %s", "Ottoline Quillfeather", "1961-04-02")
logging.getLogger("a.library").error("mail to ottoline.quillfeather@clinic.example failed")
try:
    raise ValueError("MRN: 0084417")
except ValueError:
    app.logger.exception("a view failed")
"""


@pytest.fixture(scope="module")
def written():
    process = subprocess.run(
        [sys.executable, "-c", SPEAK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return process.stderr


@pytest.mark.parametrize("word", ["Ottoline", "Quillfeather", "1961", "quillfeather@", "0084417"])
def test_no_log_line_names_anybody(written, word):
    assert word not in written


def test_each_record_is_written_once_and_stays_useful(written):
    lines = written.splitlines()

    assert sum("no chart of <" in line for line in lines) == 1
    assert sum("ERROR in a.library: mail to <" in line for line in lines) == 1
    assert "ValueError" in written
