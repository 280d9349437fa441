# SPDX-License-Identifier: GPL-3.0-or-later
"""How facts are declared: as strict as a model of pydantic, and built once a process."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from pydantic import TypeAdapter, ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts import host_record
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.backup import (
    ProductEvents,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.host_record import (
    FactList,
    HostRecord,
    forget_parsers,
    parse_json,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.logging import (
    LogState,
    Silence,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.patching import Package
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.service import Service
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import (
    JUDGES,
    forget_rules_and_facts,
    prepare_facts,
)
from unit.checks.documents import document

SERVICE = {"name": "BFE", "exists": True, "state": "Running", "start_mode": "Auto", "exit_code": 0}


class Sample(HostRecord):
    """One field of each sort."""

    Limit: ClassVar[int] = 5

    number: int
    text: str | None
    listed: tuple[int, ...] = ()


def parsed(kind: Any, value: object) -> Any:
    return parse_json(kind, json.dumps(value))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"number": True, "text": ""}, id="boolean-for-number"),
        pytest.param({"number": "1", "text": ""}, id="text-for-number"),
        pytest.param({"number": 1.0, "text": ""}, id="float-for-number"),
        pytest.param({"number": None, "text": ""}, id="null-for-number"),
        pytest.param({"number": 1, "text": 1}, id="number-for-text"),
        pytest.param({"number": 1}, id="field-missing"),
        pytest.param({"number": 1, "text": "", "listed": 1}, id="one-for-a-list"),
        pytest.param({"number": 1, "text": "", "listed": ["1"]}, id="text-in-a-list"),
        pytest.param([1, ""], id="list-for-fields"),
        pytest.param(None, id="null"),
    ],
)
def test_nothing_is_guessed(value):
    with pytest.raises(ValidationError):
        parsed(Sample, value)


def test_a_field_with_a_value_may_be_missing_and_one_of_a_newer_collector_is_ignored():
    sample = parsed(Sample, {"number": 1, "text": None, "colour": "blue"})

    assert vars(sample) == {"number": 1, "text": None, "listed": ()}


def test_facts_do_not_change():
    sample = parsed(Sample, {"number": 1, "text": "a"})

    with pytest.raises(FrozenInstanceError):
        sample.number = 2
    with pytest.raises(FrozenInstanceError):
        del sample.text
    assert (sample.number, repr(sample)) == (1, "Sample(number=1, text='a', listed=())")


def test_facts_are_equal_by_kind_and_values():
    one, same = (parsed(Service, SERVICE) for _ in range(2))
    other = parsed(Service, SERVICE | {"exit_code": 5})

    assert {one, same, other} == {one, other}
    assert one != tuple(vars(one).values())


def test_a_list_says_how_long_it_is():
    services = parsed(FactList[Service], {"count": 1, "items": [SERVICE]})

    assert (len(services), [item.name for item in services]) == (1, ["BFE"])
    with pytest.raises(ValidationError, match="2 items were read and 1 arrived"):
        parsed(FactList[Service], {"count": 2, "items": [SERVICE]})


def product_events(**of_probe):
    read = {
        "state": "ok",
        "hresult": None,
        "source": "log",
        "elapsed_ms": 3,
        "value": {"count": 1, "items": [{"level": 4, "at": "2025-11-04T02:00:00Z"}]},
    }
    return {"product": "Example Backup", "events": read | of_probe}


def test_a_probe_within_a_probe_is_parsed_to_its_last_value():
    events = parsed(ProductEvents, product_events()).events

    assert [item.at for item in events.value] == [datetime(2025, 11, 4, 2, tzinfo=UTC)]


@pytest.mark.parametrize("elapsed", ["3", True, 3.0, None])
def test_nothing_is_guessed_in_a_probe_within_a_probe(elapsed):
    with pytest.raises(ValidationError):
        parsed(ProductEvents, product_events(elapsed_ms=elapsed))


def test_names_that_python_has_not_are_read():
    silence = {"from": "2025-11-04T02:00:00Z", "to": "2025-11-04T05:00:00Z"}

    assert parsed(Silence, silence).to_at == datetime(2025, 11, 4, 5, tzinfo=UTC)
    with pytest.raises(ValidationError):
        parsed(Silence, {"from_at": silence["from"], "to_at": silence["to"]})


def test_what_contradicts_itself_is_refused():
    state = dict.fromkeys(("enabled", "mode", "max_bytes", "file_bytes", "full"))

    assert not parsed(LogState, {"name": "Security", "exists": False, **state}).exists
    with pytest.raises(ValidationError, match="exists without a configuration"):
        parsed(LogState, {"name": "Security", "exists": True, **state})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("1601-01-01T00:00:00Z", None, id="never-written"),
        pytest.param("2025-10-15T03:00:00Z", datetime(2025, 10, 15, 3, tzinfo=UTC), id="written"),
        pytest.param(None, None, id="not-there"),
    ],
)
def test_a_time_that_nobody_wrote_is_none(written, read):
    package = {"build": 20348, "ubr": 4294, "state": 112, "installed_at": written}

    assert parsed(Package, package).installed_at == read


def test_nothing_is_built_after_the_preparation(monkeypatch):
    prepare_facts()
    built = []

    def building(kind, **options):
        built.append(kind)
        return TypeAdapter(kind, **options)

    monkeypatch.setattr(host_record, "TypeAdapter", building)

    for check, judge in JUDGES.items():
        nothing = judge.facts.parse(document(check.value, {}))
        everything = {
            name: {"state": "ok", "value": {"count": 0, "items": []}} for name in nothing.probes()
        }
        judge.facts.parse(document(check.value, everything))

    assert built == []


def test_what_is_forgotten_is_built_again():
    before = parsed(Service, SERVICE)

    forget_rules_and_facts()
    forget_parsers()

    assert parsed(Service, SERVICE) == before
