# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of a site grows, proves what it has, and is refused when it is not what was signed."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.errors import (
    EntryTooLong,
    LogDamaged,
    LogMoved,
    NotInLog,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.log import (
    SiteLog,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.notes import (
    signed_checkpoint,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import (
    EMPTY_ROOT,
    Head,
    Rejected,
    check_consistency,
    check_inclusion,
    check_proof,
    leaf_hash,
    walk_log,
)
from unit.evidence.ledger import naive
from unit.evidence.ledger.disks import ForgetfulDisk
from unit.evidence.ledger.places import (
    BOTH,
    FIRST,
    FOREIGN_KEY,
    KEY,
    NEW_KEY,
    ORIGIN,
    SECOND,
    TRUSTED,
    a_log,
    files,
    flips,
    is_whole,
    some_entries,
)

CHUNKS = st.lists(st.integers(0, 300), min_size=1, max_size=4)
FRESH_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(scope="module")
def seven(tmp_path_factory):
    """Return a log of seven entries that nobody may change."""
    return a_log(tmp_path_factory.mktemp("seven") / "log", 3, 7)


@pytest.fixture(scope="module")
def six_hundred(tmp_path_factory):
    return a_log(tmp_path_factory.mktemp("many") / "log", 48, 300, 600)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return a_log(tmp_path_factory.mktemp("large") / "log", 600)


def reopened(log: SiteLog, keys=TRUSTED) -> SiteLog:
    again = SiteLog(log.folder, ORIGIN, ForgetfulDisk())
    again.head(keys)
    return again


def test_a_checkpoint_that_is_a_pipe_is_damage_and_never_waited_for(tmp_path):
    log = a_log(tmp_path / "log", 3)
    (log.folder / "checkpoint").unlink()
    os.mkfifo(log.folder / "checkpoint")

    with pytest.raises(LogDamaged, match="no regular file"):
        reopened(log)


def test_a_log_without_entries_has_no_head(tmp_path):
    log = SiteLog(tmp_path / "log", ORIGIN)

    assert log.head(TRUSTED) is None
    assert not (tmp_path / "log").exists()


def test_the_head_is_what_was_committed_and_who_signed_it(tmp_path):
    log = a_log(tmp_path / "log", 3, 7)

    checkpoint = SiteLog(log.folder, ORIGIN).head(TRUSTED)

    assert checkpoint.head == Head(7, naive.mth(some_entries(0, 7)))
    assert checkpoint.origin == "hipaa.compliance_agent/clinic-001"
    assert checkpoint.signers == (FIRST,)


def test_a_plan_says_from_where_to_where_and_touches_nothing(tmp_path):
    log = a_log(tmp_path / "log", 3)
    before = files(log.folder)

    growth = log.plan(some_entries(3, 7))

    assert growth.before == Head(3, naive.mth(some_entries(0, 3)))
    assert growth.after == Head(7, naive.mth(some_entries(0, 7)))
    assert [name for name, _content in growth.files] == ["tile/entries/000.p/7", "tile/0/000.p/7"]
    assert files(log.folder) == before


def test_a_first_plan_starts_from_nothing(tmp_path):
    log = SiteLog(tmp_path / "log", ORIGIN)
    log.head(TRUSTED)

    assert log.plan([]).after == log.plan([]).before == Head(0, EMPTY_ROOT)
    assert not (tmp_path / "log").exists()


def test_a_commit_writes_these_files(tmp_path):
    log = a_log(tmp_path / "log", 3, 300)

    assert list(files(log.folder)) == [
        "checkpoint",
        "checkpoints/000/000/000/003",
        "checkpoints/000/000/000/300",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]


def test_each_signed_checkpoint_is_kept(tmp_path):
    first = a_log(tmp_path / "first", 3)
    log = a_log(tmp_path / "log", 3, 7)

    kept = log.folder / "checkpoints/000/000/000"
    assert (kept / "003").read_bytes() == (first.folder / "checkpoint").read_bytes()
    assert (kept / "007").read_bytes() == (log.folder / "checkpoint").read_bytes()


def test_files_are_readable_by_the_group_and_not_by_others(seven):
    modes = {path.stat().st_mode & 0o007 for path in seven.folder.rglob("*")}

    assert modes == {0}


@FRESH_FOLDER
@given(CHUNKS)
def test_however_it_grew_a_log_has_the_same_root_entries_and_tiles(tmp_path_factory, chunks):
    sizes = [sum(chunks[: at + 1]) for at in range(len(chunks))]
    log = a_log(tmp_path_factory.mktemp("chunks") / "log", *sizes)
    once = a_log(tmp_path_factory.mktemp("once") / "log", sizes[-1])

    checkpoint = SiteLog(log.folder, ORIGIN).head(TRUSTED)

    if sizes[-1] == 0:
        assert checkpoint is None
        return
    assert checkpoint.head.root == naive.mth(some_entries(0, sizes[-1]))
    assert list(walk_log(log.folder, checkpoint.head)) == some_entries(0, sizes[-1])
    assert files(log.folder).items() >= files(once.folder).items()


@given(st.data())
@settings(deadline=None)
def test_each_entry_at_each_size_is_proven(six_hundred, data):
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    entries = some_entries(0, size)

    proof = six_hundred.prove_inclusion(index, size)

    assert proof == naive.path(index, entries)
    check_inclusion(leaf_hash(entries[index]), index, proof, Head(size, naive.mth(entries)))


@given(st.integers(0, 600), st.integers(0, 600))
@settings(deadline=None)
def test_each_size_is_proven_to_begin_each_larger_one(six_hundred, one, other):
    old, new = sorted((one, other))

    proof = six_hundred.prove_consistency(old, new)

    older, newer = (Head(size, naive.mth(some_entries(0, size))) for size in (old, new))
    check_consistency(older, newer, proof)


@pytest.mark.parametrize("index", [0, 47, 255, 256, 511, 512, 599])
def test_a_tlog_proof_verifies_against_the_checkpoint_that_is_in_it(six_hundred, index):
    proof = six_hundred.tlog_proof(index, extra=b"anything")

    checkpoint = check_proof(proof, some_entries(index, index + 1)[0], ORIGIN, TRUSTED)

    assert checkpoint.head.size == 600


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (0, 600), (0, 1), (255, 257), (256, 512), (599, 600), (600, 600)]
)
def test_entries_come_back_as_they_were(six_hundred, start, stop):
    assert list(six_hundred.entries(start, stop)) == some_entries(start, stop)


