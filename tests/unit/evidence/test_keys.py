# SPDX-License-Identifier: GPL-3.0-or-later
"""A site has one key: made once, kept private, never replaced because it is hard to read."""

import os

import pytest
from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    SigningKeyExists,
    SigningKeyMissing,
    SigningKeyUnusable,
    create_first_key,
    load_key,
    open_or_create_key,
    public_line,
    write_public_half,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)

# RFC 8032 section 7.1, test 1: the seed, and the public key that belongs to it.
SEED_LINE = b"ed25519-seed:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n"
PUBLIC_LINE = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= 21fe31dfa154a261"

UNUSABLE = [
    pytest.param(b"", id="empty"),
    pytest.param(SEED_LINE[:-4], id="cut-off"),
    pytest.param(b"ed25519-seed:" + b"A" * 88, id="too-long"),
    pytest.param(SEED_LINE * 2, id="two-lines"),
    pytest.param(bytes(32), id="raw-bytes"),
    pytest.param(PUBLIC_LINE.encode(), id="public-half"),
]


def write_key(path, content=SEED_LINE, mode=0o600):
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_first_run_of_a_site_makes_a_key_that_only_its_owner_reads(clinic):
    key = open_or_create_key(clinic.key_file, clinic.directory)

    assert key.is_new
    assert clinic.key_file.stat().st_mode & 0o7777 == 0o600
    assert len(clinic.key_file.read_bytes()) == 58


def test_the_next_run_uses_the_same_key(clinic):
    first = open_or_create_key(clinic.key_file, clinic.directory)

    second = open_or_create_key(clinic.key_file, clinic.directory)

    assert (second.is_new, second.public_line) == (False, first.public_line)


def test_a_key_file_holds_the_seed_of_the_rfc(tmp_path):
    key = load_key(write_key(tmp_path / "a.key"))

    assert key.public_line == PUBLIC_LINE


def test_the_verifier_reads_the_public_line():
    key = SigningKey(bytes(range(32)))

    trusted = verify.parse_keys(public_line(key.verify_key))

    assert trusted == {"56475aa75463474c": bytes(key.verify_key)}


def test_a_key_is_not_shown_by_its_repr(tmp_path):
    assert repr(load_key(write_key(tmp_path / "a.key"))) == f"SiteKey({PUBLIC_LINE})"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644], ids=oct)
def test_a_key_that_others_can_reach_is_refused(tmp_path, mode):
    with pytest.raises(SigningKeyUnusable, match="others can read or write the signing key"):
        load_key(write_key(tmp_path / "a.key", mode=mode))


@pytest.mark.parametrize("content", UNUSABLE)
def test_a_damaged_key_stops_the_run_and_stays_as_it_is(clinic, content):
    write_key(clinic.key_file, content)

    with pytest.raises(SigningKeyUnusable, match="is no signing key"):
        open_or_create_key(clinic.key_file, clinic.directory)

    assert clinic.key_file.read_bytes() == content


def test_a_damaged_key_is_not_quoted(tmp_path):
    with pytest.raises(SigningKeyUnusable) as caught:
        load_key(write_key(tmp_path / "a.key", SEED_LINE[:-4]))

    assert "nWGxne" not in str(caught.value)


def test_a_key_path_that_leads_nowhere_is_not_filled(clinic):
    clinic.key_file.symlink_to(clinic.root / "mount" / "secret")

    with pytest.raises(SigningKeyUnusable, match="cannot be read"):
        open_or_create_key(clinic.key_file, clinic.directory)


def test_a_directory_is_no_key(tmp_path):
    with pytest.raises(SigningKeyUnusable):
        load_key(tmp_path)


def test_a_lost_key_is_not_replaced_when_there_is_evidence(clinic):
    clinic.run(dc01="PASS")
    clinic.key_file.unlink()

    with pytest.raises(SigningKeyMissing, match="its signing key is gone"):
        open_or_create_key(clinic.key_file, clinic.directory)

    assert not clinic.key_file.exists()


