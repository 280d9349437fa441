# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key is believed where in the log: rotations forward and backward, and revocations."""

import json
import shutil

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import (
    SiteWriter,
    canonical,
    key,
    key_id,
    public_line,
    signature,
    trusted,
)

FIRST, SECOND, THIRD, STRANGER = key(1), key(2), key(3), key(9)
HOSTS = {"dc01": ["PASS"]}


def day(number: int) -> str:
    return f"2026-03-{number:02d}T12:00:00Z"


def codes(site: SiteWriter, *signers, path=None) -> tuple[int, set[str]]:
    verifier = verify.Verifier(trusted(*signers))
    verifier.read_site(path or site.path)
    return verifier.exit_code(), {problem.name for problem in verifier.problems}


@pytest.fixture
def rotated(tmp_path) -> SiteWriter:
    """Return a site whose key was rotated twice: a run, a rotation, a run, a rotation, a run."""
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(2))
    site.run("run-2", HOSTS, at=day(3))
    site.rotate(THIRD, at=day(4))
    site.run("run-3", HOSTS, at=day(5))
    return site


@pytest.mark.parametrize("pinned", [FIRST, SECOND, THIRD], ids=["first", "second", "third"])
def test_a_chain_of_rotations_verifies_from_each_of_its_keys(rotated, pinned):
    assert codes(rotated, pinned) == (0, set())


def test_a_strange_key_trusts_no_link_of_the_chain(rotated):
    assert codes(rotated, STRANGER) == (6, {"unknown_key"})


def test_the_report_names_each_key_that_signed(rotated):
    verifier = verify.Verifier(trusted(THIRD))

    verifier.read_site(rotated.path)

    assert verifier.key_ids == {key_id(FIRST), key_id(SECOND), key_id(THIRD)}


