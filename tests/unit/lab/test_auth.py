# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to a simulated host, over which scheme, and what an eavesdropper would see."""

import os
import stat
from pathlib import Path

import pytest
import requests
from pypsrp.exceptions import AuthenticationError
from pypsrp.powershell import PowerShell
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError

from lab.auth import AccountInvalid, Accounts
from lab.clients import psrp_pool, run_command, winrm_client
from lab.sealing import CONTENT_TYPE

OUTPUT = (b'{"changed": false}\r\n', b"", 0)


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize(
    ("user", "password"),
    [
        pytest.param("ansible", "Lab-Passw0rd!", id="local"),
        pytest.param("LAB\\auditor", "Other-Passw0rd!", id="domain"),
    ],
)
def test_accounts_of_the_estate_come_in_over_http(serve, transport, user, password):
    lab = serve()
    who = {"user": user, "password": password}

    with winrm_client(lab.http, transport=transport, **who) as client:
        assert run_command(client) == OUTPUT


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_accounts_of_the_estate_come_in_over_https(serve, transport):
    lab = serve(https_port=5986)
    trust = {"ca_trust_path": str(lab.server.ca_path)}

    with winrm_client(lab.https, transport=transport, **trust) as client:
        assert run_command(client) == OUTPUT


@pytest.mark.parametrize("encryption", ["auto", "always"])
def test_ntlm_binds_to_the_certificate_and_may_seal_inside_tls(serve, encryption):
    lab = serve(https_port=5986)
    options = {"ca_trust_path": str(lab.server.ca_path), "message_encryption": encryption}

    with winrm_client(lab.https, transport="ntlm", **options) as client:
        assert run_command(client) == OUTPUT


def test_ntlm_over_tls_without_the_binding_is_rejected(serve):
    lab = serve(https_port=5986)
    unbound = {"ca_trust_path": str(lab.server.ca_path), "send_cbt": False}

    with (
        winrm_client(lab.https, transport="ntlm", **unbound) as client,
        pytest.raises(InvalidCredentialsError),
    ):
        client.open_shell()


@pytest.mark.parametrize(
    ("auth", "ssl"), [("negotiate", False), ("ntlm", False), ("negotiate", True)]
)
def test_psrp_comes_in_with_spnego_and_ntlm(serve, auth, ssl):
    lab = serve(https_port=5986 if ssl else None)
    trust = {"ssl": ssl, "cert_validation": str(lab.server.ca_path)} if ssl else {}

    with psrp_pool(lab.address, auth=auth, **trust) as pool:
        assert PowerShell(pool).add_script("x").invoke() == ['{"changed": false}']


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_wrong_password_is_rejected(serve, transport):
    lab = serve()
    wrong = winrm_client(lab.http, transport=transport, password="wrong")

    with wrong as client, pytest.raises(InvalidCredentialsError):
        client.open_shell()


def test_wrong_password_is_rejected_over_spnego(serve):
    lab = serve()

    with (
        pytest.raises(AuthenticationError),
        psrp_pool(lab.address, auth="negotiate", password="wrong"),
    ):
        pass


@pytest.mark.parametrize("header", [None, "Basic !", "Kerberos YII=", "Negotiate AAAA", "Basic "])
def test_other_credentials_are_answered_with_what_is_offered(serve, header):
    lab = serve()
    headers = {"Authorization": header} if header else {}

    answer = requests.post(lab.http, data="x", headers=headers, timeout=5)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Negotiate, Basic realm="WSMAN"'


def test_basic_is_not_offered_where_unencrypted_is_not_allowed(serve):
    lab = serve(allow_unencrypted=False)

    with winrm_client(lab.http) as client, pytest.raises(InvalidCredentialsError):
        client.open_shell()
    offered = requests.post(lab.http, data="x", timeout=5).headers["WWW-Authenticate"]

    assert offered == "Negotiate"


def test_plain_soap_after_ntlm_is_refused_where_unencrypted_is_not_allowed(serve):
    lab = serve(allow_unencrypted=False)
    plain = winrm_client(lab.http, transport="ntlm", message_encryption="never")

    with plain as client, pytest.raises(WinRMTransportError) as caught:
        client.open_shell()

    assert caught.value.code == 500


def test_sealed_messages_are_welcome_where_unencrypted_is_not_allowed(serve):
    lab = serve(allow_unencrypted=False)

    with winrm_client(lab.http, transport="ntlm") as client:
        assert run_command(client) == OUTPUT


def test_basic_is_welcome_over_tls_where_unencrypted_is_not_allowed(serve):
    lab = serve(allow_unencrypted=False, https_port=5986)

    with winrm_client(lab.https, ca_trust_path=str(lab.server.ca_path)) as client:
        assert run_command(client) == OUTPUT


@pytest.mark.parametrize("body", [b"no boundary", b"--Encrypted Boundary\r\n"])
def test_sealed_message_without_a_context_is_a_bad_request(serve, body):
    lab = serve()
    headers = {"Content-Type": CONTENT_TYPE}
    who = ("ansible", "Lab-Passw0rd!")

    answer = requests.post(lab.http, data=body, headers=headers, auth=who, timeout=5)

    assert answer.status_code == 400


def test_ntlm_user_file_is_private_and_removed():
    accounts = Accounts({"ansible": "secret", "LAB\\auditor": "other"})

    accounts.open()
    with accounts.as_ntlm_store():
        path = Path(os.environ["NTLM_USER_FILE"])
        text = path.read_text(encoding="utf-8")
        mode = stat.S_IMODE(path.stat().st_mode)
    accounts.close()

    assert text == ":ansible:secret\nLAB:auditor:other"
    assert mode == 0o600
    assert not path.exists()
    assert "NTLM_USER_FILE" not in os.environ


@pytest.mark.parametrize("account", [("", "x"), ("a:b", "x"), ("a", "x:y"), ("a", "x\ny")])
def test_account_that_the_user_file_cannot_hold_is_refused(account):
    with pytest.raises(AccountInvalid, match="NTLM user file"):
        Accounts(dict([account]))
