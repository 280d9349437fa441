# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier accepts what was sealed and nothing else, and says which bundle is wrong and why."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    public_line,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.signing import (
    signed_line,
)
from unit.evidence.runs import read_bundles

FOREIGN_KEY = SigningKey(bytes(32))
FOREIGN_LINE = public_line(FOREIGN_KEY.verify_key)


@pytest.fixture
def sealed(clinic):
    """Return the file of a run over three hosts with different verdicts."""
    return clinic.run(dc01="PASS", fs01="FAIL", pc01="WARNING")


def problems(clinic, file=None):
    """Verify the site with its key; return (exit code, [(line, reason)])."""
    verifier = verify.Verifier(clinic.key().trusted)
    verifier.read_site(clinic.directory.path)
    assert file is None or {problem.file for problem in verifier.problems} <= {str(file)}
    return verifier.exit_code(), [(item.line, item.reason) for item in verifier.problems]


def lines_of(file):
    return file.read_bytes().splitlines(keepends=True)


def rewrite(file, number, **changes):
    """Change fields of line *number* (from 1) and write it canonically, as a forger would."""
    lines = lines_of(file)
    bundle = json.loads(lines[number - 1]) | changes
    bundle = {name: value for name, value in bundle.items() if value is not ...}
    text = json.dumps(bundle, sort_keys=True, separators=(",", ":"))
    lines[number - 1] = text.encode() + b"\n"
    file.write_bytes(b"".join(lines))


