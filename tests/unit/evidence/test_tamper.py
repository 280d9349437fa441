# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is done to the files of a site is found, and named for what it is.

The site has three runs of different shape: all checks of three hosts, two checks of two of four
hosts, and a run that was killed. It comes from a writer that shares no code with the product.
"""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import (
    CHECKS,
    DAY,
    SiteWriter,
    checkpoint,
    key_id,
    public_line,
    three_runs,
)
from unit.evidence.tampering import (
    FOREIGN,
    OURS,
    Found,
    again_with_number,
    copied,
    copy_run,
    copy_statement,
    cut_log,
    cut_tile,
    drop,
    drop_from_log,
    drop_host,
    edit_lines,
    edit_statement,
    foreign_bundle,
    foreign_log,
    forge_line,
    forget_newer_heads,
    found,
    move,
    other_site,
    put_back,
    remove,
    resigned,
    swap_content,
    swap_files,
    write_key,
)


@pytest.fixture(scope="module")
def genuine(tmp_path_factory) -> SiteWriter:
    return three_runs(tmp_path_factory.mktemp("genuine"))


@pytest.fixture
def site(genuine, tmp_path) -> SiteWriter:
    """Return a copy of the site that a test may harm."""
    return copied(genuine, tmp_path)


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


def test_the_matrix_covers_all_checks_of_the_contract():
    assert CHECKS == verify.CHECKS