def test_one_entry_comes_back_as_it_was(six_hundred):
    assert six_hundred.entry(256) == some_entries(256, 257)[0]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda log: log.entry(7), id="entry-beyond"),
        pytest.param(lambda log: log.entry(-1), id="entry-before"),
        pytest.param(lambda log: log.entries(5, 8), id="entries-beyond"),
        pytest.param(lambda log: log.entries(5, 4), id="entries-backwards"),
        pytest.param(lambda log: log.prove_inclusion(7, 7), id="inclusion-of-the-next"),
        pytest.param(lambda log: log.prove_inclusion(0, 8), id="inclusion-in-a-larger"),
        pytest.param(lambda log: log.prove_consistency(3, 8), id="consistency-with-a-larger"),
        pytest.param(lambda log: log.prove_consistency(4, 3), id="consistency-backwards"),
        pytest.param(lambda log: log.tlog_proof(7), id="proof-of-the-next"),
    ],
)
def test_what_the_log_never_had_is_refused_by_number(seven, ask):
    with pytest.raises(NotInLog, match="has 7 entries"):
        ask(seven)


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda log: log.plan([b"entry"]), id="plan"),
        pytest.param(lambda log: log.entry(0), id="entry"),
        pytest.param(lambda log: log.prove_inclusion(0, 1), id="prove"),
        pytest.param(lambda log: log.tlog_proof(0), id="proof"),
    ],
)
def test_nothing_works_on_a_head_that_was_not_verified(seven, use):
    with pytest.raises(LogMoved, match="was not read"):
        use(SiteLog(seven.folder, ORIGIN))

    refused = SiteLog(seven.folder, ORIGIN)
    with pytest.raises(LogDamaged):
        refused.head({"foreign": bytes(FOREIGN_KEY.verify_key)})
    with pytest.raises(LogMoved, match="was not read"):
        use(refused)


