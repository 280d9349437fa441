# SPDX-License-Identifier: GPL-3.0-or-later
"""A site has one pseudonym key: made once, kept private, and never written over."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.pseudonyms import (
    PseudonymKeyUnusable,
    load_or_create_pseudonym_key,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.tokens import (
    Kind,
    Pseudonymizer,
)

LINE = b"pseudonym-key:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"


def test_the_first_run_makes_a_key_that_only_its_owner_reads(tmp_path):
    file = tmp_path / "keys" / "clinic-001.pseudonyms"

    key = load_or_create_pseudonym_key(file)

    assert len(key) == 32
    assert file.stat().st_mode & 0o7777 == 0o600


def test_the_next_run_uses_the_same_key(tmp_path):
    file = tmp_path / "a.key"

    assert load_or_create_pseudonym_key(file) == load_or_create_pseudonym_key(file)


def test_a_key_file_holds_its_bytes_in_base64(tmp_path):
    file = tmp_path / "a.key"
    file.write_bytes(LINE)
    file.chmod(0o600)

    assert load_or_create_pseudonym_key(file) == bytes(range(32))


@pytest.mark.parametrize("content", [b"", LINE[:-4], LINE * 2, bytes(32), b"ed25519-seed:" + LINE])
def test_a_damaged_key_stops_the_run_and_stays_as_it_is(tmp_path, content):
    file = tmp_path / "a.key"
    file.write_bytes(content)
    file.chmod(0o600)

    with pytest.raises(PseudonymKeyUnusable, match="is no pseudonym key") as caught:
        load_or_create_pseudonym_key(file)

    assert file.read_bytes() == content
    assert "AAECAw" not in str(caught.value)


def test_a_key_that_others_can_read_is_refused(tmp_path):
    file = tmp_path / "a.key"
    file.write_bytes(LINE)
    file.chmod(0o644)

    with pytest.raises(PseudonymKeyUnusable, match="others can read or write the pseudonym key"):
        load_or_create_pseudonym_key(file)


def test_a_token_is_the_hmac_of_kind_and_value():
    # printf 'NAME\0maria gonzalez' | openssl dgst -sha256 -mac hmac -macopt hexkey:0001...1f
    token = Pseudonymizer(bytes(range(32))).token(Kind.NAME, "Maria  GONZALEZ")

    assert token == "<NAME:2e432e25>"


def test_a_phone_is_the_same_however_it_is_written():
    pseudonyms = Pseudonymizer(bytes(32))

    one = pseudonyms.token(Kind.PHONE, "(570) 555-1234")

    assert one == pseudonyms.token(Kind.PHONE, "570.555.1234")


def test_the_key_is_not_shown_by_a_repr():
    assert repr(Pseudonymizer(bytes(range(32)))) == "Pseudonymizer()"
