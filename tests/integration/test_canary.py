# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that PHI which lies on a host gets nowhere: no file, no screen, no row of the index.

It is planted on every host of the demo, and on hosts with a threat, a failed backup, a broad rule.
"""

import os
import re
import subprocess
import sys
import zipfile
import zlib
from base64 import b64decode
from contextlib import suppress
from pathlib import Path

import pytest

from integration.estate_run import SITE, EstateHost, check_estate
from integration.healing.clinic import open_clinic
from integration.runbooks.cases import host
from integration.scenarios import estate_hosts
from lab.estate import ESTATES, load_estate
from lab.hoststates import build_host_states
from lab.windows.states import Clock
from webui.application import create_app
from webui.settings import read_settings

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[2]
# Fictional. Each is in a place that a check reads, or beside one.
FILE_NAME = "Quillfeather_Ottoline_MRN0084417_1961-04-02.pdf"
CANARIES = ("quillfeather", "ottoline", "0084417", "1961-04-02", "zqmbroadbent", "201-9981")

PARAMETER = re.compile(r"<[^>]+>")
CARRIED = re.compile(rb'"(?:compliance_evidence|carried)": ?"([A-Za-z0-9+/=]+)"')


def plant(state):
    """Put the canaries on the host."""
    path = f"C:\\Users\\zqmbroadbent\\Documents\\{FILE_NAME}"
    defender = state["defender"]
    defender["preference"]["ExclusionPath"] = [path]
    defender["preference"]["ExclusionProcess"] = [path]
    for detection in defender["detections"]:
        detection |= {"Resources": [f"file:_{path}"], "DomainUser": "CLINIC\\zqmbroadbent"}
    for threat in defender["threats"]:
        threat["ThreatName"] = f"Trojan of {FILE_NAME}"
    target = f"\\\\nas01\\Patients\\{FILE_NAME}"
    if (backup := state["backup"]) is not None:
        backup["summary"] |= {"LastSuccessfulBackupTargetLabel": target, "LastBackupTarget": target}
        backup["summary"]["DetailedMessage"] = f"Could not read {path}, call (555) 201-9981"
        for known in (backup["policy"] or {}).get("BackupTargets", []):
            known["Label"] = target
    for rule in state["firewall"]["rules"]["PersistentStore"]:
        rule["DisplayName"] = f"Allow {FILE_NAME} (555) 201-9981"
    for log in state["eventlogs"].values():
        for record in log.get("records", []):
            record["Message"] = f"{path} was opened by CLINIC\\zqmbroadbent"
    return state


@pytest.fixture(scope="module")
def run(engine_settings, tmp_path_factory):
    """Check hosts that are full of canaries; return the folder and what the screen said."""
    demo = build_host_states(load_estate(ESTATES / "demo.yml"), Clock("frozen"))
    unhealthy = {"av_edr-U6", "backup-U1", "firewall-U7", "encryption-U3"}
    hosts = [EstateHost(name, plant(state)) for name, state in demo.items()] + [
        EstateHost(host.name, plant(host.state), host.variables)
        for host in estate_hosts()
        if host.name in unhealthy
    ]
    folder = tmp_path_factory.mktemp("canary") / "run"
    assert len(hosts) == len(demo) + len(unhealthy)
    return folder, check_estate(engine_settings, folder, hosts, "-vvv")


def texts_of(data):
    """Yield *data* and what is packed in it, as far as anybody without a key can read it."""
    yield data
    for packed in map(b64decode, CARRIED.findall(data)):
        yield packed
        with suppress(zlib.error):
            yield zlib.decompress(packed)


def found_in(data):
    return [word for text in texts_of(data) for word in CANARIES if word.encode() in text.lower()]


def test_no_file_of_the_evidence_has_a_canary(run):
    folder, _screen = run
    files = [file for file in (folder / "evidence").rglob("*") if file.is_file()]

    guilty = {file.name: found for file in files if (found := found_in(file.read_bytes()))}

    assert guilty == {}
    assert len(files) > 5


def test_the_screen_shows_no_canary_whatever_it_is_asked_to_show(run):
    _folder, screen = run

    assert "compliance_checks" in screen
    assert found_in(screen.encode()) == []


def flask(folder, *command):
    """Run a command of the application beside the evidence in *folder*; return what it says."""
    finished = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "webui", *command],
        cwd=ROOT,
        env={
            **os.environ,
            "HIPAA_SITE_ID": SITE,
            "HIPAA_EVIDENCE_DIR": str(folder / "evidence"),
            "HIPAA_DATABASE_URL": f"sqlite:///{folder / 'index.sqlite'}",
        },
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def indexed(run):
    """Index the evidence; return the folder, the public key and what was said."""
    folder, _screen = run
    [key] = (folder / "evidence" / SITE / "keys").glob("*.pub")
    return folder, key, flask(folder, "store", "ingest", "--site", SITE, "--key", str(key))


def test_the_index_has_no_canary(indexed):
    folder, _key, said = indexed

    assert found_in((folder / "index.sqlite").read_bytes()) == []
    assert found_in(said) == []


def test_what_an_auditor_gets_has_no_canary(indexed, tmp_path):
    folder, key, _said = indexed
    archive = tmp_path / "evidence.zip"
    days = ("--from", "2020-01-01", "--to", "2099-12-31")

    said = flask(folder, "evidence", "export", *days, "--key", str(key), "--output", str(archive))

    assert found_in(said) == []
    with zipfile.ZipFile(archive) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    guilty = {name: found for name, data in files.items() if (found := found_in(data))}
    assert guilty == {}
    assert len(files) > 5


@pytest.mark.parametrize(
    "command", [("store", "status"), ("store", "digest"), ("healing", "waiting"), ("keys", "show")]
)
def test_no_command_answers_with_a_canary(indexed, command):
    folder, _key, _said = indexed

    assert found_in(flask(folder, *command)) == []


def test_no_address_of_the_application_answers_with_a_canary(indexed):
    folder, _key, _said = indexed
    settings = read_settings(
        {
            "HIPAA_SITE_ID": SITE,
            "HIPAA_EVIDENCE_DIR": str(folder / "evidence"),
            "HIPAA_DATABASE_URL": f"sqlite:///{folder / 'index.sqlite'}",
        }
    )
    application = create_app(settings)
    client = application.test_client()
    # Whatever page or endpoint there is; a parameter is the host that has most to tell.
    addresses = {
        PARAMETER.sub("fs01", str(rule))
        for rule in application.url_map.iter_rules()
        if "GET" in (rule.methods or ())
    }

    guilty = {
        address: found
        for address in addresses | {"/"}
        if (found := found_in(client.get(address).get_data()))
    }

    assert guilty == {}


def test_the_healer_keeps_no_canary(engine_settings, tmp_path):
    faults = {"av01": "av_edr-U6", "bk01": "backup-U2", "fw01": "firewall-U3"}
    states = {name: plant(host(state)) for name, state in faults.items()}
    with open_clinic(engine_settings, tmp_path / "clinic", states) as clinic:
        clinic.set_rules()
        screen = clinic.heal("-vvv")
        [(tickets,)] = clinic.rows("SELECT count(*) FROM tickets")
        # With what SQLite keeps beside it.
        kept = [*clinic.folder.glob(f"{clinic.database.name}*"), *clinic.folder.rglob("*.jsonl")]
        guilty = {file.name: found for file in kept if (found := found_in(file.read_bytes()))}

    assert tickets == len(faults)
    assert found_in(screen.encode()) == []
    assert guilty == {}
    assert len(kept) > 1
