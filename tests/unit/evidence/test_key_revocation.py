# SPDX-License-Identifier: GPL-3.0-or-later
"""A key is revoked in steps that a crash cannot leave half done, and never comes back."""

from datetime import timedelta

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_changes import (
    AlreadyRevoked,
    KeyUnknown,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_ring import (
    SigningKeyRevoked,
    read_key_ring,
    refuse_revoked,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_statements import (  # noqa: E501 - a name has no place to wrap
    Compromise,
    KeyStatementInvalid,
    RevocationReason,
    check_signatures,
    revocation_line,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.statements import (
    StatementUnfinished,
    enter_statement,
    finish_statements,
)
from unit.evidence.crashing import Crash, crash_at
from unit.evidence.keyed_site import (
    MORNING,
    SITE,
    KeyedSite,
    compromised,
    key_files,
    kinds,
    statements,
)

# A step of a crash, but not waited for: what a disk does after it is not what is tested.
pytestmark = pytest.mark.usefixtures("quick_disk")

ENOUGH = 500


@pytest.fixture
def site(tmp_path) -> KeyedSite:
    return KeyedSite(tmp_path)


def test_a_former_key_is_revoked_by_the_one_in_use(site):
    site.run("run-1")
    site.keeper.rotate()
    site.now += timedelta(days=1)

    change = site.keeper.revoke(compromised(site.first))

    assert change.statement.key_id == change.in_use.key_id == site.key().key_id
    assert (change.put_aside, change.was_done) == (None, False)
    check_signatures(change.statement, site.key().trusted)
    assert kinds(site, site.key())[3:] == ["key_rotation", "key_revocation"]
    with pytest.raises(SigningKeyRevoked, match=r"2026-03-31T22:00:00Z; got 'compromised'"):
        refuse_revoked(site.directory, site.first)


def test_the_key_in_use_revokes_itself_and_a_new_one_takes_its_place(site):
    site.run("run-1")

    change = site.keeper.revoke(compromised(site.first))

    assert change.statement.key_id == change.statement.revoked_key_id == site.first.key_id
    assert site.key().key_id == change.in_use.key_id != site.first.key_id
    assert key_files(site) == [
        f"{SITE}.pub",
        "site.key",
        f"site.key.{site.first.key_id}.revoked",
    ]
    assert kinds(site, site.key())[3:] == ["key_revocation"]
    with pytest.raises(SigningKeyRevoked):
        refuse_revoked(site.directory, site.first)
    site.run("run-2")


def test_a_compromised_key_does_not_vouch_for_the_next_one(site):
    site.keeper.revoke(compromised(site.first))

    assert [item.kind for item in statements(site)] == ["key_revocation"]


@pytest.mark.parametrize("own", [True, False], ids=["in-use", "former"])
def test_a_revocation_that_crashed_anywhere_is_finished_by_asking_again(own, tmp_path, monkeypatch):
    for step in range(ENOUGH):
        site = KeyedSite(tmp_path / f"crash-{step}")
        site.run("run-1")
        if not own:
            site.keeper.rotate()
        said = len(statements(site))
        is_whole = True
        try:
            with crash_at(step, monkeypatch):
                site.keeper.revoke(compromised(site.first))
        except Crash:
            is_whole = False
        site.now += timedelta(seconds=5)

        change = site.keeper.revoke(compromised(site.first))

        assert len(statements(site)) == said + 1, f"step {step}"
        assert kinds(site, site.key())[3 + said :] == ["key_revocation"], f"step {step}"
        assert change.in_use.key_id == site.key().key_id != site.first.key_id, f"step {step}"
        assert not (site.directory.path / ".entering").exists(), f"step {step}"
        site.run("run-2")
        if is_whole:
            break
    assert 15 < step < ENOUGH


def test_a_revocation_that_a_crash_kept_out_of_the_log_is_entered_by_the_next_run(
    site, monkeypatch
):
    site.run("run-1")
    site.keeper.rotate()
    steps = 0
    while not (site.directory.path / ".entering").exists() or len(statements(site)) == 1:
        (site.directory.path / ".entering").unlink(missing_ok=True)
        with crash_at(steps, monkeypatch), pytest.raises(Crash):
            site.keeper.revoke(compromised(site.first))
        steps += 1
    assert kinds(site, site.key())[3:] == ["key_rotation"]

    finished = finish_statements(site.directory, site.key())

    assert (
        finished
        == next(item for item in statements(site) if item.kind == "key_revocation").statement_id
    )
    assert kinds(site, site.key())[3:] == ["key_rotation", "key_revocation"]
    assert finish_statements(site.directory, site.key()) is None


def test_a_key_of_another_site_cannot_be_revoked_here(site):
    with pytest.raises(KeyUnknown, match=site.first.key_id):
        site.keeper.revoke(Compromise("0123456789abcdef", MORNING, RevocationReason.LOST))

    assert statements(site) == []


def test_a_compromise_that_is_still_to_come_is_refused(site):
    with pytest.raises(KeyStatementInvalid, match="after issued_at"):
        site.keeper.revoke(compromised(site.first, since=MORNING + timedelta(seconds=1)))

    assert (statements(site), site.key().key_id) == ([], site.first.key_id)


def test_a_revocation_asked_for_again_is_the_same_one(site):
    first = site.keeper.revoke(compromised(site.first))
    site.now += timedelta(days=1)

    again = site.keeper.revoke(compromised(site.first))

    assert (again.was_done, again.statement) == (True, first.statement)
    assert again.in_use.key_id == first.in_use.key_id


def test_a_revocation_can_only_be_followed_by_one_that_says_more(site):
    site.keeper.revoke(compromised(site.first))
    later, earlier = MORNING - timedelta(hours=1), MORNING - timedelta(days=3)
    site.now += timedelta(minutes=1)

    with pytest.raises(AlreadyRevoked, match="2026-03-31T22:00:00Z"):
        site.keeper.revoke(compromised(site.first, since=later))
    site.keeper.revoke(compromised(site.first, since=earlier))

    revocation = read_key_ring(site.directory).revocation(site.first.key_id)
    assert revocation.compromised_at == earlier


def test_a_revoked_key_that_is_put_back_can_neither_rotate_nor_revoke(site):
    change = site.keeper.revoke(compromised(site.first))
    site.key_file.unlink()
    change.put_aside.rename(site.key_file)

    with pytest.raises(SigningKeyRevoked):
        site.keeper.rotate()
    with pytest.raises(SigningKeyRevoked):
        site.keeper.revoke(compromised(change.in_use, since=MORNING))


def test_a_statement_that_no_key_of_ours_signed_is_never_entered(site, tmp_path):
    stranger = KeyedSite(tmp_path / "stranger").first
    line = revocation_line(SITE, compromised(site.first), stranger, MORNING)

    with pytest.raises(StatementUnfinished, match=stranger.key_id):
        enter_statement(site.directory, line, site.key())

    assert statements(site) == []


def test_a_statement_of_another_site_is_never_entered(site):
    line = revocation_line(
        "clinic-002",
        Compromise("0123456789abcdef", MORNING, RevocationReason.LOST),
        site.key(),
        MORNING,
    )

    with pytest.raises(StatementUnfinished, match="clinic-002"):
        enter_statement(site.directory, line, site.key())
