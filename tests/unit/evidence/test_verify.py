# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier accepts a site as it was sealed and nothing else, and says what is wrong and where.

What a forger does to files is in ``test_tamper.py``, what signers who are broken or lie write in
``test_verify_signers.py`` and ``test_verify_spelling.py``.
"""

import os
import shutil
from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import DAY, SiteWriter, key, key_id, merkle_root, three_runs, trusted
from unit.evidence.verifying import FOREIGN, HOSTS, OURS, problems, verified


@pytest.fixture
def site(tmp_path) -> SiteWriter:
    return SiteWriter(tmp_path)


# What is verified.


def test_runs_of_several_days_and_shapes_verify_together(tmp_path):
    verifier = verified(three_runs(tmp_path))

    assert verifier.problems == []
    assert (verifier.runs, verifier.bundles, len(verifier.hosts)) == (3, 40, 5)


def test_the_head_that_was_verified_is_told(tmp_path):
    site = three_runs(tmp_path)

    verifier = verified(site)

    assert (verifier.size, verifier.root) == (43, merkle_root(site.entries))
    assert verifier.site_id == "clinic-001"


@pytest.mark.parametrize("hosts", [37, 42, 43, 85, 86, 128], ids=lambda n: f"{n * 6 + 1}-leaves")
def test_logs_around_the_width_of_a_tile_verify(site, hosts):
    site.run("run-1", {f"host{number:03d}": ["PASS"] for number in range(hosts)})

    assert problems(site) == (0, [])


def test_a_log_over_several_tiles_verifies_run_by_run(site):
    for number in range(9):
        site.run(f"run-{number}", {f"host{host:02d}": ["PASS"] for host in range(12)})

    verifier = verified(site)

    assert (verifier.exit_code(), verifier.runs, verifier.size) == (0, 9, 657)


def test_a_changed_hash_in_a_higher_tile_is_found(site):
    site.run("run-1", {f"host{number:02d}": ["PASS"] for number in range(50)})
    [tile] = site.path.glob("log/tile/1/000.p/1")
    tile.write_bytes(bytes(32))

    code, [said] = problems(site)

    assert code == 4
    assert said == "log: tile/1/000.p/1 does not fit what lies below it"


def test_a_run_for_no_check_of_some_hosts_verifies(site):
    site.run("run-1", HOSTS, checks=("backup",), elsewhere=("xray01",))

    assert problems(site) == (0, [])


def test_a_clock_that_was_set_back_verifies_if_it_is_said(site):
    site.run("run-1", HOSTS)
    site.run("run-2", HOSTS, at=f"{DAY}T11:00:00Z", behind=3600)

    assert problems(site) == (0, [])


def test_no_evidence_does_not_verify(site):
    site.path.mkdir()

    assert problems(site) == (7, [f"{site.path}: there are no bundles here"])


# Evidence of the first release has no log.


def test_a_site_of_the_first_release_verifies_with_a_note(site):
    site.legacy_run("old-1", ["dc01", "fs01"], at="2026-03-01T12:00:00Z")
    site.legacy_run("old-2", ["dc01"], at=f"{DAY}T08:00:00Z")

    verifier = verified(site)

    assert (verifier.exit_code(), verifier.unlogged) == (0, 3)
    *_notes, said = verify.report_text(verifier)
    assert said == f"verified: 3 bundles of 2 hosts, signed by {key_id(OURS)}; no log"
    [note] = verifier.notes
    assert (note.name, note.text) == (
        "unlogged_bundles",
        "3 bundles from before the log: signatures and numbers only",
    )


def test_bundles_of_the_first_release_are_followed_by_the_log_on_the_same_day(site):
    site.legacy_run("old-1", ["dc01", "fs01"], at=f"{DAY}T08:00:00Z")
    site.run("run-1", HOSTS)

    assert problems(site) == (0, [])


def test_bundles_without_a_log_after_it_began_are_a_gap(site):
    site.run("run-1", HOSTS)
    site.legacy_run("old-1", ["dc01"], at=f"{DAY}T13:00:00Z")
    site.legacy_run("old-2", ["dc01"], at="2026-03-05T13:00:00Z")

    code, lines = problems(site)

    assert code == 5
    assert [line for line in lines if "is not in the log, and not from before it" in line] == lines
    assert len(lines) == 2


OLD_HARM = [
    pytest.param(lambda lines: lines[1:], "holds 2 of the 3 bundles", id="first-line"),
    pytest.param(lambda lines: lines[:-1], "holds 2 of the 3 bundles", id="last-line"),
    pytest.param(lambda lines: [lines[0], *lines], "same bundle_id occurs in", id="doubled"),
    pytest.param(lambda lines: [lines[0], lines[2]], "000002 is missing before this", id="middle"),
]


@pytest.mark.parametrize(("harm", "said"), OLD_HARM)
def test_harm_to_bundles_of_the_first_release_is_found(site, harm, said):
    site.legacy_run("old-1", ["dc01", "fs01", "pc01"], at=f"{DAY}T08:00:00Z")
    file = site.bundle_file("old-1")
    file.write_bytes(b"".join(harm(file.read_bytes().splitlines(keepends=True))))

    code, lines = problems(site)

    assert code == 5
    assert any(said in line for line in lines), lines


def test_a_lost_run_of_the_first_release_is_missed_by_the_log_of_the_same_day(site):
    site.legacy_run("old-1", ["dc01", "fs01"], at=f"{DAY}T08:00:00Z")
    site.run("run-1", HOSTS)
    site.bundle_file("old-1").unlink()

    assert problems(site)[0] == 5


# What is no problem, but should be known.


def test_what_should_be_known_is_noted(tmp_path):
    site = three_runs(tmp_path)
    site.run("run-4", {"dc01": ["PASS"]}, at="2026-03-03T05:00:00Z", behind=3600)
    (site.path / "journal").mkdir()
    (site.path / "journal" / "run-5.jsonl").write_text("{}")
    (site.path / "journal" / "run-4.damaged").write_text("{}")
    (site.path / ".sealing" / "run-6.ready").mkdir(parents=True)

    verifier = verified(site)

    assert verifier.exit_code() == 0
    assert [(note.name, Path(note.file).name) for note in verifier.notes] == [
        ("scrubbing_flagged", "run-2.json"),
        ("interrupted_run", "run-3.json"),
        ("clock_set_back", "run-4.json"),
        ("damaged_journal", "run-4.damaged"),
        ("unsealed_journal", "run-5.jsonl"),
        ("unfinished_sealing", "run-6.ready"),
    ]


# Only what is new.


def test_only_runs_after_a_head_are_read(tmp_path):
    site = three_runs(tmp_path)
    head = (24, merkle_root(site.entries[:24]))

    verifier = verified(site, after=head)

    assert (verifier.exit_code(), verifier.runs, verifier.bundles) == (0, 1, 18)
    assert (verifier.size, verifier.root) == (43, merkle_root(site.entries))


def test_nothing_is_read_where_nothing_is_new(tmp_path):
    site = three_runs(tmp_path)

    verifier = verified(site, after=(43, merkle_root(site.entries)))

    assert (verifier.exit_code(), verifier.runs, verifier.bundles) == (0, 0, 0)


def test_a_head_that_the_log_does_not_extend_is_a_gap(tmp_path):
    verifier = verified(three_runs(tmp_path), after=(24, bytes(32)))

    assert verifier.exit_code() == 5
    assert "the log does not extend this head of 24: it was rewritten" in str(verifier.problems[0])


def test_a_head_that_the_log_has_not_reached_is_a_gap(tmp_path):
    verifier = verified(three_runs(tmp_path), after=(50, bytes(32)))

    assert verifier.exit_code() == 5
    assert "the log was rolled back: it has 43 entries" in str(verifier.problems[0])


def test_a_revocation_before_the_head_still_counts(tmp_path):
    site = SiteWriter(tmp_path)
    site.run("run-1", HOSTS)
    site.rotate(key(2), at="2026-03-04T12:00:00Z")
    site.revoke(OURS, at="2026-03-05T12:00:00Z", compromised_at="2026-03-04T13:00:00Z")
    head = (len(site.entries), merkle_root(site.entries))
    site.signer = OURS
    site.run("run-2", HOSTS, at="2026-03-06T12:00:00Z")

    assert verified(site, after=head).exit_code() == 9


# A draft: a run that is in no log yet.


def draft(site: SiteWriter, **options) -> tuple[Path, Path]:
    site.run("run-1", HOSTS, **options)
    files = (site.bundle_file("run-1"), site.coverage_file("run-1"))
    target = site.root / "draft"
    target.mkdir()
    return tuple(shutil.copy(file, target / name) for file, name in zip(files, "bs", strict=True))


def test_a_draft_verifies_wherever_it_lies(site):
    assert verify.verify_draft(*draft(site), trusted(OURS)) == []


def test_a_draft_that_lost_a_line_does_not(site):
    bundles, statement = draft(site)
    bundles.write_bytes(b"".join(bundles.read_bytes().splitlines(keepends=True)[1:]))

    found = verify.verify_draft(bundles, statement, trusted(OURS))

    assert ("gap", "says 18 bundles, but there are 17") in {(p.name, p.reason) for p in found}


def test_a_draft_out_of_order_does_not(site):
    bundles, statement = draft(site)
    first, second, *rest = bundles.read_bytes().splitlines(keepends=True)
    bundles.write_bytes(b"".join([second, first, *rest]))

    assert verify.verify_draft(bundles, statement, trusted(OURS))[0].name == "gap"


def test_a_draft_of_another_key_does_not(site):
    assert {p.name for p in verify.verify_draft(*draft(site), trusted(FOREIGN))} == {"unknown_key"}


def test_a_draft_whose_statement_does_not_fit_does_not(site):
    files = draft(site, edit_statement=lambda statement: statement.update(obtained=17))

    assert {p.name for p in verify.verify_draft(*files, trusted(OURS))} == {"altered"}


def test_the_bundles_of_one_run_verify_alone(site):
    site.run("run-1", HOSTS)
    verifier = verify.Verifier(trusted(OURS))

    verifier.read_file(site.bundle_file("run-1"))

    assert (verifier.problems, verifier.bundles) == ([], 18)


@pytest.mark.parametrize("kept", [slice(1, None), slice(-1), slice(0, 0)])
def test_the_bundles_of_one_run_are_counted(site, kept):
    site.run("run-1", HOSTS)
    file = site.bundle_file("run-1")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[kept]))
    verifier = verify.Verifier(trusted(OURS))

    verifier.read_file(file)

    assert verifier.exit_code() in {5, 7}


# What cannot be read.


@pytest.mark.parametrize("folder", [".", "bundles", f"bundles/{DAY}", "coverage", "log", "keys"])
def test_a_folder_that_cannot_be_listed_is_unreadable_and_not_empty(tmp_path, monkeypatch, folder):
    site = three_runs(tmp_path)
    (site.path / "keys").mkdir(exist_ok=True)
    locked = str(site.path / folder)
    scandir = os.scandir

    def refuse(path):  # root, which tests may run as, can list every folder
        if os.fspath(path) == locked:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    checked = verified(site)

    assert [(item.name, item.file) for item in checked.problems] == [("unreadable", locked)]
    assert checked.exit_code() == 7


def test_a_line_without_end_is_read_up_to_the_longest_that_could_be_signed(tmp_path):
    site = three_runs(tmp_path)
    os.truncate(site.bundle_file("run-1"), verify.LARGEST_LINE * 2)

    checked = verified(site)

    assert checked.exit_code() == 4
    assert "run-1.jsonl:19: the line is cut off" in "\n".join(map(str, checked.problems))
