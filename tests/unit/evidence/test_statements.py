# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log holds of a signed line, and how a statement comes to be in it."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.statements import (
    LedgerKind,
    ledger_entry,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId

# SHA-256 of "abc", FIPS 180-2 appendix B.1.
LINE = b"abc"
DIGEST = b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_leaf_of_a_bundle_names_its_host_and_check():
    entry = ledger_entry(
        LedgerKind.BUNDLE, "EB-20260302-000002", LINE, host_id="fs01", check=CheckId.FIREWALL
    )

    assert entry == (
        b'{"check":"firewall","host_id":"fs01","id":"EB-20260302-000002","kind":"bundle",'
        b'"sha256":"' + DIGEST + b'"}'
    )


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (LedgerKind.COVERAGE, b"coverage"),
        (LedgerKind.KEY_ROTATION, b"key_rotation"),
        (LedgerKind.KEY_REVOCATION, b"key_revocation"),
    ],
)
def test_a_leaf_of_a_statement_names_its_kind_only(kind, word):
    assert ledger_entry(kind, "CS-run-1", LINE) == (
        b'{"id":"CS-run-1","kind":"' + word + b'","sha256":"' + DIGEST + b'"}'
    )


@pytest.mark.parametrize(
    ("kind", "line", "names"),
    [
        pytest.param("bundle", LINE, {}, id="bundle-of-nobody"),
        pytest.param("bundle", LINE, {"host_id": "fs01"}, id="bundle-of-no-check"),
        pytest.param("coverage", LINE, {"host_id": "fs01"}, id="statement-of-a-host"),
        pytest.param("coverage", LINE + b"\n", {}, id="with-newline"),
        pytest.param("coverage", b"", {}, id="nothing"),
    ],
)
def test_a_leaf_that_is_not_specified_is_refused(kind, line, names):
    with pytest.raises(ValueError, match="a leaf"):
        ledger_entry(LedgerKind(kind), "X-1", line, **names)
