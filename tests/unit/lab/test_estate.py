# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies estate files: what they may say, what they become, and how errors read."""

import json
from datetime import UTC, datetime

import pytest

from lab.estate import ESTATES, EstateInvalid, LabHost, fleet, load_estate
from lab.hoststates import build_host_states, write_estate
from lab.windows.states import Clock

ESTATE = """\
accounts: {ansible: Lab-Passw0rd!}
run_as: [login, system]
hosts:
  - name: fs01
    address: 127.42.0.12
    windows: healthy-2019-member
    edits: [{rename: {computer_name: fs01}}, {scenario: {check: firewall, id: U1}}]
    locale: de-DE
    time_zone: Europe/Berlin
  - name: dc01
    address: 127.42.0.11
    windows: healthy-2016-dc
    faults: [refused]
"""


@pytest.fixture
def load(tmp_path):
    def load(text):
        file = tmp_path / "clinic.yml"
        file.write_text(text)
        return load_estate(file)

    return load


def test_replay_finds_a_recording_by_the_name_of_the_host(load):
    estate = load(ESTATE).recorded()

    assert estate.hosts == (
        LabHost("fs01", "127.42.0.12", recording="fs01"),
        LabHost("dc01", "127.42.0.11", recording="dc01", faults=("refused",)),
    )
    assert estate.accounts == {"ansible": "Lab-Passw0rd!"}


def test_the_engine_gets_a_document_for_each_host(load, tmp_path):
    estate = write_estate(load(ESTATE), tmp_path / "states", Clock("frozen"))

    fs01 = json.loads(estate.hosts[0].state.read_text())
    assert fs01["os"]["computer_name"] == "FS01"
    assert fs01["os"]["fqdn"].startswith("fs01.")
    assert (fs01["locale"], fs01["time_zone"]) == ("de-DE", "Europe/Berlin")
    dc01 = json.loads(estate.hosts[1].state.read_text())
    assert dc01["os"]["key"] == "2016"
    assert dc01["locale"] == "en-US"


def test_edits_change_the_state_in_their_order(load):
    healthy = load(ESTATE.replace(", {scenario: {check: firewall, id: U1}}", ""))
    clock = Clock("frozen", datetime(2025, 11, 4, tzinfo=UTC))

    before = build_host_states(healthy, clock)["fs01"]
    after = build_host_states(load(ESTATE), clock)["fs01"]

    changed = {key for key in after if after[key] != before[key]}
    assert "registry" in changed
    assert "services" not in changed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("127.42.0.12", "host", "hosts.0.address: "),
        ("127.42.0.12", "127.42.0.11", "two hosts share the address 127.42.0.11"),
        ("name: dc01", "name: fs01", "two hosts share the name fs01"),
        ("locale:", "local:", "hosts.0.local: Extra inputs are not permitted"),
        ("[login, system]", "[root]", "run_as.0: Input should be 'login', 'batch' or 'system'"),
        ("accounts: {ansible: Lab-Passw0rd!}", "", "accounts: Field required"),
        ("[refused]", "[refused", "is no YAML"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(load, old, new, message):
    with pytest.raises(EstateInvalid) as caught:
        load(ESTATE.replace(old, new))

    assert "clinic.yml" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("healthy-2016-dc", "healthy-2016", "dc01: windows is unknown; got 'healthy-2016'"),
        ("{rename:", "{paint:", "fs01: unknown edit; got 'paint'. Known: disabled_service, "),
        ("id: U1", "id: U99", "fs01: edit scenario"),
        ("computer_name: fs01", "colour: red", "fs01: edit rename"),
    ],
)
def test_an_unknown_state_or_edit_is_told_with_its_host(load, old, new, message):
    with pytest.raises(EstateInvalid) as caught:
        build_host_states(load(ESTATE.replace(old, new)), Clock("frozen"))

    assert message in str(caught.value)


def test_a_missing_file_names_what_exists(tmp_path):
    with pytest.raises(EstateInvalid, match="Known estates:"):
        load_estate(tmp_path / "none.yml")


def test_every_estate_of_the_lab_can_be_built():
    for file in ESTATES.glob("*.yml"):
        plan = load_estate(file)

        assert list(build_host_states(plan, Clock("frozen"))) == [host.name for host in plan.hosts]


def test_a_fleet_takes_turns_with_the_recordings():
    estate = fleet(300, ["a", "b"], {"ansible": "x"})

    assert estate.hosts[0] == LabHost("host0001", "127.43.0.1", recording="a")
    assert estate.hosts[299] == LabHost("host0300", "127.43.1.44", recording="b")


def test_a_fleet_without_recordings_is_refused():
    with pytest.raises(EstateInvalid, match="make record"):
        fleet(3, [], {})