def test_growing_by_nothing_signs_nothing(tmp_path):
    log = a_log(tmp_path / "log", 3)
    before = files(log.folder)

    checkpoint = log.commit(log.plan([]), [NEW_KEY])

    assert checkpoint.signers == SiteLog(log.folder, ORIGIN).head(TRUSTED).signers == (FIRST,)
    assert files(log.folder) == before


def test_a_plan_is_good_for_one_commit(tmp_path):
    log = a_log(tmp_path / "log", 3)
    growth = log.plan([b"entry"])
    log.commit(growth, [KEY])

    with pytest.raises(LogMoved):
        log.commit(growth, [KEY])
    assert reopened(log).plan([]).before.size == 4


def test_a_commit_on_top_of_somebody_elses_is_refused(tmp_path):
    log = a_log(tmp_path / "log", 3)
    other = reopened(log)
    growth = log.plan([b"mine"])
    other.commit(other.plan([b"theirs"]), [KEY])

    with pytest.raises(LogMoved, match="somebody else"):
        log.commit(growth, [KEY])
    assert reopened(log).entry(3) == b"theirs"


def test_a_copy_that_appears_between_plan_and_commit_is_damage(tmp_path):
    log = a_log(tmp_path / "log", 3)
    growth = log.plan([b"entry"])
    copy(log.folder, "checkpoint", "checkpoints/latest")

    with pytest.raises(LogDamaged):
        log.commit(growth, [KEY])
    gone(log.folder, "checkpoints/latest")
    assert reopened(log).plan([]).before.size == 3


def test_an_entry_that_is_too_long_is_refused_when_it_is_planned(seven):
    with pytest.raises(EntryTooLong, match="entry 8 of the log"):
        seven.plan([b"short", bytes(65_536)])


def test_after_a_rotation_both_keys_sign_and_then_the_new_one_alone(tmp_path):
    log = a_log(tmp_path / "log", 3)

    both = log.commit(log.plan([b"the key is a new one"]), [KEY, NEW_KEY])
    alone = log.commit(log.plan([b"signed by it"]), [NEW_KEY])

    assert (both.signers, alone.signers) == ((FIRST, SECOND), (SECOND,))
    assert SiteLog(log.folder, ORIGIN).head(BOTH).signers == (SECOND,)
    with pytest.raises(LogDamaged, match="not trusted"):
        SiteLog(log.folder, ORIGIN).head(TRUSTED)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda log: put(log, "checkpoint", b""), "a note ends", id="empty"),
        pytest.param(lambda log: cut(log, "checkpoint"), "a note ends", id="cut-checkpoint"),
        pytest.param(lambda log: cut(log, "tile/0/000.p/7"), "truncated", id="cut-tile"),
        pytest.param(lambda log: gone(log, "tile/0/000.p/7"), "is missing", id="no-tile"),
        pytest.param(lambda log: gone(log, "checkpoint"), "is missing", id="no-checkpoint"),
        pytest.param(
            lambda log: put(log, "tile/0/000.p/7", bytes(224)), "do not have the root", id="tile"
        ),
        pytest.param(
            lambda log: sign(log, Head(7, bytes(32)), KEY), "do not have the root", id="root"
        ),
        pytest.param(lambda log: sign(log, Head(9, bytes(32)), KEY), "is missing", id="size"),
        pytest.param(lambda log: sign(log, None, FOREIGN_KEY), "not trusted", id="foreign-key"),
        pytest.param(
            lambda log: copy(log, "checkpoints/000/000/000/003", "checkpoint"),
            "checkpoint is of 3, and one of 7 is kept",
            id="set-back",
        ),
        pytest.param(
            lambda log: copy(log, "checkpoint", "checkpoints/latest"), "Not a dir", id="stray-copy"
        ),
        pytest.param(
            lambda log: copy(log, "checkpoint", "checkpoints/000/000/000/new"),
            "not named for a size",
            id="stray-name",
        ),
    ],
)
def test_a_log_that_is_not_what_was_signed_is_damaged(tmp_path, spoil, says):
    log = a_log(tmp_path / "log", 3, 7)
    spoil(log.folder)

    with pytest.raises(LogDamaged, match=says):
        SiteLog(log.folder, ORIGIN).head(TRUSTED)


def put(log, name, content):
    (log / name).write_bytes(content)


def cut(log, name):
    put(log, name, (log / name).read_bytes()[:-1])


def copy(log, source, target):
    put(log, target, (log / source).read_bytes())


