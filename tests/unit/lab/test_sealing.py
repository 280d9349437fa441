# SPDX-License-Identifier: GPL-3.0-or-later
"""Message encryption: what one side seals the other opens, and nothing else opens."""

import pytest
import spnego

from lab.auth import Accounts
from lab.sealing import CONTENT_TYPE, SealBroken, is_sealed, seal, unseal

TEXT = b"<s:Envelope>" + b"x" * 1000 + b"</s:Envelope>"


@pytest.fixture
def contexts():
    """Return the security contexts of a client and a server that know each other."""
    accounts = Accounts({"ansible": "Lab-Passw0rd!"})
    accounts.open()
    pure = spnego.NegotiateOptions.use_ntlm
    client = spnego.client("ansible", "Lab-Passw0rd!", protocol="ntlm", options=pure)
    with accounts.as_ntlm_store():
        server = spnego.server(protocol="ntlm", options=pure)
        server.step(client.step(server.step(client.step())))
    accounts.close()
    return client, server


def test_what_one_side_seals_the_other_opens(contexts):
    client, server = contexts

    assert unseal(server, seal(client, TEXT)) == TEXT
    assert unseal(client, seal(server, TEXT)) == TEXT


def test_sealed_message_does_not_show_its_text(contexts):
    client, _ = contexts

    assert b"Envelope" not in seal(client, TEXT)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body: body.replace(b"Length=1025", b"Length=1024"), id="length"),
        pytest.param(lambda body: body[:-40] + bytes([body[-40] ^ 1]) + body[-39:], id="data"),
        pytest.param(lambda body: body[:100], id="cut-off"),
        pytest.param(lambda _body: b"plain text", id="not-sealed"),
    ],
)
def test_spoilt_message_does_not_open(contexts, spoil):
    client, server = contexts

    with pytest.raises(SealBroken):
        unseal(server, spoil(seal(client, TEXT)))


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (CONTENT_TYPE, True),
        ("application/soap+xml;charset=UTF-8", False),
        (CONTENT_TYPE.replace("SPNEGO", "CredSSP"), False),
    ],
)
def test_only_spnego_messages_count_as_sealed(content_type, expected):
    assert is_sealed(content_type) is expected
