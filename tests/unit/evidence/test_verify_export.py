# SPDX-License-Identifier: GPL-3.0-or-later
"""An export verifies by itself: some runs, and a proof of each leaf against one checkpoint."""

import json
import shutil
from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from unit.evidence.site_writer import SiteWriter, canonical, checkpoint, key, three_runs, trusted

OURS, SECOND, FOREIGN = key(1), key(2), key(9)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> SiteWriter:
    """Return a site of four runs with a rotation before the last."""
    site = three_runs(tmp_path_factory.mktemp("site"))
    site.rotate(SECOND, at="2026-03-04T06:00:00Z")
    site.run("run-4", {"dc01": ["PASS"]}, at="2026-03-05T06:00:00Z")
    return site


@pytest.fixture
def export(site, tmp_path) -> Path:
    """Return an export of the second and the third run."""
    site.export(tmp_path / "export", ["run-2", "run-3"])
    return tmp_path / "export"


def verified(export: Path, *signers, head: Path | None = None) -> verify.Verifier:
    verifier = verify.Verifier(trusted(*(signers or (OURS,))))
    verifier.read_site(export, head)
    return verifier


def manifest(**changes: object):
    def act(export: Path) -> None:
        file = export / "export.json"
        file.write_bytes(canonical(json.loads(file.read_bytes()) | changes))

    return act


def remove(pattern: str):
    def act(export: Path) -> None:
        [file] = export.glob(pattern)
        file.unlink()

    return act


def move(pattern: str, target: str):
    def act(export: Path) -> None:
        [file] = export.glob(pattern)
        shutil.move(file, export / target)

    return act


def edit(pattern: str, change):
    def act(export: Path) -> None:
        [file] = export.glob(pattern)
        file.write_bytes(change(file.read_bytes()))

    return act


def without_line(place: int):
    return lambda data: b"".join(
        line for at, line in enumerate(data.splitlines(keepends=True)) if at != place
    )


def swap_proofs(export: Path) -> None:
    one, two = (export / "proofs" / f"EB-20260302-0000{n}.tlog-proof" for n in (19, 20))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


HARM = [
    pytest.param(remove("bundles/*/run-2.jsonl"), 5, "is missing", id="bundles"),
    pytest.param(remove("coverage/*/run-2.json"), 5, "is missing", id="statement"),
    pytest.param(remove("checkpoint"), 5, "is missing", id="checkpoint"),
    pytest.param(remove("proofs/EB-20260302-000020*"), 5, "000020.tlog-proof is miss", id="proof"),
    pytest.param(remove("proofs/KS-*"), 5, "is missing", id="proof-of-a-rotation"),
    pytest.param(edit("bundles/*/run-2.jsonl", without_line(0)), 5, "is entry 20", id="first-line"),
    pytest.param(edit("bundles/*/run-2.jsonl", without_line(3)), 5, "is entry 23", id="last-line"),
    pytest.param(
        edit("bundles/*/run-2.jsonl", lambda data: data.replace(b"PASS", b"FAIL", 1)),
        3,
        "does not fit the content",
        id="changed-line",
    ),
    pytest.param(
        edit("bundles/*/run-2.jsonl", lambda data: data + data.splitlines(keepends=True)[0]),
        5,
        "of the log, not",
        id="doubled-line",
    ),
    pytest.param(swap_proofs, 4, "leads to another root", id="proofs-swapped"),
    pytest.param(
        edit("proofs/CS-run-3*", lambda data: data.replace(b"index 42", b"index 41")),
        4,
        "CS-run-3.tlog-proof",
        id="index-changed",
    ),
    pytest.param(manifest(runs=["run-2"]), 5, "not in the log", id="run-not-named"),
    pytest.param(manifest(runs=["run-2", "run-3", "run-9"]), 5, "is missing", id="run-not-there"),
    pytest.param(manifest(runs=["run-2", "run-2", "run-3"]), 5, "another does", id="run-twice"),
    pytest.param(manifest(site_id="clinic-002"), 4, "names another site", id="other-site"),
    pytest.param(manifest(tree_size=9), 4, "names another site or size", id="other-size"),
    pytest.param(manifest(to="2026-03-02"), 4, "is of 2026-03-03", id="other-days"),
    pytest.param(manifest(kind="site"), 4, "has not the fields", id="other-kind"),
    pytest.param(edit("export.json", lambda _: b"{"), 4, "is no manifest", id="no-json"),
    pytest.param(edit("checkpoint", lambda data: data[:-3]), 4, "note", id="checkpoint-cut"),
    pytest.param(move("bundles/*/run-2.jsonl", "bundles/x.jsonl"), 4, "is missing", id="renamed"),
]


