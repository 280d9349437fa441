# SPDX-License-Identifier: GPL-3.0-or-later
"""An index written by hand, with at least one row in every table: no evidence stands behind it."""

from datetime import UTC, datetime

from sqlalchemy import insert

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.database import Database
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.store.schema import (
    Bundle,
    BundleFinding,
    KeyStatement,
    LatestCheck,
    Run,
    Site,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SITE = {"site_id": "clinic-001"}
LINE = {"file": "keys/x.json", "line_sha256": "c" * 64}
BUNDLE = {
    **SITE, "log_index": 0, "run_index": 2, "bundle_id": "EB-20260302-000001", "host_id": "dc01",
    "check_id": "firewall", "status": "FAIL", "outcome": "failure", "reason_code": "profile_off",
    "error_code": None, "message": "FAIL: a profile is off", "checked_at": NOON, "sealed_at": NOON,
    "controls": ["164.312(e)(1)", "164.312(b)"], "file": "bundles/2026-03-02/run-1.jsonl",
    "byte_offset": 0, "byte_length": 2048, "line_sha256": "a" * 64,
}  # fmt: skip
SILENT = {
    **BUNDLE, "log_index": 1, "bundle_id": "EB-20260302-000002", "host_id": "zürich 😀",
    "status": "ERROR", "reason_code": "unreachable", "error_code": "E004", "checked_at": None,
    "byte_offset": 2048, "byte_length": 1024, "line_sha256": "b" * 64,
}  # fmt: skip
FINDING = {
    **SITE, "log_index": 0, "position": 0, "code": "profile_off", "status": "FAIL",
    "severity": "HIGH", "scope": "domain", "gpo_managed": False,
}  # fmt: skip
RUN = {
    **SITE, "log_index": 2, "run_id": "run-1", "status": "complete", "started_at": NOON,
    "sealed_at": NOON, "clock_set_back_seconds": 0, "inventory_hosts": 2, "hosts": 2,
    "expected": 12, "obtained": 1, "missing": 1, "not_scheduled": 10, "bundles": 2,
    "first_index": 0, "key_id": "0123456789abcdef", "file": "coverage/2026-03-02/run-1.json",
    "line_sha256": "d" * 64,
}  # fmt: skip
STATEMENT = {
    **SITE, **LINE, "log_index": 3, "statement_id": "KS-20260302T130000Z-fedcba9876543210",
    "kind": "key_rotation", "issued_at": NOON, "key_id": "0123456789abcdef",
    "subject_key_id": "fedcba9876543210", "compromised_at": None, "reason_code": None,
}  # fmt: skip
ROWS = {
    Site: [{
        **SITE, "log_origin": "hipaa.compliance_agent/clinic-001", "tree_size": 4,
        "root": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "checkpoint": "a signed note",
        "ingested_at": NOON,
    }],
    KeyStatement: [STATEMENT],
    Run: [RUN],
    Bundle: [BUNDLE, SILENT],
    BundleFinding: [FINDING, {**FINDING, "position": 1, "code": "rule_open", "gpo_managed": True}],
    LatestCheck: [
        {**SITE, "host_id": "dc01", "check_id": "firewall", "log_index": 0},
        {**SITE, "host_id": "zürich 😀", "check_id": "firewall", "log_index": 1},
    ],
}  # fmt: skip


def write_rows(database: Database) -> None:
    """Write them all."""
    with database.writing() as session:
        for table, rows in ROWS.items():
            session.execute(insert(table), rows)
