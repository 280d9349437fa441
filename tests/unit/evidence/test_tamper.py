# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is done to the files of a site is found, and named for what it is.

The site has three runs of different shape: all checks of three hosts, two checks of two of four
hosts, and a run that was killed. It comes from a writer that shares no code with the product.
"""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import (
    CHECKS,
    DAY,
    SiteWriter,
    checkpoint,
    key,
    key_id,
    public_line,
    signed,
    three_runs,
    trusted,
)

OURS, FOREIGN = key(1), key(9)


@pytest.fixture(scope="module")
def genuine(tmp_path_factory) -> SiteWriter:
    return three_runs(tmp_path_factory.mktemp("genuine"))


@pytest.fixture
def site(genuine, tmp_path) -> SiteWriter:
    """Return a copy of the site that a test may harm."""
    shutil.copytree(genuine.path, tmp_path / genuine.site_id)
    copied = SiteWriter(tmp_path)
    copied.entries, copied.heads = list(genuine.entries), list(genuine.heads)
    copied.numbers, copied.last_time = genuine.numbers.copy(), genuine.last_time
    return copied


@dataclass(frozen=True)
class Found:
    """The exit code, and what the problems say."""

    code: int
    names: set[str]
    text: str


def found(path: Path, *, head: Path | None = None, signer=OURS) -> Found:
    verifier = verify.Verifier(trusted(signer))
    verifier.read_site(path, head)
    lines = "\n".join(map(str, verifier.problems))
    return Found(verifier.exit_code(), {item.name for item in verifier.problems}, lines)


def lines_of(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def put(file: Path, lines: list[bytes]) -> None:
    file.write_bytes(b"".join(lines))


def drop(run_id: str, *places: int) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        file = site.bundle_file(run_id)
        lines = lines_of(file)
        gone = {place % len(lines) for place in places}
        put(file, [line for place, line in enumerate(lines) if place not in gone])

    return act


def drop_host(run_id: str, host: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        file = site.bundle_file(run_id)
        put(file, [line for line in lines_of(file) if json.loads(line)["host_id"] != host])

    return act


def edit_lines(run_id: str, change: Callable[[list[bytes]], list[bytes]]):
    def act(site: SiteWriter) -> None:
        file = site.bundle_file(run_id)
        put(file, change(lines_of(file)))

    return act


def resigned(line: bytes, signer=OURS, **changes: object) -> bytes:
    """Return the line with other content, signed again."""
    bundle = json.loads(line) | changes
    del bundle["signature"]
    return signed(bundle, signer) + b"\n"


def forge_line(**changes: object):
    """Change a bundle and keep its signature."""

    def act(site: SiteWriter) -> None:
        file = site.bundle_file("run-1")
        lines = lines_of(file)
        text = json.dumps(json.loads(lines[1]) | changes, sort_keys=True, separators=(",", ":"))
        put(file, [lines[0], text.encode() + b"\n", *lines[2:]])

    return act


def swap_content(site: SiteWriter) -> None:
    file = site.bundle_file("run-1")
    first, second, *rest = lines_of(file)
    one, two = json.loads(first), json.loads(second)
    one["pre_state"], two["pre_state"] = two["pre_state"], one["pre_state"]
    texts = [
        json.dumps(item, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        for item in (one, two)
    ]
    put(file, [*texts, *rest])


def remove(*patterns: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        for pattern in patterns:
            for path in sorted(site.path.glob(pattern)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    return act


def swap_files(one: str, two: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        [first], [second] = site.path.glob(one), site.path.glob(two)
        a, b = first.read_bytes(), second.read_bytes()
        first.write_bytes(b)
        second.write_bytes(a)

    return act


def put_back(index: int) -> Callable[[SiteWriter], None]:
    """Put an older checkpoint back, and forget the newer ones."""

    def act(site: SiteWriter) -> None:
        (site.path / "log" / "checkpoint").write_bytes(site.heads[index])

    return act


def cut_log(runs: int, *, keep_files: bool) -> Callable[[SiteWriter], None]:
    """Make the log a valid older one, signed by the site's key."""

    def act(site: SiteWriter) -> None:
        older = int(site.heads[runs - 1].split(b"\n")[1])
        site.entries = site.entries[:older]
        shutil.rmtree(site.path / "log")
        site.publish()
        if not keep_files:
            for run in range(runs + 1, 4):
                remove(f"*/*/run-{run}.*")(site)

    return act


def forget_newer_heads(index: int) -> Callable[[SiteWriter], None]:
    """Put an older checkpoint back and remove the copies of newer ones, but leave the runs."""

    def act(site: SiteWriter) -> None:
        put_back(index)(site)
        for head in site.heads[index + 1 :]:
            size = int(head.split(b"\n")[1])
            remove(f"log/checkpoints/000/000/000/{size:03d}")(site)

    return act


