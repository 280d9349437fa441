# SPDX-License-Identifier: GPL-3.0-or-later
"""A key is followed by another in steps that a crash cannot leave half done."""

import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_changes import (
    KeyUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_ring import (
    SigningKeyReplaced,
    refuse_revoked,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_statements import (  # noqa: E501 - a name has no place to wrap
    KeyRotation,
    check_signatures,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    SigningKeyUnusable,
    create_key,
    load_key,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.errors import (
    LogDamaged,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.statements import (
    StatementUnfinished,
    finish_statements,
)
from unit.evidence.crashing import Crash, crash_at
from unit.evidence.keyed_site import SITE, KeyedSite, compromised, key_files, kinds, statements

# A step of a crash, but not waited for: what a disk does after it is not what is tested.
pytestmark = pytest.mark.usefixtures("quick_disk")

ENOUGH = 500
HOLD_THE_LOCK = """
import sys
from pathlib import Path
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)
with SiteDirectory(Path(sys.argv[1]), sys.argv[2]).locked("sealing a run"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def site(tmp_path) -> KeyedSite:
    return KeyedSite(tmp_path)


def test_after_a_rotation_the_new_key_is_in_use_and_the_old_one_is_put_aside(site):
    change = site.keeper.rotate()

    assert (change.in_use.key_id, change.was_done) == (site.key().key_id, False)
    assert site.key().key_id != site.first.key_id
    assert key_files(site) == [
        f"{SITE}.pub",
        "site.key",
        f"site.key.{site.first.key_id}.retired",
    ]
    assert load_key(change.put_aside).key_id == site.first.key_id
    assert site.key_file.stat().st_mode & 0o7777 == 0o600


def test_a_rotation_is_signed_by_both_keys_and_entered_in_the_log(site):
    site.run("run-1")

    site.keeper.rotate()

    [rotation] = statements(site)
    check_signatures(rotation, {})
    assert isinstance(rotation, KeyRotation)
    assert (rotation.key_id, rotation.new_key_id) == (site.first.key_id, site.key().key_id)
    assert kinds(site, site.key()) == ["bundle", "bundle", "coverage", "key_rotation"]
    assert site.leaves(site.key())[3]["id"] == rotation.statement_id


def test_whoever_trusts_either_key_can_read_the_checkpoint_of_a_rotation(site):
    site.run("run-1")
    site.keeper.rotate()

    assert site.leaves(site.first) == site.leaves(site.key())


def test_after_a_rotation_the_new_key_alone_signs(site):
    site.run("run-1")
    site.keeper.rotate()
    site.run("run-2")

    with pytest.raises(LogDamaged):
        site.leaves(site.first)
    assert kinds(site, site.key())[3:] == ["key_rotation", "bundle", "bundle", "coverage"]


def test_both_public_halves_say_the_new_key(site):
    site.keeper.rotate()

    line = site.key().public_line + "\n"
    assert (site.key_file.parent / f"{SITE}.pub").read_text() == line
    assert (site.directory.keys / f"{site.key().key_id}.pub").read_text() == line


def test_a_revoked_key_stays_listed_for_what_it_signed_before(site):
    first, file = site.first.public_line, site.key_file.parent / f"{SITE}.pub"
    second = site.keeper.revoke(compromised(site.first)).in_use.public_line
    assert file.read_text() == f"{second}\n{first}\n"

    third = site.keeper.rotate().in_use.public_line

    assert file.read_text() == f"{third}\n{first}\n"


def test_the_old_key_is_refused_for_signing(site):
    site.keeper.rotate()

    with pytest.raises(SigningKeyReplaced, match=site.key().key_id):
        refuse_revoked(site.directory, site.first)
    refuse_revoked(site.directory, site.key())


def test_keys_follow_each_other_for_as_long_as_one_likes(site):
    ids = [site.first.key_id]
    for _ in range(3):
        site.now += timedelta(days=365)
        ids.append(site.keeper.rotate().in_use.key_id)

    assert [(item.key_id, item.new_key_id) for item in statements(site)] == [*pairwise(ids)]
    assert kinds(site, site.key()) == ["key_rotation"] * 3


def test_a_rotation_asked_for_again_within_the_hour_is_the_same_one(site):
    first = site.keeper.rotate()
    site.now += timedelta(minutes=59)

    again = site.keeper.rotate()

    assert (again.was_done, again.statement) == (True, first.statement)
    assert site.key().key_id == first.in_use.key_id
    site.now += timedelta(minutes=1)
    assert not site.keeper.rotate().was_done


@pytest.mark.parametrize(("seconds", "is_same"), [(-2, True), (-86400, False)])
def test_a_clock_that_was_set_back_does_not_keep_a_key_from_being_rotated(site, seconds, is_same):
    site.keeper.rotate()
    site.now += timedelta(seconds=seconds)

    assert site.keeper.rotate().was_done is is_same


def test_a_rotation_that_crashed_anywhere_is_finished_by_asking_again(tmp_path, monkeypatch):
    counted = KeyedSite(tmp_path / "count")
    counted.run("run-1")
    with crash_at(ENOUGH, monkeypatch) as made:
        counted.keeper.rotate()
    assert 20 < len(made) < ENOUGH

    for step in range(len(made) + 1):
        site = KeyedSite(tmp_path / f"crash-{step}")
        site.run("run-1")
        with crash_at(step, monkeypatch):
            if step < len(made):
                with pytest.raises(Crash):
                    site.keeper.rotate()
        before = site.key().key_id  # there is a key in use at every moment

        site.now += timedelta(seconds=5)
        change = site.keeper.rotate()

        [rotation] = statements(site)
        assert rotation == change.statement, f"step {step}"
        assert before in {rotation.key_id, rotation.new_key_id}, f"step {step}"
        assert site.key().key_id == rotation.new_key_id, f"step {step}"
        assert kinds(site, site.key())[3:] == ["key_rotation"], f"step {step}"
        assert site.leaves(site.first) == site.leaves(site.key()), f"step {step}"
        # A half written public half may lie there; a private one must not.
        assert [name for name in key_files(site) if not name.startswith(f".{SITE}.pub")] == [
            f"{SITE}.pub",
            "site.key",
            f"site.key.{site.first.key_id}.retired",
        ], f"step {step}"
        site.run("run-2")


def test_once_a_rotation_is_said_the_old_key_cannot_sign_before_it_is_finished(
    tmp_path, monkeypatch
):
    refused = 0
    for step in range(ENOUGH):
        site = KeyedSite(tmp_path / f"crash-{step}")
        try:
            with crash_at(step, monkeypatch):
                site.keeper.rotate()
        except Crash:
            pass
        else:
            break
        key = site.key()
        if key.key_id == site.first.key_id and statements(site):
            refused += 1
            with pytest.raises(SigningKeyReplaced):
                refuse_revoked(site.directory, key)
            # Nor can it enter the rotation alone: the new key could not read that checkpoint.
            if (site.directory.path / ".entering").exists():
                with pytest.raises(StatementUnfinished):
                    finish_statements(site.directory, key)
    assert refused > 5


def test_a_rotation_that_waits_for_a_run_goes_on_when_the_run_is_done(site):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(site.directory.root), SITE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    rotating = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "webui", "keys", "rotate", "--site", SITE],
        env=_environment(site),
        stdout=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        rotating.wait(timeout=2)
    assert site.key().key_id == site.first.key_id

    holder.communicate("go\n", timeout=30)
    output, _ = rotating.communicate(timeout=30)

    assert rotating.returncode == 0
    assert site.key().public_line in output


def test_a_key_that_somebody_made_ready_is_not_written_over(site):
    ready = create_key(site.keeper.next_file)

    change = site.keeper.rotate()

    assert change.in_use.key_id == ready.key_id


def test_a_key_file_of_another_site_is_refused(site, tmp_path):
    other = KeyedSite(tmp_path / "other")
    site.key_file.write_bytes(other.key_file.read_bytes())

    with pytest.raises(KeyUnknown, match=f"is no key of {SITE}"):
        site.keeper.rotate()

    assert statements(site) == []


@pytest.mark.parametrize("mode", [0o640, 0o604], ids=oct)
def test_an_exposed_key_is_not_rotated(site, mode):
    site.key_file.chmod(mode)

    with pytest.raises(SigningKeyUnusable, match="others can read or write"):
        site.keeper.rotate()

    assert key_files(site) == [f"{SITE}.pub", "site.key"]


def test_a_next_key_that_others_could_read_is_not_taken(site):
    create_key(site.keeper.next_file)
    site.keeper.next_file.chmod(0o644)

    with pytest.raises(SigningKeyUnusable, match="others can read or write"):
        site.keeper.rotate()

    assert statements(site) == []


def test_a_link_is_not_rotated_since_the_file_behind_it_would_stay(site):
    file = site.key_file.rename(site.root / "elsewhere.key")
    site.key_file.symlink_to(file)

    with pytest.raises(SigningKeyUnusable, match=r"is a link; got .*elsewhere\.key"):
        site.keeper.rotate()


def test_a_site_that_does_not_exist_is_not_made_by_a_typing_error(site, tmp_path):
    keeper = KeyedSite(tmp_path / "other").keeper
    wrong = type(keeper)(
        type(site.directory)(site.directory.root, "clinic-010"), site.key_file, keeper.clock
    )

    with pytest.raises(KeyUnknown, match="there is no site clinic-010"):
        wrong.rotate()

    assert not wrong.site.path.exists()


def test_a_log_that_was_rewritten_by_a_stranger_gets_no_signature_of_ours(site, tmp_path):
    stranger = KeyedSite(tmp_path / "stranger")
    stranger.run("run-1")
    site.directory.log.rmdir()
    stranger.directory.log.rename(site.directory.log)
    line = stranger.first.public_line + "\n"
    (site.directory.keys / f"{stranger.first.key_id}.pub").write_text(line)

    with pytest.raises(LogDamaged):
        site.keeper.rotate()

    assert statements(site) == []


def test_the_verifier_reads_the_published_line_of_the_new_key(site):
    site.keeper.rotate()

    keys = verify.read_keys([str(site.key_file.parent / f"{SITE}.pub")])

    assert keys == site.key().trusted


def _environment(site):
    return os.environ | {
        "HIPAA_EVIDENCE_DIR": str(site.directory.root),
        "HIPAA_SIGNING_KEY_FILE": str(site.key_file),
    }
