# SPDX-License-Identifier: GPL-3.0-or-later
"""Which numbers carry their check digit; examples are those that the standards or vendors print."""

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.phi.checksums import (
    is_card,
    is_dea,
    is_iban,
    is_npi,
    is_recovery_password,
    is_ssn,
    is_vin,
)

TABLE = [
    pytest.param(is_card, "4111 1111 1111 1111", True, id="card"),
    pytest.param(is_card, "4111 1111 1111 1112", False, id="card-with-a-typo"),
    pytest.param(is_card, "9111 1111 1111 1111", False, id="no-issuer"),
    pytest.param(is_npi, "1234567893", True, id="npi"),
    pytest.param(is_npi, "1234567890", False, id="npi-with-a-typo"),
    pytest.param(is_dea, "AB1234563", True, id="dea"),
    pytest.param(is_dea, "AB1234560", False, id="dea-with-a-typo"),
    pytest.param(is_vin, "1M8GDM9AXKP042788", True, id="vin"),
    pytest.param(is_vin, "1M8GDM9AXKP042789", False, id="vin-with-a-typo"),
    pytest.param(is_vin, "11111111111111111", False, id="digits-are-no-vin"),
    pytest.param(is_ssn, "219-09-9999", True, id="ssn"),
    pytest.param(is_ssn, "666-09-9999", False, id="area-666"),
    pytest.param(is_ssn, "900-09-9999", False, id="area-9xx"),
    pytest.param(is_ssn, "219-00-9999", False, id="group-00"),
    pytest.param(is_ssn, "219-09-0000", False, id="serial-0000"),
    pytest.param(is_iban, "DE89 3704 0044 0532 0130 00", True, id="iban"),
    pytest.param(is_iban, "DE88 3704 0044 0532 0130 00", False, id="iban-with-a-typo"),
    pytest.param(is_recovery_password, "-".join(["140613"] * 8), True, id="recovery-password"),
    pytest.param(is_recovery_password, "-".join(["140614"] * 8), False, id="not-times-11"),
    pytest.param(is_recovery_password, "-".join(["999999"] * 8), False, id="above-16-bits"),
]


@pytest.mark.parametrize(("check", "text", "expected"), TABLE)
def test_a_check_digit_tells(check, text, expected):
    assert check(text) is expected
