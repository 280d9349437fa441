# SPDX-License-Identifier: GPL-3.0-or-later
"""A log lies on disk as c2sp.org/tlog-tiles says, and each file of another length is named."""

from hashlib import sha256

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.errors import (
    EntryTooLong,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.tiles import (
    EMPTY,
    entry_files,
    grow,
    parts_made_whole,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import (
    ALTERED,
    GAP,
    UNREADABLE,
    Rejected,
    archive_path,
    archived_sizes,
    entries_path,
    leaf_hash,
    read_entries,
    read_tile,
    tile_path,
    tile_width,
)
from unit.evidence.ledger import naive
from unit.evidence.ledger.places import a_log, files, some_entries

LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]


@pytest.fixture(scope="module")
def large():
    """Return name and content of the hash tiles of the specification's example."""
    edge, tiles = grow(EMPTY, LEAVES)
    return edge, dict(tiles)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 0, 256), "tile/0/000"),
        (tile_path(0, 0, 1), "tile/0/000.p/1"),
        (tile_path(2, 999, 255), "tile/2/999.p/255"),
        (tile_path(0, 1000, 256), "tile/0/x001/000"),
        (tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (tile_path(5, 123_456_078, 2), "tile/5/x123/x456/078.p/2"),
        (entries_path(1_234_067, 256), "tile/entries/x001/x234/067"),
        (entries_path(273, 112), "tile/entries/273.p/112"),
        (archive_path(48), "checkpoints/000/000/000/048"),
        (archive_path(10_000_000), "checkpoints/000/010/000/000"),
    ],
)
def test_a_number_becomes_names_of_three_digits(path, expected):
    assert path == expected


def test_the_example_of_the_specification_has_its_tiles(large):
    # "A tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile
    # of width 112, one full level 1 tile, one partial level 1 tile of width 17, and one partial
    # level 2 tile of width 1."
    _edge, tiles = large
    expected = {tile_path(0, index, 256): 256 for index in range(273)}
    expected |= {"tile/0/273.p/112": 112, "tile/1/000": 256}
    expected |= {"tile/1/001.p/17": 17, "tile/2/000.p/1": 1}

    assert {name: len(tile) // 32 for name, tile in tiles.items()} == expected


def test_256_entries_are_one_whole_tile_and_a_tile_of_width_1_above():
    _edge, tiles = grow(EMPTY, LEAVES[:256])

    assert [(name, len(tile)) for name, tile in tiles] == [
        ("tile/0/000", 8192),
        ("tile/1/000.p/1", 32),
    ]


def test_a_hash_above_is_the_root_over_a_whole_tile_below(large):
    _edge, tiles = large
    numbers = [b"%d" % number for number in range(70_000)]

    assert tiles["tile/0/007"][:32] == leaf_hash(b"1792")
    assert tiles["tile/1/000"][7 * 32 : 8 * 32] == naive.mth(numbers[1792:2048])
    assert tiles["tile/2/000.p/1"] == naive.mth(numbers[:65_536])


def test_the_edge_has_the_root_over_everything(large):
    edge, _tiles = large

    assert edge.head.root == naive.mth([b"%d" % number for number in range(70_000)])


@pytest.mark.parametrize("first", [1, 255, 256, 257, 65_535, 65_536, 69_999])
def test_growing_in_two_steps_leads_to_the_same_edge_and_tiles(large, first):
    between, earlier = grow(EMPTY, LEAVES[:first])
    edge, later = grow(between, LEAVES[first:])

    assert edge == large[0]
    assert {**dict(earlier), **dict(later)}.items() >= large[1].items()


def test_growing_by_nothing_writes_nothing(large):
    edge, _tiles = large

    assert grow(edge, []) == (edge, [])
    assert entry_files(edge.size, [b"last"] * 112, []) == []


def test_entries_follow_each_other_behind_their_lengths():
    ((name, content),) = entry_files(257, [b"old"], [b"", b"new", bytes(256)])

    assert name == "tile/entries/001.p/4"
    assert content == b"\0\3old" + b"\0\0" + b"\0\3new" + b"\1\0" + bytes(256)


def test_the_longest_entry_has_65535_bytes():
    ((_name, content),) = entry_files(0, [], [bytes(65_535)])

    assert content[:2] == b"\xff\xff"


def test_a_longer_entry_is_refused_by_its_number():
    with pytest.raises(EntryTooLong, match=r"entry 101 of the log .* got 65536"):
        entry_files(100, [b"old"] * 100, [b"short", bytes(65_536), b"short"])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(100, 200, [], id="merely-wider"),
        pytest.param(100, 256, ["tile/0/000.p", "tile/entries/000.p"], id="whole"),
        pytest.param(256, 512, [], id="never-had-parts"),
        pytest.param(300, 900, ["tile/0/001.p", "tile/entries/001.p"], id="several"),
        pytest.param(
            65_535,
            65_536,
            ["tile/0/255.p", "tile/entries/255.p", "tile/1/000.p"],
            id="two-levels",
        ),
    ],
)
def test_parts_go_only_when_their_tile_is_whole(old, new, expected):
    assert parts_made_whole(old, new) == expected


