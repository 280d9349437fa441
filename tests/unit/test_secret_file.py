# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a secret is private from birth, read only while it is, and never written over."""

import errno
import os

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.secret_file import (
    SecretFile,
    SecretFileUnusable,
)


@pytest.fixture
def secret(tmp_path) -> SecretFile:
    return SecretFile(
        tmp_path / "own" / "a.key", "test key", read_remedy="Read.", create_remedy="Create."
    )


def test_a_new_secret_is_read_by_its_owner_only(secret):
    secret.create(b"sesame\n")

    assert secret.read() == b"sesame\n"
    assert secret.path.stat().st_mode & 0o7777 == 0o600
    assert secret.path.parent.stat().st_mode & 0o7777 == 0o700


def test_a_secret_is_never_written_over(secret):
    secret.create(b"first")

    with pytest.raises(SecretFileUnusable, match=r"test key .* cannot be created; .*exists"):
        secret.create(b"second")

    assert secret.read() == b"first"


def test_a_link_that_leads_nowhere_is_not_filled(secret, tmp_path):
    secret.path.parent.mkdir()
    secret.path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(SecretFileUnusable, match="cannot be created"):
        secret.create(b"sesame")

    assert secret.is_present()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601], ids=oct)
def test_a_secret_that_others_can_reach_is_refused(secret, mode):
    secret.create(b"sesame")
    secret.path.chmod(mode)

    with pytest.raises(SecretFileUnusable, match="others can read or write the test key"):
        secret.read()


def test_a_secret_of_somebody_else_is_refused(secret, monkeypatch):
    secret.create(b"sesame")
    monkeypatch.setattr("os.geteuid", lambda: secret.path.stat().st_uid + 1)

    with pytest.raises(SecretFileUnusable, match="belongs to somebody else"):
        secret.read()


def test_a_pipe_is_refused_and_nobody_waits_for_its_writer(secret):
    secret.path.parent.mkdir()
    os.mkfifo(secret.path, 0o600)

    with pytest.raises(SecretFileUnusable, match="is not a regular file"):
        secret.read()


def test_a_secret_of_the_largest_size_is_read_and_one_byte_more_is_refused(secret):
    secret.create(b"s" * 4096)
    assert len(secret.read()) == 4096

    secret.path.write_bytes(b"s" * 4097)

    with pytest.raises(SecretFileUnusable, match="larger than 4096 bytes"):
        secret.read()


def test_no_message_quotes_the_secret(secret):
    secret.create(b"sesame" * 1000)

    with pytest.raises(SecretFileUnusable) as caught:
        secret.read()

    assert "sesame" not in str(caught.value)


def test_a_secret_that_could_not_be_made_durable_is_not_left_behind(secret, monkeypatch):
    def refuse(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)

    with pytest.raises(SecretFileUnusable, match="No space left on device"):
        secret.create(b"sesame")

    assert list(secret.path.parent.iterdir()) == []


def test_a_secret_is_never_there_in_part(secret, monkeypatch):
    class PowerCut(BaseException):
        pass

    def cut(*_):
        raise PowerCut

    monkeypatch.setattr("os.link", cut)

    with pytest.raises(PowerCut):
        secret.create(b"sesame")

    assert not secret.is_present()