def test_a_lost_key_is_not_replaced_when_it_was_published(clinic):
    clinic.key()
    clinic.key_file.unlink()

    with pytest.raises(SigningKeyMissing):
        open_or_create_key(clinic.key_file, clinic.directory)


def test_a_key_that_somebody_else_owns_is_refused(tmp_path, monkeypatch):
    file = write_key(tmp_path / "a.key")
    monkeypatch.setattr("os.geteuid", lambda: file.stat().st_uid + 1)

    with pytest.raises(SigningKeyUnusable, match="belongs to somebody else"):
        load_key(file)


def a_site(tmp_path):
    return SiteDirectory(tmp_path / "evidence", "clinic-001")


def test_a_first_key_is_made_on_request(tmp_path):
    key = create_first_key(tmp_path / "site.key", a_site(tmp_path))

    assert (key.is_new, load_key(tmp_path / "site.key").key_id) == (True, key.key_id)


def test_a_first_key_is_not_made_twice(tmp_path):
    write_key(tmp_path / "site.key")

    with pytest.raises(SigningKeyExists, match="has a signing key already"):
        create_first_key(tmp_path / "site.key", a_site(tmp_path))

    assert (tmp_path / "site.key").read_bytes() == SEED_LINE


@pytest.mark.parametrize("make", [create_first_key, open_or_create_key])
def test_a_key_that_would_travel_with_the_evidence_is_not_made(tmp_path, make):
    site = a_site(tmp_path)

    with pytest.raises(SigningKeyUnusable, match="would travel with the evidence"):
        make(site.path / "site.key", site)

    assert not (site.path / "site.key").exists()


@pytest.mark.parametrize("make", [create_first_key, open_or_create_key])
def test_a_public_half_without_its_key_means_a_lost_key(tmp_path, make):
    (tmp_path / "clinic-001.pub").write_text(PUBLIC_LINE + "\n")

    with pytest.raises(SigningKeyMissing, match="its public half is there, but it is gone"):
        make(tmp_path / "site.key", a_site(tmp_path))

    assert (tmp_path / "clinic-001.pub").read_text() == PUBLIC_LINE + "\n"


def test_the_public_half_lies_beside_the_private_one_for_everybody_to_read(tmp_path):
    key = load_key(write_key(tmp_path / "any-name"))

    file = write_public_half(key, tmp_path / "any-name", "clinic-001")

    assert file == tmp_path / "clinic-001.pub"
    assert file.read_text() == PUBLIC_LINE + "\n"
    assert file.stat().st_mode & 0o7777 == 0o644 & ~umask()


def test_a_public_half_that_is_there_already_is_not_touched(tmp_path):
    key = load_key(write_key(tmp_path / "site.key"))
    file = write_public_half(key, tmp_path / "site.key", "clinic-001")
    before = file.stat().st_ino

    assert write_public_half(key, tmp_path / "site.key", "clinic-001").stat().st_ino == before


def test_a_public_half_takes_the_place_of_the_one_it_vouches_for_and_of_no_other(tmp_path):
    former = [public_line(SigningKey(bytes([number] * 32)).verify_key) for number in (1, 2)]
    (tmp_path / "clinic-001.pub").write_text("\n".join(former))
    key = load_key(write_key(tmp_path / "site.key"))

    write_public_half(key, tmp_path / "site.key", "clinic-001", instead_of=former[0][-16:])

    assert (tmp_path / "clinic-001.pub").read_text() == f"{PUBLIC_LINE}\n{former[1]}\n"


def test_a_public_half_that_cannot_be_read_is_not_written_over(tmp_path):
    (tmp_path / "clinic-001.pub").write_text("nonsense\n")
    key = load_key(write_key(tmp_path / "site.key"))

    with pytest.raises(SigningKeyUnusable, match="cannot be read"):
        write_public_half(key, tmp_path / "site.key", "clinic-001")

    assert (tmp_path / "clinic-001.pub").read_text() == "nonsense\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_that_was_given_away_is_refused(tmp_path):
    file = write_key(tmp_path / "a.key")
    os.chown(file, 65534, 65534)

    with pytest.raises(SigningKeyUnusable, match="belongs to somebody else; got 65534"):
        load_key(file)


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
