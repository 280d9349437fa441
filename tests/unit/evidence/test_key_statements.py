# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation and a revocation say, who signs them, and what is not one."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_statements import (  # noqa: E501 - a name has no place to wrap
    Compromise,
    KeyRevocation,
    KeyRotation,
    KeyStatementInvalid,
    RevocationReason,
    check_signatures,
    parse_key_statement,
    revocation_line,
    rotation_line,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    SiteKey,
    key_id,
    public_line,
)

SITE = "clinic-001"
ISSUED_AT = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
SINCE = datetime(2026, 3, 31, 22, 15, tzinfo=UTC)
# Written by hand from the reference, in the order of the canonical form.
ROTATION_TEXT = (
    '{"issued_at":"2026-04-01T08:00:00Z","key_id":"56475aa75463474c","kind":"key_rotation",'
    '"new_key":"ed25519:ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ= 65b60673d6ed884b",'
    '"old_key":"ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg= 56475aa75463474c",'
    '"schema_version":1,"site_id":"clinic-001","statement_id":"KS-20260401T080000Z-65b60673d6ed884b"}'
)
REVOCATION_TEXT = (
    '{"compromised_at":"2026-03-31T22:15:00Z","issued_at":"2026-04-01T08:00:00Z",'
    '"key_id":"65b60673d6ed884b","kind":"key_revocation","reason_code":"compromised",'
    '"revoked_key_id":"56475aa75463474c","schema_version":1,"site_id":"clinic-001",'
    '"statement_id":"KS-20260401T080000Z-56475aa75463474c"}'
)


def a_key(seed):
    key = SigningKey(seed)
    return SiteKey(key_id(key.verify_key), public_line(key.verify_key), False, key)


OLD, NEW = a_key(bytes(range(32))), a_key(bytes(range(1, 33)))


def rotation():
    return rotation_line(SITE, OLD, NEW, ISSUED_AT)


def revocation(key_id=OLD.key_id, since=SINCE, signer=NEW):
    compromise = Compromise(key_id, since, RevocationReason.COMPROMISED)
    return revocation_line(SITE, compromise, signer, ISSUED_AT)


def without_signatures(line):
    document = json.loads(line)
    rest = {name: value for name, value in document.items() if not name.endswith("signature")}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"))


def edited(line, **changes):
    document = {**json.loads(line), **changes}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def test_a_rotation_is_the_text_of_the_reference():
    assert without_signatures(rotation()) == ROTATION_TEXT


def test_both_keys_sign_the_same_text_of_a_rotation():
    document = json.loads(rotation())
    digest = sha256(ROTATION_TEXT.encode()).digest()

    OLD.signing_key.verify_key.verify(digest, b64decode(document["signature"]))
    NEW.signing_key.verify_key.verify(digest, b64decode(document["successor_signature"]))


def test_a_revocation_is_the_text_of_the_reference():
    assert without_signatures(revocation()) == REVOCATION_TEXT


def test_a_key_may_revoke_itself():
    statement = parse_key_statement(revocation(signer=OLD))

    check_signatures(statement, OLD.trusted)
    assert (statement.key_id, statement.revoked_key_id) == (OLD.key_id, OLD.key_id)


def test_statements_come_back_as_their_models():
    rotated, revoked = parse_key_statement(rotation()), parse_key_statement(revocation())

    assert isinstance(rotated, KeyRotation)
    assert (rotated.key_id, rotated.new_key_id) == (OLD.key_id, NEW.key_id)
    assert isinstance(revoked, KeyRevocation)
    assert (revoked.compromised_at, revoked.issued_at) == (SINCE, ISSUED_AT)


def test_signatures_of_both_kinds_are_checked():
    check_signatures(parse_key_statement(rotation()), {})
    check_signatures(parse_key_statement(revocation()), NEW.trusted)


@pytest.mark.parametrize("name", ["signature", "successor_signature"])
def test_a_rotation_needs_the_signatures_of_both(name):
    other = json.loads(rotation_line(SITE, OLD, NEW, ISSUED_AT + timedelta(days=1)))
    statement = parse_key_statement(edited(rotation(), **{name: other[name]}))

    with pytest.raises(KeyStatementInvalid, match="the signature does not fit the content"):
        check_signatures(statement, OLD.trusted | NEW.trusted)


def test_a_revocation_by_a_stranger_is_not_valid():
    statement = parse_key_statement(revocation(signer=NEW))

    with pytest.raises(KeyStatementInvalid, match="which is no key of this site"):
        check_signatures(statement, OLD.trusted)


def test_a_compromise_in_the_future_is_refused():
    with pytest.raises(KeyStatementInvalid, match="compromised_at is after issued_at"):
        revocation(since=ISSUED_AT + timedelta(seconds=1))


def test_a_compromise_is_written_in_utc_and_never_later_than_it_was():
    local = datetime(2026, 4, 1, 0, 15, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))

    assert json.loads(revocation(since=local))["compromised_at"] == "2026-03-31T22:15:00Z"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        revocation(since=SINCE.replace(tzinfo=None))


def test_a_key_does_not_follow_itself():
    with pytest.raises(KeyStatementInvalid, match="the new key is another one"):
        rotation_line(SITE, OLD, OLD, ISSUED_AT)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"schema_version": 2}, "schema_version", id="version"),
        pytest.param({"kind": "coverage"}, "kind", id="kind"),
        pytest.param({"comment": "x"}, "comment", id="unknown-field"),
        pytest.param({"key_id": NEW.key_id}, "key_id is that of the old key", id="other-key"),
        pytest.param({"issued_at": "2026-04-02T08:00:00Z"}, "statement_id", id="other-time"),
        pytest.param({"issued_at": "20260401T080000Z"}, "canonical", id="time-otherwise-written"),
        pytest.param({"signature": ""}, "signature", id="unsigned"),
        pytest.param({"new_key": NEW.public_line[8:]}, "new_key", id="key-without-its-kind"),
        pytest.param({"new_key": NEW.public_line[:-17]}, "new_key", id="key-without-its-name"),
        pytest.param({"new_key": "ed25519:" + "A" * 43 + "= 0" * 16}, "new_key", id="not-a-key"),
    ],
)
def test_what_is_not_specified_is_no_statement(changes, reason):
    with pytest.raises(KeyStatementInvalid, match=reason):
        parse_key_statement(edited(rotation(), **changes))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="no-object"),
        pytest.param(b"\xff", id="no-text"),
        pytest.param(rotation() + b"\n", id="newline"),
        pytest.param(b" " + rotation(), id="space"),
        pytest.param(rotation()[:-20], id="cut-off"),
        pytest.param(rotation().replace(b"{", b'{"kind":"key_revocation",', 1), id="doubled-key"),
    ],
)
def test_what_is_not_canonical_is_no_statement(line):
    with pytest.raises(KeyStatementInvalid):
        parse_key_statement(line)


@given(st.sampled_from([rotation(), revocation()]), st.data())
def test_no_changed_byte_survives(line, data):
    place = data.draw(st.integers(0, len(line) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(line)
    changed[place] ^= 1 << bit

    with pytest.raises(KeyStatementInvalid):
        check_signatures(parse_key_statement(bytes(changed)), OLD.trusted | NEW.trusted)
