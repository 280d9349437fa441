# SPDX-License-Identifier: GPL-3.0-or-later
"""What the auditor's verifier says of a site whose keys were changed by the product."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from nacl.signing import SigningKey

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence import verify
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_changes import (
    KeyKeeper,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.key_statements import (  # noqa: E501 - a name has no place to wrap
    Compromise,
    RevocationReason,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    load_key,
    publish_key,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.ledger.log import (
    SiteLog,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    SiteDirectory,
)
from unit.evidence.site_writer import SITE, SiteWriter, key, key_id, trusted

OK, UNKNOWN_KEY, REVOKED_KEY = 0, 6, 9
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Estate:
    """A site whose runs come from the independent writer, and its key changes from the product."""

    def __init__(self, root):
        self.now = START
        self.directory = SiteDirectory(root / "evidence", SITE)
        self.directory.prepare()
        self.writer = SiteWriter(root / "evidence")
        self.file = root / "site.key"
        self.file.touch(0o600)
        self.file.write_text(f"ed25519-seed:{b64encode(bytes([1]) * 32).decode()}\n")
        publish_key(load_key(self.file), self.directory)
        self.first = key(1)

    def run(self, run_id):
        """Seal a run with the key in use, as the writer does it, after what the product logged."""
        self.writer.signer = self.in_use()
        log = SiteLog(self.directory.log, self.directory.log_origin)
        head = log.head(load_key(self.file).trusted)
        self.writer.entries = list(log.entries(0, head.head.size)) if head else []
        self.writer.run(run_id, {"dc01": ["PASS"], "fs01": ["FAIL"]}, at=self.text(self.now))
        self.now += timedelta(days=1)

    def in_use(self) -> SigningKey:
        return load_key(self.file).signing_key

    def rotate(self):
        KeyKeeper(self.directory, self.file, lambda: self.now).rotate()
        self.now += timedelta(days=1)
        return self.in_use()

    def revoke(self, revoked, since):
        compromise = Compromise(key_id(revoked), since, RevocationReason.COMPROMISED)
        KeyKeeper(self.directory, self.file, lambda: self.now).revoke(compromise)
        self.now += timedelta(days=1)
        return self.in_use()

    def verify(self, *keys):
        verifier = verify.Verifier(trusted(*keys))
        verifier.read_site(self.directory.path)
        return verifier.exit_code(), [str(problem) for problem in verifier.problems]

    @staticmethod
    def text(instant):
        return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def estate(tmp_path):
    return Estate(tmp_path)


def test_a_rotated_site_verifies_with_either_key(estate):
    estate.run("run-1")
    second = estate.rotate()
    estate.run("run-2")

    assert estate.verify(estate.first) == (OK, [])
    assert estate.verify(second) == (OK, [])


def test_a_site_that_ends_with_a_rotation_verifies_with_either_key(estate):
    estate.run("run-1")
    second = estate.rotate()

    assert estate.verify(estate.first) == (OK, [])
    assert estate.verify(second) == (OK, [])


def test_a_chain_of_rotations_verifies_with_any_of_its_keys(estate):
    keys = [estate.first]
    for number in range(3):
        estate.run(f"run-{number}")
        keys.append(estate.rotate())
    estate.run("run-last")

    assert [estate.verify(item) for item in keys] == [(OK, [])] * 4


def test_a_foreign_key_verifies_nothing_of_it(estate):
    estate.run("run-1")
    estate.rotate()

    assert estate.verify(key(9))[0] == UNKNOWN_KEY


def test_what_the_key_in_use_signed_before_it_revoked_itself_verifies(estate):
    estate.run("run-1")
    second = estate.revoke(estate.first, estate.now - timedelta(hours=1))
    estate.run("run-2")

    assert estate.verify(estate.first, second) == (OK, [])


def test_a_key_that_revoked_itself_does_not_bring_the_next_one(estate):
    estate.run("run-1")
    estate.revoke(estate.first, estate.now - timedelta(hours=1))
    estate.run("run-2")

    assert estate.verify(estate.first)[0] == UNKNOWN_KEY


def test_what_was_sealed_after_a_compromise_does_not_verify(estate):
    estate.run("run-1")
    estate.run("run-2")
    second = estate.revoke(estate.first, START + timedelta(hours=12))
    estate.run("run-3")

    code, problems = estate.verify(estate.first, second)

    assert code == REVOKED_KEY
    assert {
        word for problem in problems for word in ("run-1", "run-2", "run-3") if word in problem
    } == {"run-2"}


def test_a_former_key_that_leaked_after_its_rotation_takes_nothing_with_it(estate):
    estate.run("run-1")
    second = estate.rotate()
    estate.run("run-2")
    estate.revoke(estate.first, estate.now - timedelta(minutes=1))
    estate.run("run-3")

    assert estate.verify(second) == (OK, [])


def test_an_heir_that_was_named_after_the_compromise_is_not_believed(estate):
    estate.run("run-1")
    second = estate.rotate()
    estate.revoke(estate.first, START + timedelta(hours=12))

    code, problems = estate.verify(estate.first, second)

    assert code == REVOKED_KEY
    assert [problem for problem in problems if "run-1" in problem] == []


def test_the_leaves_of_the_product_are_those_of_the_reference(estate):
    estate.rotate()

    [leaf] = [json.loads(entry) for entry in _entries(estate)]

    assert sorted(leaf) == ["id", "kind", "sha256"]
    assert leaf["kind"] == "key_rotation"


def _entries(estate):
    log = SiteLog(estate.directory.log, estate.directory.log_origin)
    head = log.head(load_key(estate.file).trusted)
    return log.entries(0, head.head.size)