@pytest.mark.parametrize(
    ("level", "index", "size", "width"),
    [
        (0, 0, 0, 0),
        (0, 0, 7, 7),
        (0, 273, 70_000, 112),
        (0, 274, 70_000, 0),
        (1, 0, 70_000, 256),
        (1, 1, 70_000, 17),
        (2, 0, 70_000, 1),
        (3, 0, 70_000, 0),
    ],
)
def test_a_tile_has_as_many_hashes_as_the_size_of_the_log_says(level, index, size, width):
    assert tile_width(level, index, size) == width


@pytest.mark.parametrize("name", ["tile/0/000.p/7", "tile/entries/000.p/7"])
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda data: data[:-1], "truncated", id="a-byte-short"),
        pytest.param(lambda data: data[:-32], "truncated", id="a-hash-short"),
        pytest.param(lambda _data: b"", "truncated", id="empty"),
        pytest.param(lambda data: data + b"\0", "too long", id="a-byte-long"),
        pytest.param(lambda data: data + bytes(32), "too long", id="a-hash-long"),
    ],
)
def test_a_file_of_another_length_is_named(tmp_path, name, spoil, says):
    log = a_log(tmp_path / "log", 7).folder
    (log / name).write_bytes(spoil((log / name).read_bytes()))
    read = read_entries if "entries" in name else lambda *place: read_tile(place[0], 0, *place[1:])

    with pytest.raises(Rejected, match=f"{name} is {says}") as caught:
        read(log, 0, 7)
    assert caught.value.code == ALTERED


@pytest.mark.parametrize("length", [0, 1, 32, 8160, 8191, 8193, 8224])
def test_a_whole_tile_has_8192_bytes_and_no_other_number(tmp_path, length):
    log = a_log(tmp_path / "log", 256).folder
    (log / "tile/0/000").write_bytes(bytes(length))

    with pytest.raises(Rejected, match="tile/0/000 is"):
        read_tile(log, 0, 0, 256)


def test_entries_cut_at_any_byte_are_truncated(tmp_path):
    log = a_log(tmp_path / "log", 7).folder
    file = log / "tile/entries/000.p/7"
    content = file.read_bytes()

    for end in range(len(content)):
        file.write_bytes(content[:end])
        with pytest.raises(Rejected, match="truncated"):
            read_entries(log, 0, 7)


def test_a_length_that_reaches_beyond_the_file_is_truncated(tmp_path):
    log = a_log(tmp_path / "log", 7).folder
    (log / "tile/entries/000.p/7").write_bytes(b"\xff\xff" + bytes(65_534))

    with pytest.raises(Rejected, match="truncated"):
        read_entries(log, 0, 7)


def test_the_whole_tile_serves_for_a_part_that_was_removed(tmp_path):
    log = a_log(tmp_path / "log", 100, 300).folder

    assert not (log / "tile/0/000.p").exists()
    assert read_tile(log, 0, 0, 100) == [leaf_hash(entry) for entry in some_entries(0, 100)]
    assert read_entries(log, 0, 100) == some_entries(0, 100)


def test_parts_of_each_signed_size_stay_until_the_tile_is_whole(tmp_path):
    log = a_log(tmp_path / "log", 100, 150, 200).folder

    parts = sorted(name for name in files(log) if name.startswith("tile/0/"))
    assert parts == ["tile/0/000.p/100", "tile/0/000.p/150", "tile/0/000.p/200"]


def test_a_missing_file_is_a_gap(tmp_path):
    log = a_log(tmp_path / "log", 7).folder
    (log / "tile/entries/000.p/7").unlink()

    with pytest.raises(Rejected, match=r"tile/entries/000\.p/7 is missing") as caught:
        read_entries(log, 0, 7)
    assert caught.value.code == GAP


def test_a_directory_in_place_of_a_file_cannot_be_read(tmp_path):
    log = a_log(tmp_path / "log", 7).folder
    (log / "tile/0/000.p/7").unlink()
    (log / "tile/0/000.p/7").mkdir()

    with pytest.raises(Rejected, match="cannot be read") as caught:
        read_tile(log, 0, 0, 7)
    assert caught.value.code == UNREADABLE


def test_kept_checkpoints_are_listed_by_size(tmp_path):
    log = a_log(tmp_path / "log", 3, 999, 1000, 1001).folder

    assert archived_sizes(log) == [3, 999, 1000, 1001]


@pytest.mark.parametrize("name", ["latest", "000/000/000/3", "000/000/001", "000/000/001/000/000"])
def test_a_kept_checkpoint_of_another_name_is_refused(tmp_path, name):
    log = a_log(tmp_path / "log", 3).folder
    stray = log / "checkpoints" / name
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"")

    with pytest.raises(Rejected, match="is not the name of a checkpoint"):
        archived_sizes(log)


def test_the_bytes_on_disk_never_change_with_a_release(tmp_path):
    log = a_log(tmp_path / "log", 100, 300).folder

    digests = {name: sha256(data).hexdigest()[:16] for name, data in files(log).items()}
    assert digests == {
        "checkpoint": "f84f5bcc5cda0eee",
        "checkpoints/000/000/000/100": "b32faaa34ac7d219",
        "checkpoints/000/000/000/300": "f84f5bcc5cda0eee",
        "tile/0/000": "77e5e50755c787c1",
        "tile/0/001.p/44": "0c506493721230df",
        "tile/1/000.p/1": "23f51c70dd029e4d",
        "tile/entries/000": "513aae08c88aae8d",
        "tile/entries/001.p/44": "45e175843815c72a",
    }
