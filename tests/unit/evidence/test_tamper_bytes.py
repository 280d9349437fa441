# SPDX-License-Identifier: GPL-3.0-or-later
"""Any single change of a file is found, wherever in the site it stands.

What a forger does with a purpose is in ``test_tamper.py``.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import SiteWriter, three_runs
from unit.evidence.tampering import OURS, copied, found


@pytest.fixture(scope="module")
def genuine(tmp_path_factory) -> SiteWriter:
    return three_runs(tmp_path_factory.mktemp("genuine"))


@pytest.fixture
def site(genuine, tmp_path) -> SiteWriter:
    """Return a copy of the site that a test may harm."""
    return copied(genuine, tmp_path)


def is_accepted(read: Callable[[bytes], verify.Line | None], line: bytes, public: bytes) -> bool:
    """Return whether *read* gives something of *line* that its signature fits."""
    try:
        found = read(line)
        if found is not None:
            verify.check_digest(found.signed_digest, found.document["signature"], public)
    except verify.Rejected:
        return False
    return found is not None


def test_every_changed_byte_of_two_hundred_bundles_is_found(tmp_path):
    site = SiteWriter(tmp_path)
    wide = {f"host{number:02d}": ["PASS", "FAIL", "unreachable"] for number in range(20)}
    lines = site.run("run-1", wide)
    lines += site.run("run-2", dict(list(wide.items())[:10]), checks=("backup", "firewall"))
    lines += site.run("run-3", {"zürich": ["waived"], **wide}, at="2026-03-03T06:00:00Z")
    generator = Random(7)  # noqa: S311 - the same sample each time
    public = bytes(OURS.verify_key)
    missed = []
    skimmer = verify.Skimmer()

    for line in generator.sample(lines, 200):
        stored = line + b"\n"
        for place in range(len(stored)):
            spoilt = bytearray(stored)
            spoilt[place] ^= 1 << generator.randrange(8)
            if is_accepted(verify.read_bundle, bytes(spoilt), public):
                missed.append((place, bytes(spoilt)))
            if is_accepted(skimmer.skim, bytes(spoilt), public):
                missed.append((place, bytes(spoilt)))

    assert missed == []


@pytest.mark.parametrize("number", range(40))
def test_a_changed_bit_fails_the_whole_site(site, number):
    generator = Random(number)  # noqa: S311 - the same place each time
    file = generator.choice(sorted(site.path.glob("bundles/*/*.jsonl")))
    data = bytearray(file.read_bytes())
    data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    file.write_bytes(data)

    assert found(site.path).code in {3, 4, 5}


# Files that nothing is believed from: who holds the lock, the verifier, journals.
IRRELEVANT = ("lock", "verify.py")
# Whose loss harms nobody: copies of heads, and narrow tiles for those who have an older head.
SPARE = re.compile(r"log/checkpoints/.+|log/tile/.+\.p/(19|24)")


def _files(path: Path) -> list[Path]:
    return sorted(
        file for file in path.glob("**/*") if file.is_file() and not file.name.endswith(IRRELEVANT)
    )


@st.composite
def edits(draw):
    """Return one edit of one file: where, what, and how."""
    return (
        draw(st.integers(0, 10_000)),
        draw(st.sampled_from(["flip", "insert", "delete", "cut", "remove", "double", "append"])),
        draw(st.integers(0, 1_000_000)),
        draw(st.integers(1, 255)),
    )


@settings(max_examples=200, deadline=None)
@given(edit=edits())
def test_no_single_edit_of_any_file_verifies(genuine, tmp_path_factory, edit):
    which, action, place, amount = edit
    root = tmp_path_factory.mktemp("edited")
    path = root / genuine.site_id
    shutil.copytree(genuine.path, path)
    files = _files(path)
    file = files[which % len(files)]
    data = file.read_bytes()
    at = place % len(data)
    changed = {
        "flip": data[:at] + bytes([data[at] ^ amount]) + data[at + 1 :],
        "insert": data[:at] + bytes([amount]) + data[at:],
        "delete": data[:at] + data[at + 1 :],
        "cut": data[:at],
        "double": data + data,
        "append": data + bytes([amount]),
    }
    if action != "remove":
        file.write_bytes(changed[action])
    elif not SPARE.fullmatch(file.relative_to(path).as_posix()):
        file.unlink()
    else:
        shutil.rmtree(root)
        return

    code = found(path).code

    shutil.rmtree(root)
    assert code != 0, (file.relative_to(path), action, at, amount)