def run_verifier(*arguments, python=sys.executable, script=verify.__file__):
    return subprocess.run(
        [python, str(script), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_what_was_sealed_verifies(clinic, sealed):
    assert problems(clinic, sealed) == (0, [])


@pytest.mark.usefixtures("sealed")
def test_several_runs_and_days_verify_together(clinic):
    clinic.run(dc01="PASS")

    assert problems(clinic) == (0, [])


def test_every_changed_byte_is_found(clinic):
    file = clinic.run(dc01="PASS", fs01="FAIL")
    content = file.read_bytes()
    missed = []

    for place in range(len(content)):
        spoilt = bytearray(content)
        spoilt[place] ^= 1
        file.write_bytes(spoilt)
        if problems(clinic)[0] == 0:
            missed.append((place, content[max(0, place - 20) : place + 20]))

    assert missed == []


def test_a_verdict_that_was_turned_is_found_and_named(clinic, sealed):
    verifier = verify.Verifier(clinic.key().trusted)
    rewrite(sealed, 2, outcome="success")

    verifier.read_site(clinic.directory.path)

    assert [str(problem) for problem in verifier.problems] == [
        f"{sealed}:2: EB-20260302-000002 fs01 firewall: the signature does not fit the content"
    ]
    assert verifier.exit_code() == 3


def test_swapped_content_is_found(clinic, sealed):
    first, second, _ = read_bundles(sealed)

    rewrite(sealed, 1, pre_state=second["pre_state"])
    rewrite(sealed, 2, pre_state=first["pre_state"])

    reason = "the signature does not fit the content"
    assert problems(clinic, sealed) == (3, [(1, reason), (2, reason)])


def test_swapped_signatures_are_found(clinic, sealed):
    first, second, _ = read_bundles(sealed)

    rewrite(sealed, 1, signature=second["signature"])
    rewrite(sealed, 2, signature=first["signature"])

    assert problems(clinic, sealed)[0] == 3


FORGED = [
    pytest.param({"signature": ...}, 3, "the signature is missing", id="no-signature"),
    pytest.param({"signature": None}, 3, "signature is not a str", id="null-signature"),
    pytest.param({"signature": ""}, 3, "the signature is missing or malformed", id="empty"),
    pytest.param({"actions": ...}, 4, "not the fields of a bundle: actions", id="removed-field"),
    pytest.param({"extra": 1}, 4, "not the fields of a bundle: extra", id="added-field"),
    pytest.param({"outcome": "fine"}, 4, "outcome is not what a bundle holds there", id="outcome"),
    pytest.param({"check": "av_health"}, 4, "check is not what a bundle holds there", id="check"),
    pytest.param({"phi_scrubbed": 1}, 4, "phi_scrubbed is not a bool", id="type"),
    pytest.param({"actions": [1]}, 4, "actions is not what a bundle holds there", id="actions"),
    pytest.param({"pre_state": {}}, 4, "pre_state.provenance has no run_id", id="no-provenance"),
    pytest.param(
        {"timestamp": "2026-03-03T12:00:00Z"},
        4,
        "bundle_id and timestamp name different days",
        id="other-day",
    ),
    pytest.param({"bundle_id": "EB-20260302-2"}, 4, "bundle_id is not", id="bundle-id"),
]


@pytest.mark.parametrize(("changes", "code", "reason"), FORGED)
def test_a_forged_line_is_found_and_named(clinic, sealed, changes, code, reason):
    rewrite(sealed, 2, **changes)

    found, [(line, said), *_] = problems(clinic)

    assert (found, line) == (code, 2)
    assert said.startswith(reason)


ODD_TEXTS = [
    pytest.param(b'{"actions":[],', b'{"actions":[],"actions":[],', "same key twice", id="double"),
    pytest.param(b'"run_bundles":3', b'"run_bundles":3.0', "not a whole number", id="float"),
    pytest.param(b'"run_bundles":3', b'"run_bundles":NaN', "not a whole number", id="nan"),
    pytest.param(b'"run_bundles":3', b'"run_bundles":9007199254740993', "beyond 2^53", id="big"),
    pytest.param(b'"run_bundles":3', b'"run_bundles":' + b"9" * 9999, "beyond 2^53", id="huge"),
    pytest.param(b'"run_bundles":3', b'"run_bundles": 3', "canonical form", id="space"),
    pytest.param(b"firewall", b"\\u0066irewall", "canonical form", id="escape"),
    pytest.param(b"firewall", b"\xff", "can't decode byte", id="not-utf-8"),
    pytest.param(b"firewall", b"\\ud800", "surrogates not allowed", id="surrogate"),
    pytest.param(b'{"actions":[],', b"[" * 100_000, "", id="deep"),
    pytest.param(b"}\n", b"}\r\n", "canonical form", id="carriage-return"),
]


@pytest.mark.parametrize(("old", "new", "reason"), ODD_TEXTS)
def test_another_text_of_the_same_content_is_refused(clinic, sealed, old, new, reason):
    lines = lines_of(sealed)
    lines[1] = lines[1].replace(old, new, 1)
    sealed.write_bytes(b"".join(lines))

    code, [(line, said), *_] = problems(clinic)

    assert (code, line) == (4, 2)
    assert reason in said


def test_a_second_text_of_the_same_signature_is_refused(clinic, sealed):
    [first, *_] = read_bundles(sealed)
    # The letter before the padding has four bits that decoders ignore.
    letter = first["signature"][-3]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spare = alphabet[alphabet.index(letter) ^ 1]

    rewrite(sealed, 1, signature=first["signature"][:-3] + spare + "==")

    assert problems(clinic) == (3, [(1, "the signature is missing or malformed")])


def test_a_foreign_key_is_not_trusted_even_if_it_lies_beside_the_evidence(clinic, sealed):
    [_, bundle, _] = read_bundles(sealed)
    del bundle["signature"]
    bundle["outcome"] = "success"
    key_id = FOREIGN_LINE.split()[1]
    bundle["pre_state"]["provenance"]["key_id"] = key_id
    lines = lines_of(sealed)
    lines[1] = signed_line(bundle, FOREIGN_KEY) + b"\n"
    sealed.write_bytes(b"".join(lines))
    (clinic.directory.keys / f"{key_id}.pub").write_text(FOREIGN_LINE)

    assert problems(clinic) == (6, [(2, f"names the key {key_id}, which is not trusted")])


def test_a_foreign_signature_under_the_name_of_our_key_is_bad(clinic, sealed):
    [_, bundle, _] = read_bundles(sealed)
    del bundle["signature"]
    lines = lines_of(sealed)
    lines[1] = signed_line(bundle, FOREIGN_KEY) + b"\n"
    sealed.write_bytes(b"".join(lines))

    assert problems(clinic) == (3, [(2, "the signature does not fit the content")])


def test_a_line_deleted_in_the_middle_is_a_gap(clinic, sealed):
    first, _, third = lines_of(sealed)
    sealed.write_bytes(first + third)

    assert problems(clinic, sealed) == (
        5,
        [
            (0, "holds 2 of the 3 bundles that its run signed"),
            (2, "EB-20260302-000002 is missing before this"),
        ],
    )


@pytest.mark.parametrize("kept", [slice(0, 2), slice(1, 3)], ids=["last", "first"])
def test_a_line_deleted_at_either_end_is_missed(clinic, sealed, kept):
    sealed.write_bytes(b"".join(lines_of(sealed)[kept]))

    code, found = problems(clinic, sealed)

    assert code == 5
    assert found[0] == (0, "holds 2 of the 3 bundles that its run signed")


def test_a_deleted_run_is_a_gap(clinic, sealed):
    clinic.run(dc01="PASS")
    sealed.unlink()

    assert problems(clinic) == (
        5,
        [(1, "EB-20260302-000001 to EB-20260302-000003 are missing before this")],
    )


def test_a_doubled_line_is_found(clinic, sealed):
    first, *rest = lines_of(sealed)
    sealed.write_bytes(b"".join([first, first, *rest]))

    code, found = problems(clinic, sealed)

    assert code == 5
    assert (2, f"the same bundle_id occurs in {sealed}:1") in found


def test_a_copied_run_is_found(clinic, sealed):
    shutil.copy(sealed, sealed.with_name("run-2.jsonl"))

    code, found = problems(clinic)

    assert code == 5
    assert [line for line, _ in found] == [1, 2, 3]


def test_a_run_moved_to_another_day_is_found(clinic, sealed):
    other = sealed.parent.with_name("2026-03-03")
    other.mkdir()
    sealed.rename(other / sealed.name)

    code, found = problems(clinic)

    assert code == 4
    assert found[0] == (1, "lies in a file that is not of its run and day")


def test_a_cut_file_is_found(clinic, sealed):
    sealed.write_bytes(sealed.read_bytes()[:-1])

    assert problems(clinic)[1][0] == (3, "the line is cut off")


def test_an_empty_file_is_found(clinic, sealed):
    (sealed.parent / "run-2.jsonl").write_bytes(b"")

    assert problems(clinic) == (7, [(0, "is empty")])


def test_no_evidence_does_not_verify(clinic):
    clinic.key()

    assert problems(clinic) == (7, [(0, "there are no bundles here")])


def test_an_escape_sequence_in_a_forged_line_is_not_printed(clinic, sealed):
    rewrite(sealed, 1, host_id="\x1b[2Jdc01")

    run = run_verifier(clinic.directory.path, "--key", clinic.key().public_line)

    assert "\x1b" not in run.stdout
    assert "\\x1b[2Jdc01" in run.stdout


# The program, as an auditor starts it.


@pytest.mark.usefixtures("sealed")
def test_the_shipped_program_verifies_with_a_key_file(clinic):
    [public] = clinic.directory.keys.glob("*.pub")

    run = run_verifier(
        clinic.directory.path, "--key", public, script=clinic.directory.path / "verify.py"
    )

    said = f"verified: 3 bundles of 3 hosts, signed by {clinic.key().key_id}\n"
    assert (run.returncode, run.stdout, run.stderr) == (0, said, "")


@pytest.mark.parametrize("spelling", ["line", "bare"])
@pytest.mark.usefixtures("sealed")
def test_a_key_may_be_given_as_text(clinic, spelling):
    line = clinic.key().public_line
    key = line if spelling == "line" else line.removeprefix("ed25519:").split()[0]

    assert run_verifier(clinic.directory.path, "--key", key).returncode == 0


@pytest.mark.usefixtures("sealed")
def test_without_a_key_nothing_is_called_verified(clinic):
    run = run_verifier(clinic.directory.path)

    assert run.returncode == 6
    assert "no --key was given, so nothing was verified" in run.stdout
    assert clinic.key().key_id in run.stdout
    assert "verified:" not in run.stdout


@pytest.mark.usefixtures("sealed")
def test_with_another_key_nothing_is_called_verified(clinic):
    run = run_verifier(clinic.directory.path, "--key", FOREIGN_LINE)

    assert run.returncode == 6
    assert run.stdout.endswith("NOT VERIFIED: 3 problems in 3 bundles of 3 hosts\n")


@pytest.mark.parametrize("key", ["", "x", FOREIGN_LINE[:-1] + "0", "ed25519:AAAA"])
@pytest.mark.usefixtures("sealed")
def test_a_key_that_is_none_is_wrong_usage(clinic, key):
    run = run_verifier(clinic.directory.path, "--key", key)

    assert run.returncode == 2
    assert run.stdout == ""


def test_a_directory_that_is_not_there_is_not_verified(tmp_path):
    run = run_verifier(tmp_path / "nowhere", "--key", FOREIGN_LINE)

    assert run.returncode == 7
    assert run.stdout.endswith("NOT VERIFIED: 1 problem in 0 bundles of 0 hosts\n")


def test_a_program_reads_the_report_as_json(clinic, sealed):
    rewrite(sealed, 2, outcome="success")

    run = run_verifier(clinic.directory.path, "--key", clinic.key().public_line, "--json")

    assert json.loads(run.stdout) == {
        "verified": False,
        "exit_code": 3,
        "bundles": 3,
        "hosts": 3,
        "key_ids": [clinic.key().key_id],
        "problems": [
            {
                "code": 3,
                "reason": "the signature does not fit the content",
                "file": str(sealed),
                "line": 2,
                "bundle_id": "EB-20260302-000002",
                "host_id": "fs01",
                "check": "firewall",
            }
        ],
    }


@pytest.mark.parametrize("spoil", [False, True], ids=["genuine", "forged"])
def test_a_machine_without_pynacl_comes_to_the_same_result(clinic, sealed, spoil):
    if spoil:
        rewrite(sealed, 2, outcome="success")

    key = clinic.key().public_line
    # -I and -S: no site-packages, so the verifier's own Ed25519 decides.
    run = subprocess.run(
        [sys.executable, "-I", "-S", verify.__file__, clinic.directory.path, "--key", key],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == (3 if spoil else 0), run.stdout + run.stderr


def test_the_program_needs_the_standard_library_only_and_python_3_9():
    source = Path(verify.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))

    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    }
    foreign = {name.split(".")[0] for name in modules} - sys.stdlib_module_names
    assert foreign == {"nacl"}
