# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed notes and checkpoints are those of c2sp.org/signed-note and tlog-checkpoint.

Peter Neumann's and Enoch Root's keys and notes are the vectors of golang.org/x/mod, sumdb/note; the
checkpoint of Go's checksum database is one that sum.golang.org published.
"""

from base64 import b64decode, b64encode

import pytest
from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.errors import (
    NoteInvalid,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.notes import (
    checkpoint_text,
    signed_checkpoint,
    signed_note,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.verify import (
    ALTERED,
    BAD_SIGNATURE,
    EMPTY_ROOT,
    UNKNOWN_KEY,
    Head,
    Rejected,
    leaf_hash,
    note_key_hash,
    open_note,
    parse_head,
    parse_note,
    read_checkpoint,
)
from unit.evidence.ledger.places import (
    BOTH,
    FIRST,
    FOREIGN_KEY,
    KEY,
    NEW_KEY,
    ORIGIN,
    SECOND,
    TRUSTED,
    flips,
)

# PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz
PETER = SigningKey(b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:])
PETER_PUBLIC = {"peter": b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]}
ENOCH_PUBLIC = {"enoch": b64decode("ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")[1:]}
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_LINE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
    "pRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwn"
    "WLox33WWd1RvMc+QQ=\n"
)
GO_KEY = {"go": b64decode("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")[1:]}
GO_CHECKPOINT = (
    "go.sum database tree\n"
    "6476701\n"
    "mb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n"
    "\n"
    "\u2014 sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRY"
    "fvimWEPWL+o3GeoWwOoAw=\n"
)
SOFA_CHECKPOINT = (  # the example of c2sp.org/tlog-checkpoint, whose key is not published
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
HEAD = Head(123_456_789_012, leaf_hash(b"hello world"))


def rejected(note: str | bytes, name="PeterNeumann", keys=PETER_PUBLIC) -> Rejected:
    with pytest.raises(Rejected) as caught:
        open_note(note if isinstance(note, bytes) else note.encode(), name, keys)
    return caught.value


def a_note(*lines: str, text: str = TEXT) -> str:
    return f"{text}\n{''.join(lines)}"


def test_peter_signs_as_in_go():
    assert signed_note(TEXT, "PeterNeumann", [PETER]) == a_note(PETER_LINE).encode()


def test_the_hash_of_a_key_is_that_of_its_name_algorithm_and_bytes():
    assert note_key_hash("PeterNeumann", PETER_PUBLIC["peter"]).hex() == "c74f20a3"
    assert note_key_hash("EnochRoot", ENOCH_PUBLIC["enoch"]).hex() == "af0cfe78"
    assert note_key_hash("sum.golang.org", GO_KEY["go"]).hex() == "033de0ae"


def test_peters_note_opens_with_his_key():
    note = a_note(PETER_LINE).encode()

    assert open_note(note, "PeterNeumann", PETER_PUBLIC) == (TEXT, ("peter",))


def test_a_signature_of_a_stranger_is_ignored_beside_a_known_one():
    note = a_note(PETER_LINE, ENOCH_LINE).encode()

    assert open_note(note, "PeterNeumann", PETER_PUBLIC) == (TEXT, ("peter",))
    assert open_note(note, "EnochRoot", ENOCH_PUBLIC) == (TEXT, ("enoch",))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        pytest.param("PeterNeumann", {}, id="no-key"),
        pytest.param("PeterNeumann", ENOCH_PUBLIC, id="another-key"),
        pytest.param("PeterNeuman", PETER_PUBLIC, id="another-name"),
        pytest.param("EnochRoot", PETER_PUBLIC, id="the-name-of-another"),
    ],
)
def test_a_note_that_only_strangers_signed_is_not_believed(name, keys):
    assert rejected(a_note(PETER_LINE), name, keys).code == UNKNOWN_KEY


def test_a_bad_signature_of_a_known_key_spoils_the_note_whatever_else_is_there():
    bad = PETER_LINE.replace("ZJku", "ZJkv")

    assert rejected(a_note(bad)).code == BAD_SIGNATURE
    assert rejected(a_note(PETER_LINE, bad)).code == BAD_SIGNATURE
    assert rejected(a_note(bad, PETER_LINE)).code == BAD_SIGNATURE
    assert rejected(a_note(PETER_LINE, text=TEXT.upper())).code == BAD_SIGNATURE


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(TEXT, id="no-signature"),
        pytest.param(a_note(), id="a-blank-line-only"),
        pytest.param(a_note(PETER_LINE[:-1]), id="no-newline-at-the-end"),
        pytest.param(a_note(PETER_LINE + "\n"), id="a-blank-line-at-the-end"),
        pytest.param("\x01" + a_note(PETER_LINE), id="a-control-character"),
        pytest.param(a_note(PETER_LINE.replace("\n", "\r\n")), id="a-carriage-return"),
        pytest.param(b"\xff" + a_note(PETER_LINE).encode(), id="not-utf-8"),
        pytest.param(a_note(PETER_LINE, "Unexpected line.\n"), id="another-line"),
        pytest.param(
            a_note(PETER_LINE.replace("PeterNeumann", "Bad Name")), id="a-space-in-a-name"
        ),
        pytest.param(a_note(PETER_LINE.replace("PeterNeumann", "A\u2003B")), id="a-wide-space"),
        pytest.param(a_note(PETER_LINE.replace("PeterNeumann", "A+B")), id="a-plus-in-a-name"),
        pytest.param(a_note(PETER_LINE.replace("PeterNeumann", "")), id="no-name"),
        pytest.param(a_note(PETER_LINE.replace("\u2014", "-")), id="a-hyphen"),
        pytest.param(a_note("\u2014 PeterNeumann\n"), id="no-base64"),
        pytest.param(a_note("\u2014 PeterNeumann x08gow==\n"), id="a-hash-only"),
        pytest.param(a_note(PETER_LINE.replace("AM=", "AN=")), id="spare-bits-of-base64"),
        pytest.param(a_note(PETER_LINE.replace("AM=", "AM")), id="no-padding"),
        pytest.param(a_note(*[PETER_LINE] * 101), id="101-signatures"),
        pytest.param(a_note(PETER_LINE, text="x" * 1_000_000 + "\n"), id="a-megabyte"),
    ],
)
def test_what_is_no_note_is_refused_before_any_signature(note):
    assert rejected(note).code == ALTERED


def test_the_text_of_a_note_may_have_blank_lines():
    note = signed_note("one\n\ntwo\n\n", "PeterNeumann", [PETER])

    assert open_note(note, "PeterNeumann", PETER_PUBLIC)[0] == "one\n\ntwo\n\n"


def test_sixteen_signatures_and_more_are_read():
    keys = [SigningKey(bytes([number] * 32)) for number in range(100)]
    trusted = {str(number): bytes(key.verify_key) for number, key in enumerate(keys)}

    note = signed_note(TEXT, "clinic", keys)

    assert open_note(note, "clinic", trusted)[1] == tuple(trusted)


def test_two_keys_with_one_hash_are_told_apart_by_the_signature():
    # Found by trying: 32 bits collide for whoever wants them to, so the hash must never decide.
    one, other = (SigningKey(seed.to_bytes(32, "big")) for seed in (39_891, 46_605))
    trusted = {"one": bytes(one.verify_key), "other": bytes(other.verify_key)}
    hashes = {note_key_hash("clinic", public).hex() for public in trusted.values()}

    assert hashes == {"97a57720"}
    assert open_note(signed_note(TEXT, "clinic", [other]), "clinic", trusted)[1] == ("other",)
    only_one = {"one": trusted["one"]}
    assert rejected(signed_note(TEXT, "clinic", [other]), "clinic", only_one).code == BAD_SIGNATURE


def test_a_checkpoint_of_the_checksum_database_of_go_verifies():
    text, signers = open_note(GO_CHECKPOINT.encode(), "sum.golang.org", GO_KEY)

    root = "99bf102d022cd19d323f90acb6aea0ba3f3ba1759e0bd80433ca158a49a6f569"
    assert signers == ("go",)
    assert parse_head(text) == ("go.sum database tree", Head(6_476_701, bytes.fromhex(root)))


def test_the_checkpoint_of_the_specification_is_read():
    text, (signature,) = parse_note(SOFA_CHECKPOINT.encode())

    assert signature.name == "example.com/behind-the-sofa"
    assert signature.key_hash.hex() == "033de0ae"
    assert len(signature.signature) == 64
    assert parse_head(text)[1].size == 20_852_163


def test_a_checkpoint_names_origin_size_and_root():
    # golang.org/x/mod, sumdb/tlog: TestFormatTree.
    assert checkpoint_text("go.sum database tree", HEAD) == (
        "go.sum database tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n"
    )


def test_a_signed_checkpoint_is_read_back():
    note = signed_checkpoint(ORIGIN, HEAD, [KEY])

    checkpoint = read_checkpoint(note, ORIGIN, TRUSTED)

    assert (checkpoint.origin, checkpoint.head) == (ORIGIN, HEAD)
    assert checkpoint.signers == (FIRST,)
    assert checkpoint.note == note


def test_after_a_rotation_either_key_opens_what_both_signed():
    note = signed_checkpoint(ORIGIN, HEAD, [KEY, NEW_KEY])

    assert read_checkpoint(note, ORIGIN, BOTH).signers == (FIRST, SECOND)
    assert read_checkpoint(note, ORIGIN, TRUSTED).signers == (FIRST,)
    only_new = {SECOND: BOTH[SECOND]}
    assert read_checkpoint(note, ORIGIN, only_new).signers == (SECOND,)


def test_the_checkpoint_of_another_site_is_refused():
    other = signed_note(checkpoint_text("hipaa.compliance_agent/other", HEAD), ORIGIN, [KEY])

    with pytest.raises(Rejected, match=r"not of hipaa\.compliance_agent/clinic-001"):
        read_checkpoint(other, ORIGIN, TRUSTED)


def test_a_checkpoint_by_a_foreign_key_is_refused():
    with pytest.raises(Rejected) as caught:
        read_checkpoint(signed_checkpoint(ORIGIN, HEAD, [FOREIGN_KEY]), ORIGIN, TRUSTED)
    assert caught.value.code == UNKNOWN_KEY


def test_lines_after_the_root_are_signed_and_mean_nothing():
    note = signed_note(checkpoint_text(ORIGIN, HEAD) + "extension\n", ORIGIN, [KEY])

    assert read_checkpoint(note, ORIGIN, TRUSTED).head == HEAD


ROOT = b64encode(HEAD.root).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{ORIGIN}\n1\n", id="no-root"),
        pytest.param(f"{ORIGIN}\n1\n\n", id="an-empty-root"),
        pytest.param(f"{ORIGIN}\n\n{ROOT}\n", id="an-empty-size"),
        pytest.param(f"\n1\n{ROOT}\n", id="an-empty-origin"),
        pytest.param(f"{ORIGIN}\n1\n{ROOT}\n\nextension\n", id="a-blank-line"),
        pytest.param(f"{ORIGIN}\n01\n{ROOT}\n", id="a-leading-zero"),
        pytest.param(f"{ORIGIN}\n-1\n{ROOT}\n", id="a-negative-size"),
        pytest.param(f"{ORIGIN}\n0x1\n{ROOT}\n", id="a-hexadecimal-size"),
        pytest.param(f"{ORIGIN}\n1 \n{ROOT}\n", id="a-space"),
        pytest.param(f"{ORIGIN}\n\u0661\n{ROOT}\n", id="an-arabic-one"),
        pytest.param(f"{ORIGIN}\n1234567890123\n{ROOT}\n", id="thirteen-digits"),
        pytest.param(f"{ORIGIN}\n1\n{ROOT[:-4]}\n", id="a-short-root"),
        pytest.param(f"{ORIGIN}\n1\n{ROOT[:-2]}1=\n", id="spare-bits"),
        pytest.param(f"{ORIGIN}\n1\n {ROOT}\n", id="a-space-in-the-root"),
        pytest.param(f"{ORIGIN}\n0\n{ROOT}\n", id="a-root-of-nothing"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text):
    note = signed_note(text, ORIGIN, [KEY])

    with pytest.raises(Rejected) as caught:
        read_checkpoint(note, ORIGIN, TRUSTED)
    assert caught.value.code == ALTERED


def test_an_empty_log_can_have_a_checkpoint():
    note = signed_checkpoint(ORIGIN, Head(0, EMPTY_ROOT), [KEY])

    assert read_checkpoint(note, ORIGIN, TRUSTED).head.size == 0


def test_no_checkpoint_survives_a_turned_bit():
    note = signed_checkpoint(ORIGIN, HEAD, [KEY])

    for spoilt in flips(note):
        with pytest.raises(Rejected):
            read_checkpoint(spoilt, ORIGIN, TRUSTED)


def test_no_checkpoint_survives_being_cut():
    note = signed_checkpoint(ORIGIN, HEAD, [KEY])

    for end in range(len(note)):
        with pytest.raises(Rejected):
            read_checkpoint(note[:end], ORIGIN, TRUSTED)


@pytest.mark.parametrize(
    ("text", "name", "keys"),
    [
        pytest.param("text\n", "a name", [KEY], id="a-space"),
        pytest.param("text\n", "a+name", [KEY], id="a-plus"),
        pytest.param("text\n", "", [KEY], id="no-name"),
        pytest.param("text", "name", [KEY], id="no-newline"),
        pytest.param("a\ttext\n", "name", [KEY], id="a-tab"),
        pytest.param("text\n", "name", [], id="no-key"),
    ],
)
def test_what_would_be_no_note_is_not_signed(text, name, keys):
    with pytest.raises(NoteInvalid):
        signed_note(text, name, keys)
