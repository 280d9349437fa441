# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies the way from an inventory to verified evidence, over each connection we support."""

import pytest

from integration.connection.clinic import (
    HEALTHY,
    PSRP_NEGOTIATE,
    WINRM_HTTP_BASIC,
    WINRM_HTTPS_NTLM,
)

pytestmark = pytest.mark.connection

CONNECTIONS = [
    pytest.param(WINRM_HTTP_BASIC, id="winrm-http-basic"),
    pytest.param(WINRM_HTTPS_NTLM, id="winrm-https-ntlm"),
    pytest.param(PSRP_NEGOTIATE, id="psrp-negotiate"),
]


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_three_hosts_give_eighteen_bundles_that_verify(open_clinic, connection):
    clinic = open_clinic("dc01", "fs01", "pc01", connection=connection, is_https=True)

    run = clinic.check()

    assert run.exit_code == 0, run.output + run.errors
    assert run.verdicts == {"dc01": HEALTHY, "fs01": HEALTHY, "pc01": HEALTHY}
    verified = clinic.controller.verify(run.public_key)
    assert verified.returncode == 0
    assert verified.stdout.startswith("verified: 18 bundles of 3 hosts in 1 run, signed by ")
