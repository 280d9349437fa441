# SPDX-License-Identifier: GPL-3.0-or-later
"""What our collectors and judges say passes unchanged, and without the large word list.

``data/scenario_values.json`` holds every text, by path, of the bundles that the 52 unhealthy
scenarios and the healthy baselines of the lab gave when PowerShell ran them. The bundles of the
demo are made here from its recordings.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.bundles import (
    Frame,
    Reason,
    observed_bundle,
    unobserved_bundle,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.host import HostFacts
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.probe import (
    parse_document,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import (
    JUDGES,
    judge_document,
    load_policies,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.policies import (
    Mode,
    policy_for,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.scrubber import Scrubber
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import read_yaml
from unit.phi.conftest import INVENTORY, KEY, TODAY

DATA = Path(__file__).with_name("data")
ROOT = Path(__file__).parents[3]
# What policy alters in typed documents: nothing.
ALTERED: list[str] = []


def recorded_bundles() -> list[dict[str, Any]]:
    """Return the bundles of each recorded answer of the demo, and one of an unreachable host."""
    now = datetime(2025, 11, 28, 9, 0, tzinfo=UTC)
    provenance = {
        "ansible_version": "2.19.14",
        "collection_version": "0.1.0",
        "collector_sha256": None,
        "key_id": "30d03d559643bfeb",
        "run_bundles": 6,
        "run_id": "20251128T081638Z-7db63b79",
        "job_id": "4711",
    }
    frame = Frame("EB-20251128-000001", "clinic-001", "dc01", now, provenance)
    policies = load_policies(ROOT / "rules", list(CheckId))
    bundles = [unobserved_bundle(frame, CheckId.BACKUP, Reason.UNREACHABLE, ("164.312(b)",))]
    for file in sorted((ROOT / "tests" / "lab" / "recordings").glob("*.json")):
        answers = [item["answer"] for item in json.loads(file.read_text())["answers"]]
        # Scripts of runbooks answer as well, and collect no facts.
        for facts in (answer["facts"] for answer in answers if "facts" in answer):
            document = parse_document(facts)
            wanted = {check: policies[check] for check in CheckId if check in document.checks}
            checks = judge_document(document, wanted, document.collected_at, document.collected_at)
            bundles += [observed_bundle(frame, check, facts) for check in checks]
    return bundles


def texts(model: type, path: str) -> list[str]:
    """Return the paths of all texts in *model*, as the schema of its JSON tells them."""
    schema = TypeAdapter(model).json_schema()
    found: list[str] = []

    def walk(node: dict[str, Any], at: str) -> None:
        if "$ref" in node:
            walk(schema["$defs"][node["$ref"].rpartition("/")[2]], at)
        for option in (*node.get("anyOf", ()), *node.get("allOf", ())):
            walk(option, at)
        for name, inner in node.get("properties", {}).items():
            walk(inner, f"{at}.{name}")
        if "items" in node:
            walk(node["items"], f"{at}[]")
        if node.get("type") == "string":
            found.append(at)

    walk(schema, path)
    return sorted(set(found))


@pytest.fixture(scope="module")
def fresh() -> Scrubber:
    return Scrubber(KEY, INVENTORY, today=TODAY)


def test_every_bundle_of_the_recordings_passes_unchanged(fresh):
    bundles = recorded_bundles()

    altered = [bundle for bundle in bundles if fresh.scrub_document(bundle).document != bundle]

    assert len(bundles) > 100
    assert altered == ALTERED


def test_every_text_of_the_scenarios_passes_unchanged(fresh):
    values = json.loads((DATA / "scenario_values.json").read_text())
    altered = []
    for path, found in values.items():
        for value in found:
            result = fresh.scrub_document(_nested(path, value))
            if result.document != _nested(path, value) or result.is_flagged:
                altered.append(f"{path}: {value}")

    assert sum(map(len, values.values())) > 1000
    assert altered == ALTERED


def test_typed_documents_do_not_load_the_large_word_list(monkeypatch):
    scrubber = Scrubber(KEY, INVENTORY, today=TODAY)
    monkeypatch.setattr("zlib.decompress", lambda _data: pytest.fail("the word list was loaded"))

    for bundle in recorded_bundles():
        assert not scrubber.scrub_document(bundle).is_flagged


# Texts that a site or a host may word freely: log mode and path mode are their policy.
FREE = {
    "facts.forwarding.value.managers.items[]",  # addresses of collectors
    "facts.product_events.value.items[].product",  # names from the products table
    "facts.products.value.items[].name",
    "facts.security_center.value.items[].name",
    "facts.rules.value.items[].name",  # firewall rules may be called anything
    "facts.shares.value.items[].name",
    "facts.dumps.value.items[].pattern",
    "facts.product_events.value.items[].events.source",
}


@pytest.mark.parametrize("check", list(CheckId))
def test_every_text_of_a_fact_document_has_a_policy_of_its_own(check):
    paths = [path for path in texts(JUDGES[check].facts, "facts") if ".host." not in path]
    paths += texts(HostFacts, "host")

    untyped = {
        path
        for path in paths
        if not policy_for(path).is_known and not path.endswith(".source") and path not in FREE
    }

    assert untyped == set()


def test_no_secret_has_a_typed_field():
    assert policy_for("bundle.pre_state.facts.recovery_password").mode is Mode.DROP
    assert policy_for("bundle.pre_state.host.token.value.integrity").mode is Mode.TYPED


def _nested(path: str, value: str) -> Any:
    """Return *value* at *path* below the root ``bundle``."""
    document: Any = value
    for name in reversed(path.split(".")[1:]):
        for _ in range(name.count("[]")):
            document = [document]
        document = {name.replace("[]", ""): document}
    return document


def test_the_id_of_every_shipped_rule_stays_readable():
    ids = [rule["id"] for rule in read_yaml(ROOT / "rules" / "l1_rules.yaml")["rules"]]

    scrubbed = [
        Scrubber(KEY, INVENTORY, today=TODAY)
        .scrub_document({"healing": [{"rule_id": rule_id}]}, root="post_state")
        .document["healing"][0]["rule_id"]
        for rule_id in ids
    ]

    assert scrubbed == ids
    assert "L1-AV-EDR-004" in ids
