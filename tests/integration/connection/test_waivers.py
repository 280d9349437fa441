# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies that a waived check is not made, never passes, and is told in the evidence."""

import json

import pytest

from integration.connection.clinic import CHECKS, HEALTHY

pytestmark = pytest.mark.connection

WAIVER = {"check": "backup", "reference": "EX-2026-004", "expires_on": "2099-12-31"}


def waive(open_clinic, *waivers):
    clinic = open_clinic("kiosk1", "pc1", variables={"kiosk1": {"compliance_waivers": waivers}})
    return clinic, clinic.check()


def test_a_waived_check_is_not_made_and_says_so(open_clinic):
    clinic, run = waive(open_clinic, WAIVER)

    assert run.verdicts == {
        "kiosk1": {**HEALTHY, "backup": "WARNING waived"},
        "pc1": HEALTHY,
    }
    [bundle] = [
        item for item in run.bundles if (item["host_id"], item["check"]) == ("kiosk1", "backup")
    ]
    assert bundle["pre_state"]["waiver"] == {"reference": "EX-2026-004", "expires_on": "2099-12-31"}
    [file] = clinic.controller.site.glob("coverage/*/*.json")
    statement = json.loads(file.read_bytes())
    assert (statement["obtained"], statement["missing"]) == (
        11,
        [{"host_id": "kiosk1", "check": "backup", "reason_code": "waived", "error_code": None}],
    )


def test_an_expired_waiver_is_none(open_clinic):
    _clinic, run = waive(open_clinic, {**WAIVER, "expires_on": "2020-01-01"})

    assert run.verdicts == {"kiosk1": HEALTHY, "pc1": HEALTHY}


def test_a_host_whose_checks_are_all_waived_is_not_even_asked(open_clinic):
    clinic, run = waive(open_clinic, *({**WAIVER, "check": check} for check in CHECKS))

    assert run.verdicts["kiosk1"] == dict.fromkeys(CHECKS, "WARNING waived")
    assert {host for host, _module in clinic.backend.asked} == {"pc1"}


def test_a_waiver_that_is_none_fails_that_host_with_a_message(open_clinic):
    _clinic, run = waive(open_clinic, {**WAIVER, "check": "bakcup"})

    assert run.verdicts["kiosk1"] == dict.fromkeys(CHECKS, "ERROR collector_failed")
    assert run.verdicts["pc1"] == HEALTHY
    assert "variable compliance_waivers" in run.text
    assert "bakcup" in run.text