def move(pattern: str, target: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        [file] = site.path.glob(pattern)
        (site.path / target).parent.mkdir(parents=True, exist_ok=True)
        file.rename(site.path / target)

    return act


def write_key(name: str, text: str) -> Callable[[SiteWriter], None]:
    """Put a public half beside the evidence."""

    def act(site: SiteWriter) -> None:
        (site.path / "keys").mkdir(exist_ok=True)
        (site.path / "keys" / name).write_text(text)

    return act


def cut_tile(pattern: str, length: int) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        for file in site.path.glob(pattern):
            data = file.read_bytes()
            file.write_bytes(data[:length] if length < 0 else data + bytes(length))

    return act


def edit_statement(signer, **changes: object) -> Callable[[SiteWriter], None]:
    """Change a statement and sign it again."""

    def act(site: SiteWriter) -> None:
        file = site.coverage_file("run-2")
        statement = json.loads(file.read_bytes()) | changes
        del statement["signature"]
        file.write_bytes(signed(statement, signer) + b"\n")

    return act


def copy_run(target: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        file = site.path / target
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(site.bundle_file("run-1"), file)

    return act


def copy_statement(target: str) -> Callable[[SiteWriter], None]:
    def act(site: SiteWriter) -> None:
        file = site.path / target
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(site.coverage_file("run-1"), file)

    return act


def other_site(site: SiteWriter) -> None:
    """Put the bundles that the same key signed for another site in the place of ours."""
    other = three_runs(site.root / "elsewhere", site_id="clinic-002")
    shutil.copy(other.bundle_file("run-1"), site.bundle_file("run-1"))


def foreign_log(site: SiteWriter) -> None:
    """Sign the whole log again with a key that nobody trusts."""
    (site.path / "log" / "checkpoint").write_bytes(checkpoint(site.entries, [FOREIGN]))


def foreign_bundle(site: SiteWriter) -> None:
    file = site.bundle_file("run-1")
    first, second, *rest = lines_of(file)
    bundle = json.loads(second)
    bundle["pre_state"]["provenance"]["key_id"] = public_line(FOREIGN).split()[1]
    put(file, [first, resigned(second, FOREIGN, pre_state=bundle["pre_state"]), *rest])
    (site.path / "keys").mkdir()
    (site.path / "keys" / f"{key_id(FOREIGN)}.pub").write_text(public_line(FOREIGN))


def again_with_number(site: SiteWriter) -> None:
    """Seal a run whose numbers were given already."""
    site.numbers[DAY] = 0
    site.run("run-4", {"dc01": ["PASS"]}, at=f"{DAY}T20:00:00Z", behind=36000)


def drop_from_log(place: int, count: int) -> Callable[[SiteWriter], None]:
    """Take leaves out of the log and sign it again: the keyholder hides something."""

    def act(site: SiteWriter) -> None:
        del site.entries[place : place + count]
        shutil.rmtree(site.path / "log")
        site.publish()

    return act


RUN_1 = "bundles/*/run-1.jsonl"
# What is done, the exit code, all names of problems, and a part of what is said.
MATRIX = [
    pytest.param(drop("run-1", 0), 5, {"gap"}, "EB-20260302-000001 dc01 patching", id="first"),
    pytest.param(drop("run-1", 8), 5, {"gap"}, "EB-20260302-000009 fs01 backup", id="middle"),
    pytest.param(drop("run-3", -1), 5, {"gap"}, "EB-20260303-000018", id="very-last-bundle"),
    pytest.param(drop("run-2", 1, 3), 5, {"gap"}, "its line is missing", id="two-bundles"),
    pytest.param(drop_host("run-1", "fs01"), 8, {"missing_host"}, "fs01: all 6 bundles", id="host"),
    pytest.param(drop_host("run-2", "dc01"), 8, {"missing_host"}, "dc01", id="host-of-two"),
    pytest.param(drop_host("run-3", "zürich"), 8, {"missing_host"}, "zürich", id="last-host"),
    pytest.param(remove(RUN_1), 5, {"gap"}, "18 bundles of dc01, fs01, pc01", id="file-of-a-run"),
    pytest.param(edit_lines("run-1", lambda _: []), 5, {"gap"}, "all of run run-1", id="emptied"),
    pytest.param(remove("*/*/run-2.*"), 5, {"gap"}, "all of run run-2 is missing", id="whole-run"),
    pytest.param(remove("*/*/run-3.*"), 5, {"gap"}, "all of run run-3 is missing", id="last-run"),
    pytest.param(
        remove("coverage/*/run-1.json"), 5, {"gap"}, "CS-run-1: is missing", id="statement"
    ),
    pytest.param(remove("coverage"), 5, {"gap"}, "CS-run-3: is missing", id="all-statements"),
    pytest.param(remove("log"), 5, {"gap"}, "log/checkpoint: is missing", id="log"),
    pytest.param(remove("log", "coverage"), 5, {"gap"}, "not in the log", id="log-and-coverage"),
    pytest.param(remove("log/checkpoint"), 5, {"gap"}, "is missing", id="checkpoint"),
    pytest.param(remove("log/tile/entries"), 5, {"gap"}, "tile/entries/000.p/43", id="entries"),
    pytest.param(remove("log/tile/0"), 5, {"gap"}, "tile/0/000.p/43 is missing", id="hashes"),
    pytest.param(remove("log/tile/*/*.p/43"), 5, {"gap"}, "is missing", id="newest-tiles"),
    pytest.param(
        edit_lines("run-1", lambda lines: [lines[1], lines[0], *lines[2:]]),
        5,
        {"gap"},
        "is out of order",
        id="two-bundles-swapped",
    ),
    pytest.param(
        edit_lines("run-1", lambda lines: lines[::-1]), 5, {"gap"}, "out of order", id="reversed"
    ),
    pytest.param(
        edit_lines("run-1", lambda lines: [lines[0], *lines]),
        5,
        {"gap"},
        "the same bundle_id occurs in line 1",
        id="doubled",
    ),
    pytest.param(copy_run(f"bundles/{DAY}/run-9.jsonl"), 4, {"altered"}, "of its run", id="copied"),
    pytest.param(
        copy_run("bundles/2026-03-09/run-1.jsonl"), 4, {"altered"}, "run and day", id="copied-day"
    ),
    pytest.param(
        move(RUN_1, "bundles/run-1.jsonl"), 4, {"altered"}, "run and day", id="run-moved-up"
    ),
    pytest.param(
        move(RUN_1, f"bundles/more/{DAY}/run-1.jsonl"), 4, {"altered"}, "run and day", id="run-deep"
    ),
    pytest.param(
        move(RUN_1, "bundles/2026-03-09/run-1.jsonl"), 4, {"altered"}, "run and day", id="run-day"
    ),
    pytest.param(
        move("coverage/*/run-1.json", f"coverage/more/{DAY}/run-1.json"),
        4,
        {"altered"},
        "lies in a file that is not of its run and day",
        id="statement-deep",
    ),
    pytest.param(forge_line(outcome="failure"), 3, {"bad_signature"}, "not fit", id="verdict"),
    pytest.param(swap_content, 3, {"bad_signature"}, "does not fit", id="content-swapped"),
    pytest.param(foreign_bundle, 6, {"unknown_key"}, "not trusted", id="foreign-key"),
    pytest.param(foreign_log, 6, {"unknown_key"}, "not trusted", id="foreign-checkpoint"),
    pytest.param(
        edit_lines(
            "run-1", lambda lines: [lines[0], resigned(lines[1], hipaa_controls=[]), *lines[2:]]
        ),
        4,
        {"altered"},
        "is signed, but is not what the log holds",
        id="signed-again",
    ),
    pytest.param(
        edit_statement(OURS, obtained=4, missing=[]),
        4,
        {"altered"},
        "is signed, but is not what the log holds",
        id="statement-signed-again",
    ),
    pytest.param(
        edit_statement(FOREIGN, key_id=public_line(FOREIGN).split()[1]),
        6,
        {"unknown_key"},
        "CS-run-2",
        id="statement-by-foreign-key",
    ),
    pytest.param(edit_statement(FOREIGN), 3, {"bad_signature"}, "not fit", id="statement-forged"),
    pytest.param(
        swap_files(RUN_1, "bundles/*/run-2.jsonl"),
        4,
        {"altered", "gap", "missing_host"},
        "lies in a file that is not of its run and day",
        id="runs-swapped",
    ),
    pytest.param(
        swap_files("coverage/*/run-1.json", "coverage/*/run-2.json"),
        4,
        {"altered"},
        "is signed, but is not what the log holds",
        id="statements-swapped",
    ),
    pytest.param(other_site, 4, {"altered"}, "is of site clinic-002", id="other-site"),
    pytest.param(put_back(1), 5, {"gap"}, "the log was rolled back", id="older-checkpoint"),
    pytest.param(
        put_back(0),
        5,
        {"gap"},
        "4 bundles of dc01, flagged01: not in the log",
        id="first-checkpoint",
    ),
    pytest.param(
        forget_newer_heads(1), 5, {"gap"}, "is of a longer log", id="older-checkpoint-heads-gone"
    ),
    pytest.param(
        cut_log(2, keep_files=True), 5, {"gap"}, "18 bundles of dc01, fs01", id="log-cut-runs-left"
    ),
    pytest.param(
        cut_tile("log/tile/0/*.p/43", -1), 4, {"altered"}, "tile/0/000.p/43 is tr", id="tile-cut"
    ),
    pytest.param(cut_tile("log/tile/0/*.p/43", 32), 4, {"altered"}, "too long", id="tile-long"),
    pytest.param(
        cut_tile("log/tile/entries/*.p/43", -9), 4, {"altered"}, "truncated", id="entries-cut"
    ),
    pytest.param(cut_tile("log/tile/entries/*.p/43", 2), 4, {"altered"}, "long", id="entries-long"),
    pytest.param(
        cut_tile("log/tile/0/*.p/19", -1), 4, {"altered"}, "0/000.p/19 is not how", id="part-cut"
    ),
    pytest.param(
        cut_tile("log/tile/entries/*.p/24", 2), 4, {"altered"}, "s/000.p/24 is n", id="part-long"
    ),
    pytest.param(
        swap_files("log/tile/0/*.p/19", "log/tile/0/*.p/24"),
        4,
        {"altered"},
        "tile/0/000.p/24 is not how its tile begins",
        id="parts-swapped",
    ),
    pytest.param(
        write_key(f"{key_id(OURS)}.pub", public_line(FOREIGN)),
        4,
        {"altered"},
        "is not the public key of its name",
        id="another-public-key",
    ),
    pytest.param(
        write_key(f"{key_id(OURS)}.pub", public_line(OURS)[:-1]),
        4,
        {"altered"},
        "is not the public key of its name",
        id="public-key-cut",
    ),
    pytest.param(
        copy_statement("coverage/2026-03-03/run-9.json"),
        5,
        {"gap"},
        "run-9.json: not in the log",
        id="statement-without-leaf",
    ),
    pytest.param(
        copy_statement("keys/KS-20260304T060000Z-0123456789abcdef.json"),
        5,
        {"gap"},
        "not in the log",
        id="key-statement-without-leaf",
    ),
    pytest.param(again_with_number, 5, {"gap"}, "where EB-20260302-000023 was due", id="number"),
    pytest.param(
        drop_from_log(3, 1), 4, {"altered", "gap"}, "000004", id="leaf-hidden-by-keyholder"
    ),
    pytest.param(
        drop_from_log(19, 5), 4, {"altered", "gap"}, "run-2", id="run-hidden-by-keyholder"
    ),
]


@pytest.mark.parametrize(("harm", "code", "names", "said"), MATRIX)
def test_harm_is_found_and_named(site, harm, code, names, said):
    harm(site)

    seen = found(site.path)

    assert (seen.code, seen.names) == (code, names), seen.text
    assert said in seen.text


def test_the_site_itself_verifies(site):
    assert found(site.path) == Found(0, set(), "")


def test_a_log_rolled_back_as_a_whole_is_valid_and_only_a_kept_checkpoint_shows_it(site):
    kept = site.root / "kept"
    kept.write_bytes(site.heads[-1])
    cut_log(2, keep_files=False)(site)

    assert found(site.path).code == 0
    seen = found(site.path, head=kept)
    assert (seen.code, seen.names) == (5, {"gap"})
    assert f"the log was rolled back: it has 24 entries, and {kept} is the head of 43" in seen.text


def test_a_log_rewritten_by_the_keyholder_does_not_extend_a_kept_checkpoint(site, tmp_path):
    kept = tmp_path / "kept"
    kept.write_bytes(site.heads[1])
    other = SiteWriter(tmp_path / "other")
    other.run("run-1", {"dc01": ["PASS"], "fs01": ["PASS"], "pc01": ["PASS"]})
    other.run("run-2", {"dc01": ["PASS"], "fs01": ["PASS"]}, at=f"{DAY}T18:00:00Z")

    assert found(other.path).code == 0
    assert found(other.path, head=kept).text == (
        f"{kept}: the log does not extend this head of 24: it was rewritten"
    )


@pytest.mark.parametrize("index", range(3))
def test_a_log_that_grew_extends_each_checkpoint_that_was_kept(site, tmp_path, index):
    kept = tmp_path / "kept"
    kept.write_bytes(site.heads[index])

    assert found(site.path, head=kept) == Found(0, set(), "")


def test_a_kept_checkpoint_by_another_key_shows_nothing(site, tmp_path):
    kept = tmp_path / "kept"
    kept.write_bytes(checkpoint(site.entries, [FOREIGN]))

    assert found(site.path, head=kept).code == 6


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


def test_the_matrix_covers_all_checks_of_the_contract():
    assert CHECKS == verify.CHECKS