def test_a_new_key_is_not_trusted_before_its_rotation(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.signer = SECOND
    site.run("run-1", HOSTS, at=day(1))
    site.signer = FIRST
    site.rotate(SECOND, at=day(2))

    assert codes(site, FIRST) == (6, {"unknown_key"})


def test_an_old_key_is_not_trusted_after_the_rotation_to_the_pinned_one(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.rotate(SECOND, at=day(1))
    site.signer = FIRST
    site.run("run-1", HOSTS, at=day(2))
    site.signer = SECOND
    site.publish()

    assert codes(site, SECOND) == (6, {"unknown_key"})


def test_who_kept_a_rotated_key_makes_up_no_past_for_the_next_one(tmp_path):
    genuine = SiteWriter(tmp_path / "genuine", signer=FIRST)
    genuine.run("run-1", {"dc01": ["FAIL"]}, at=day(1))
    genuine.rotate(SECOND, at=day(2))
    [rotation] = genuine.path.glob("keys/*.json")
    forged = SiteWriter(tmp_path / "forged", signer=FIRST)
    forged.run("run-1", HOSTS, at=day(1))
    (forged.path / "keys").mkdir()
    shutil.copy(rotation, forged.path / "keys")
    forged.entries.append(genuine.entries[-1])
    forged.publish()

    assert codes(forged, SECOND) == (3, {"bad_signature"})


def test_the_head_of_a_rotation_needs_the_signature_of_the_new_key(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(2), take=False)

    verifier = verify.Verifier(trusted(FIRST))
    verifier.read_site(site.path)

    assert [item.name for item in verifier.problems] == ["bad_signature"] * 2
    assert f"the new key {key_id(SECOND)} did not sign" in str(verifier.problems[0])


def test_a_key_that_was_never_its_owners_alone_leaves_the_head_of_its_rotation_valid(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(2))
    site.revoke(SECOND, at=day(3), compromised_at=day(2))
    site.signer = THIRD
    site.run("run-2", HOSTS, at=day(4))

    assert codes(site, FIRST, THIRD) == (0, set())


def test_a_stranger_cannot_rotate_to_a_pinned_key_without_its_signature(tmp_path):
    site = SiteWriter(tmp_path, signer=STRANGER)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(FIRST, at=day(2), take=False)
    forge_statement(site, successor_signature=signature(b"x", STRANGER))

    assert codes(site, FIRST)[0] == 3


def test_a_stranger_cannot_rotate_from_a_pinned_key(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(STRANGER, at=day(2))
    forge_statement(site, signature=signature(b"x", STRANGER))
    site.run("run-2", HOSTS, at=day(3))

    assert codes(site, FIRST) == (3, {"bad_signature", "unknown_key"})


def forge_statement(site: SiteWriter, **changes: object) -> None:
    """Change the only statement about a key, and let the log hold the changed one."""
    [file] = site.path.glob("keys/*.json")
    statement = json.loads(file.read_bytes()) | changes
    line = canonical(statement)
    file.write_bytes(line + b"\n")
    leaf = json.loads(site.entries.pop())
    shutil.rmtree(site.path / "log")
    site.enter(**leaf | {"sha256": verify.hashlib.sha256(line).hexdigest()})
    site.publish()


def test_a_key_vouches_backward_only_if_it_was_given(tmp_path):
    # The second key became trusted by a rotation; what it says of a stranger's past is nothing.
    site = SiteWriter(tmp_path, signer=STRANGER)
    site.run("run-0", HOSTS, at=day(1))
    site.signer = FIRST
    site.rotate(SECOND, at=day(2))
    site.signer = STRANGER
    site.rotate(SECOND, at=day(3))

    assert codes(site, FIRST) == (6, {"unknown_key"})


BAD_ROTATIONS = [
    pytest.param({"key_id": key_id(THIRD)}, "key_id is not that of the old key", id="key-id"),
    pytest.param({"new_key": public_line(FIRST)}, "key_id is not that of the old", id="same-key"),
    pytest.param({"new_key": public_line(SECOND)[8:]}, "is not written as", id="bare-key"),
    pytest.param({"new_key": "ed25519:AAAA"}, "new_key is not what", id="no-key"),
    pytest.param({"statement_id": "KS-1"}, "entry 7 of the log has no id", id="no-id"),
    pytest.param(
        {"statement_id": f"KS-20260309T120000Z-{key_id(SECOND)}"}, "not made of", id="other-id"
    ),
    pytest.param({"site_id": "clinic-002"}, "is of site clinic-002", id="site"),
    pytest.param({"more": 1}, "not the fields of a key rotation: more", id="field"),
    pytest.param({"issued_at": "2026-02-30T00:00:00Z"}, "issued_at is not", id="no-such-day"),
]


@pytest.mark.parametrize(("changes", "said"), BAD_ROTATIONS)
def test_a_rotation_that_is_none_is_altered(tmp_path, changes, said):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(2), edit=lambda statement: statement.update(changes), take=False)
    verifier = verify.Verifier(trusted(FIRST))

    verifier.read_site(site.path)

    assert verifier.exit_code() == 4
    assert said in str(verifier.problems[0])


@pytest.fixture
def revoked(tmp_path) -> SiteWriter:
    """Return a site whose first key was revoked after a rotation; it was stolen on day 4."""
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(3))
    site.revoke(FIRST, at=day(6), compromised_at=day(4))
    return site


@pytest.mark.parametrize("pinned", [FIRST, SECOND], ids=["revoked", "successor"])
def test_what_was_signed_before_the_compromise_still_verifies(revoked, pinned):
    assert codes(revoked, pinned) == (0, set())


def with_thief(revoked: SiteWriter, at: str, *, before: bool) -> SiteWriter:
    """Sign a run with the stolen key, before or after its revocation in the log."""
    site = SiteWriter(revoked.root / "stolen", signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(3))
    if not before:
        site.revoke(FIRST, at=day(6), compromised_at=day(4))
    site.signer = FIRST
    behind = 0 if at >= site.last_time else int(6 - int(at[8:10])) * 86400
    site.run("run-9", HOSTS, at=at, behind=behind)
    site.signer = SECOND
    if before:
        site.revoke(FIRST, at=day(6), compromised_at=day(4))
    else:
        site.publish()
    return site


STOLEN = [
    pytest.param(day(3), True, 0, set(), id="before-the-compromise-and-the-revocation"),
    pytest.param(day(4), True, 9, {"revoked_key"}, id="at-the-moment-of-the-compromise"),
    pytest.param(day(5), True, 9, {"revoked_key"}, id="between-compromise-and-revocation"),
    pytest.param(day(7), False, 9, {"revoked_key"}, id="after-the-revocation"),
    pytest.param(day(3), False, 9, {"revoked_key"}, id="after-it-with-an-older-date"),
]


@pytest.mark.parametrize(("at", "before", "code", "names"), STOLEN)
def test_the_stolen_key_signs_nothing_from_its_compromise_on(revoked, at, before, code, names):
    site = with_thief(revoked, at, before=before)

    assert codes(site, FIRST) == (code, names)


@pytest.mark.parametrize("before", [True, False])
def test_to_who_pinned_the_successor_the_old_key_is_a_stranger_after_the_rotation(revoked, before):
    site = with_thief(revoked, day(3), before=before)

    assert codes(site, SECOND) == (6, {"unknown_key"})


def test_an_older_date_does_not_help_once_the_log_is_past_the_compromise(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.rotate(SECOND, at=day(1))
    site.run("run-1", HOSTS, at=day(5))
    site.signer = FIRST
    site.run("run-2", HOSTS, at=day(2), behind=3 * 86400)
    site.signer = SECOND
    site.revoke(FIRST, at=day(6), compromised_at=day(4))

    assert codes(site, FIRST) == (9, {"revoked_key"})


def test_a_key_may_revoke_itself_and_sign_the_head_that_says_so(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.revoke(FIRST, at=day(2), compromised_at=day(2))

    assert codes(site, FIRST) == (0, set())


def test_a_key_that_revoked_itself_signs_nothing_more(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.revoke(FIRST, at=day(2), compromised_at=day(2))
    site.run("run-2", HOSTS, at=day(3))

    assert codes(site, FIRST) == (9, {"revoked_key"})


def test_after_a_key_revoked_itself_a_key_that_was_pinned_goes_on(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.revoke(FIRST, at=day(2), compromised_at=day(2))
    site.signer = SECOND
    site.run("run-2", HOSTS, at=day(3))

    assert codes(site, FIRST, SECOND) == (0, set())
    assert codes(site, FIRST)[0] == 6


def test_the_head_of_a_revocation_by_another_key_is_not_for_the_revoked_one_to_sign(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(2))
    site.revoke(FIRST, at=day(4), compromised_at=day(3))
    site.publish(FIRST)

    assert codes(site, FIRST, SECOND) == (9, {"revoked_key"})


def test_a_revoked_key_hands_nothing_on(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.rotate(SECOND, at=day(1))
    site.revoke(FIRST, at=day(2), compromised_at=day(2))
    site.signer = FIRST
    site.rotate(THIRD, at=day(3))
    site.run("run-1", HOSTS, at=day(4))

    code, names = codes(site, FIRST)

    assert (code, names) == (6, {"unknown_key", "revoked_key"})


def test_a_stolen_key_hands_nothing_on_between_compromise_and_revocation(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.rotate(SECOND, at=day(1))
    site.signer = FIRST
    site.rotate(THIRD, at=day(3))
    site.run("run-1", HOSTS, at=day(4))
    site.signer = SECOND
    site.revoke(FIRST, at=day(6), compromised_at=day(2))

    code, names = codes(site, FIRST)

    assert (code, names) == (6, {"unknown_key", "revoked_key"})


def test_a_stranger_revokes_nothing(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.revoke(FIRST, at=day(2), compromised_at=day(1), by=STRANGER)
    site.run("run-2", HOSTS, at=day(3))
    verifier = verify.Verifier(trusted(FIRST))

    verifier.read_site(site.path)

    [problem] = verifier.problems
    assert (problem.name, problem.document_id) == (
        "unknown_key",
        f"KS-20260302T120000Z-{key_id(FIRST)}",
    )


def test_a_compromise_in_the_future_is_altered(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(2))
    site.revoke(FIRST, at=day(3), compromised_at=day(4))

    assert codes(site, FIRST) == (4, {"altered"})


def test_a_revocation_without_its_leaf_is_a_gap(revoked):
    [file] = revoked.path.glob(f"keys/*{key_id(FIRST)}.json")
    file.rename(file.with_name("KS-20260307T120000Z-0123456789abcdef.json"))

    assert codes(revoked, SECOND) == (5, {"gap"})


def test_a_rotation_within_a_run_is_a_gap(tmp_path):
    site = SiteWriter(tmp_path, signer=FIRST)
    site.run("run-1", HOSTS, at=day(1))
    site.rotate(SECOND, at=day(2))
    site.entries.insert(3, site.entries.pop())
    shutil.rmtree(site.path / "log")
    site.publish()

    assert "gap" in codes(site, FIRST)[1]


def test_bundles_from_before_the_log_do_not_outlive_their_key(tmp_path):
    # Nothing shows that they are older than the theft.
    site = SiteWriter(tmp_path, signer=FIRST)
    site.legacy_run("old-1", ["dc01"], at=day(1))
    site.run("run-1", HOSTS, at=day(2))
    site.rotate(SECOND, at=day(3))
    assert codes(site, FIRST) == (0, set())

    site.revoke(FIRST, at=day(6), compromised_at=day(4))

    assert codes(site, FIRST) == (9, {"revoked_key"})