def gone(log, name):
    (log / name).unlink()


def sign(log, head, key):
    put(log, "checkpoint", signed_checkpoint(ORIGIN, head or Head(7, bytes(32)), [key]))


def test_the_log_of_another_site_is_refused(tmp_path):
    log = a_log(tmp_path / "log", 7)

    with pytest.raises(LogDamaged, match="not trusted"):
        SiteLog(log.folder, "hipaa.compliance_agent/clinic-002").head(TRUSTED)


def test_entries_that_were_changed_are_not_carried_into_the_next_file(tmp_path):
    log = a_log(tmp_path / "log", 7)
    name = "tile/entries/000.p/7"
    put(log.folder, name, (log.folder / name).read_bytes().replace(b"44", b"45"))

    with pytest.raises(LogDamaged, match="other entries than were signed"):
        log.plan([b"entry"])


def test_a_proof_that_would_not_verify_is_not_given_away(tmp_path):
    log = a_log(tmp_path / "log", 300)
    put(log.folder, "tile/0/000", bytes(8192))

    with pytest.raises(LogDamaged, match="leads to another root"):
        log.tlog_proof(5)


def test_a_commit_that_was_written_wrongly_is_not_signed(tmp_path):
    class LyingDisk(ForgetfulDisk):
        def write(self, path, data):
            return super().write(path, data[:-1])

    a_log(tmp_path / "log", 7)
    log = SiteLog(tmp_path / "log", ORIGIN, LyingDisk())
    log.head(TRUSTED)

    with pytest.raises(LogDamaged, match="truncated"):
        log.commit(log.plan(some_entries(7, 9)), [KEY])
    assert SiteLog(tmp_path / "log", ORIGIN).head(TRUSTED).head.size == 7


def test_no_bit_of_a_tile_or_an_entry_can_turn_unnoticed(tmp_path):
    log = a_log(tmp_path / "log", 4)

    unnoticed = []
    for name in ("tile/0/000.p/4", "tile/entries/000.p/4"):
        content = (log.folder / name).read_bytes()
        for spoilt in flips(content):
            put(log.folder, name, spoilt)
            if is_whole(log):
                unnoticed.append((name, spoilt))
        put(log.folder, name, content)

    assert unnoticed == []
    assert is_whole(log)


@given(data=st.data())
@settings(deadline=None)
def test_a_turned_bit_of_a_large_log_is_noticed(large, data):
    name = data.draw(st.sampled_from([name for name in files(large.folder) if is_needed(name)]))
    content = (large.folder / name).read_bytes()
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    spoilt = bytearray(content)
    spoilt[bit // 8] ^= 1 << bit % 8

    try:
        put(large.folder, name, bytes(spoilt))
        assert not is_whole(large)
    finally:
        put(large.folder, name, content)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_the_walk_names_the_tile_that_does_not_fit(tmp_path, name):
    log = a_log(tmp_path / "log", 600)
    content = (log.folder / name).read_bytes()
    put(log.folder, name, bytes(32) + content[32:])

    with pytest.raises(Rejected, match=f"{name} does not fit what lies below it"):
        list(walk_log(log.folder, Head(600, naive.mth(some_entries(0, 600)))))


def test_the_walk_of_a_log_with_another_root_ends_in_a_refusal(six_hundred):
    walk = walk_log(six_hundred.folder, Head(600, EMPTY_ROOT))

    with pytest.raises(Rejected, match="the 600 entries of the log have another root"):
        list(walk)


def test_the_walk_can_end_at_each_size_that_was_signed(six_hundred):
    for size in (48, 300, 600):
        entries = some_entries(0, size)
        assert list(walk_log(six_hundred.folder, Head(size, naive.mth(entries)))) == entries


def test_an_entry_that_is_gone_or_was_put_in_is_noticed(tmp_path):
    name = "tile/entries/001.p/44"
    log = a_log(tmp_path / "log", 300)
    entries = (log.folder / name).read_bytes()

    for spoilt in (entries[2:], entries + b"\0\0", entries[2:] + b"\0\0"):
        put(log.folder, name, spoilt)
        assert not is_whole(log)


def is_needed(name: str) -> bool:
    """Return whether the current checkpoint stands on it; kept copies stand for themselves."""
    return not name.startswith("checkpoints/")