def test_entries_of_the_log_that_an_export_does_not_hold_are_named(export):
    notes = [note for note in verified(export).notes if note.name == "not_in_export"]

    assert [note.text for note in notes] == [
        "it does not hold the entries 0 to 18, 44 to 50 of the log, of 51"
    ]


def test_a_last_run_that_was_taken_out_of_an_export_shows(export):
    manifest(runs=["run-2"])(export)
    remove("bundles/*/run-3.*")(export)
    remove("coverage/*/run-3.*")(export)

    (note,) = (note for note in verified(export).notes if note.name == "not_in_export")

    assert "24 to " in note.text


@pytest.mark.parametrize("signer", [OURS, SECOND], ids=["first-key", "second-key"])
def test_an_export_verifies_with_each_key_of_the_chain(export, signer):
    verifier = verified(export, signer)

    assert verifier.problems == []
    assert (verifier.runs, verifier.bundles, verifier.size) == (2, 22, 51)


@pytest.mark.parametrize(("harm", "code", "said"), HARM)
def test_harm_to_an_export_is_found(export, harm, code, said):
    harm(export)

    verifier = verified(export)

    text = "\n".join(map(str, verifier.problems))
    assert verifier.exit_code() == code, text
    assert said in text


def test_every_file_of_an_export_counts(export):
    files = [file for file in sorted(export.glob("**/*")) if file.is_file()]
    missed = []

    for file in files:
        data = file.read_bytes()
        for place in range(0, len(data), 97):
            file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            if verified(export).exit_code() == 0:
                missed.append((file.name, place))
        file.write_bytes(data)

    # Line ends and the order of members of the manifest are nobody's evidence.
    assert missed == []


def test_a_run_between_two_others_must_be_there(site, tmp_path):
    site.export(tmp_path / "export", ["run-1", "run-3"])

    verifier = verified(tmp_path / "export")

    assert verifier.exit_code() == 5
    assert "entries 19 to 23 of the log are not in the export" in str(verifier.problems[0])


def test_a_rotation_between_two_runs_is_counted(site, tmp_path):
    site.export(tmp_path / "export", ["run-3", "run-4"])
    assert verified(tmp_path / "export").problems == []

    for file in (tmp_path / "export").glob("keys/KS-*"):
        file.unlink()

    assert verified(tmp_path / "export").exit_code() == 5


def test_a_run_that_the_log_does_not_hold_has_no_proof(site, tmp_path):
    other = three_runs(tmp_path / "other")
    other.run("run-4", {"dc01": ["FAIL"]}, at="2026-03-04T06:00:00Z")
    site.export(tmp_path / "export", ["run-3"])
    for folder in ("bundles", "coverage"):
        shutil.copytree(other.path / folder, tmp_path / "export" / folder, dirs_exist_ok=True)

    verifier = verified(tmp_path / "export")

    assert verifier.exit_code() == 5


def test_proofs_against_a_checkpoint_of_a_stranger_are_nothing(site, export):
    foreign = checkpoint(site.entries, [FOREIGN])
    own = (export / "checkpoint").read_bytes()
    for file in [export / "checkpoint", *export.glob("proofs/*")]:
        file.write_bytes(file.read_bytes().replace(own, foreign))

    assert verified(export).exit_code() == 6


def test_an_export_shows_that_its_log_is_that_of_a_kept_checkpoint_of_its_size_only(
    site, export, tmp_path
):
    same, other = tmp_path / "same", tmp_path / "other"
    same.write_bytes(site.heads[-1])
    other.write_bytes(site.heads[0])

    assert verified(export, head=same).exit_code() == 0
    assert verified(export, head=other).exit_code() == 5
