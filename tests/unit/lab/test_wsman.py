# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated host does over WinRM: envelopes, command shells, faults. Client: pywinrm."""

import base64

import pytest
from winrm.exceptions import WinRMOperationTimeoutError, WSManFaultError

from lab.backend import Completed, Execution
from lab.clients import psrp_client, run_command, winrm_client
from lab.memory import HangingBackend, MemoryBackend
from lab.wsman import Fault, fault_reply, parse, reply

DEADLINE_SECONDS = 10
CTRL_C = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_c"


def envelope(header="", body="", prefix=""):
    return (
        f'{prefix}<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def test_header_of_a_request_is_read():
    message = parse(
        envelope(
            "<a:Action>urn:x/Receive</a:Action><a:MessageID>uuid:7</a:MessageID>"
            "<w:ResourceURI>urn:cmd</w:ResourceURI><w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize>"
            '<w:SelectorSet><w:Selector Name="ShellId">A1</w:Selector></w:SelectorSet>'
            "<w:OperationTimeout>PT1M20.5S</w:OperationTimeout>"
        )
    )

    assert message.operation == "Receive"
    assert message.message_id == "uuid:7"
    assert message.resource_uri == "urn:cmd"
    assert message.selectors == {"ShellId": "A1"}
    assert message.max_envelope_bytes == 153600
    assert message.timeout_seconds == 80.5


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(b"<s:Envelope", 2150858819, id="cut-off"),
        pytest.param(b"<a/>", 2150858819, id="no-envelope"),
        pytest.param(envelope(prefix="<!DOCTYPE x>"), 2150858819, id="dtd"),
    ],
)
def test_what_is_no_request_is_a_fault(text, code):
    with pytest.raises(Fault) as caught:
        parse(text)

    assert caught.value.code == code


def test_each_reply_has_its_own_id_and_names_the_request():
    first, second = (reply("urn:r", "uuid:<7>", "") for _ in range(2))

    assert b"<a:RelatesTo>uuid:&lt;7&gt;</a:RelatesTo>" in first
    assert first != second


def test_fault_names_code_reason_and_machine():
    text = fault_reply(Fault(42, "w:QuotaLimit", "too <many>"), "uuid:7", "dc01").decode()

    assert 'Code="42" Machine="dc01"' in text
    assert "<s:Value>w:QuotaLimit</s:Value>" in text
    assert "too &lt;many&gt;" in text


def test_command_runs_with_what_was_piped_to_it(serve):
    lab = serve()

    with winrm_client(lab.http) as client:
        result = run_command(client, "powershell -x", [(b"one", False), (b"two", True)])

    assert result == (b'{"changed": false}\r\n', b"", 0)
    assert lab.backend.executions == [("dc01", Execution("powershell -x", b"onetwo"))]


def test_command_without_a_pipe_runs_at_once(serve):
    lab = serve(backend=MemoryBackend(Completed(b"out", b"err", 3)))

    with winrm_client(lab.http) as client:
        result = run_command(client, "whoami")

    assert result == (b"out", b"err", 3)
    assert lab.backend.executions == [("dc01", Execution("whoami", b""))]


def test_one_task_is_six_round_trips_on_one_connection(serve):
    lab = serve()

    with winrm_client(lab.http) as client:
        run_command(client, stdin=[(b"x", True)])

    assert lab.server.stats.connections == 1
    assert lab.server.stats.requests == 6
    assert dict(lab.server.stats.operations) == {
        "Create": 1,
        "Command": 1,
        "Send": 1,
        "Receive": 1,
        "Signal": 1,
        "Delete": 1,
    }


def test_output_larger_than_an_envelope_arrives_whole(serve):
    output = bytes(range(256)) * 2000
    lab = serve(backend=MemoryBackend(Completed(output, output[::-1], 0)))

    with winrm_client(lab.http) as client:
        result = run_command(client)

    assert result == (output, output[::-1], 0)
    assert lab.server.stats.operations["Receive"] == 10  # 1 MB, about 110 KB each


def test_receive_times_out_and_can_be_repeated(serve):
    backend = HangingBackend()
    lab = serve(backend=backend)

    with winrm_client(lab.http, operation_timeout_sec=1, read_timeout_sec=5) as client:
        shell = client.open_shell()
        command = client.run_command(shell, "powershell")
        with pytest.raises(WinRMOperationTimeoutError):
            client.get_command_output_raw(shell, command)
        backend.release()

        assert client.get_command_output(shell, command) == (b'{"changed": false}\r\n', b"", 0)


def test_terminate_cancels_the_command(serve):
    backend = HangingBackend()
    lab = serve(backend=backend)

    with winrm_client(lab.http) as client:
        shell = client.open_shell()
        command = client.run_command(shell, "powershell")
        assert backend.started.acquire(timeout=DEADLINE_SECONDS)
        client.cleanup_command(shell, command)

    assert backend.cancelled.wait(DEADLINE_SECONDS)


def test_deleting_the_shell_cancels_its_commands(serve):
    backend = HangingBackend()
    lab = serve(backend=backend)

    with winrm_client(lab.http) as client:
        shell = client.open_shell()
        client.run_command(shell, "powershell")
        assert backend.started.acquire(timeout=DEADLINE_SECONDS)
        client.close_shell(shell, close_session=False)

    assert backend.cancelled.wait(DEADLINE_SECONDS)


def test_control_c_ends_the_command_with_its_exit_code(serve):
    lab = serve(backend=HangingBackend())

    with psrp_client(lab.address) as client:
        from pypsrp.shell import Process, WinRS  # noqa: PLC0415 - its only user

        with WinRS(client) as shell:
            process = Process(shell, "powershell")
            process.begin_invoke()
            process.signal(CTRL_C)
            process.end_invoke()

    assert process.rc == 0xC000013A


def fault_of(call):
    with pytest.raises(WSManFaultError) as caught:
        call()
    return caught.value.wsman_fault_code


def test_unknown_shell_is_a_fault(serve):
    lab = serve()

    with winrm_client(lab.http) as client:
        assert fault_of(lambda: client.run_command("NONE", "powershell")) == 2150858843


def test_unknown_command_is_a_fault(serve):
    lab = serve()

    with winrm_client(lab.http) as client:
        shell = client.open_shell()

        assert fault_of(lambda: client.get_command_output(shell, "NONE")) == 2150858843


def test_shell_of_another_user_is_not_found(serve):
    lab = serve()
    auditor = {"user": "LAB\\auditor", "password": "Other-Passw0rd!"}

    with winrm_client(lab.http) as mine, winrm_client(lab.http, **auditor) as other:
        shell = mine.open_shell()

        assert fault_of(lambda: other.run_command(shell, "powershell")) == 2150858843


@pytest.mark.parametrize(
    ("action", "resource", "code"),
    [
        pytest.param("urn:x/Reboot", "urn:cmd", 2150858753, id="action"),
        pytest.param(
            "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create",
            "urn:cmd",
            2150858811,
            id="resource",
        ),
    ],
)
def test_unknown_names_are_faults(serve, action, resource, code):
    lab = serve()
    header = f"<a:Action>{action}</a:Action><w:ResourceURI>{resource}</w:ResourceURI>"

    with winrm_client(lab.http) as client:
        assert fault_of(lambda: client.send_message(envelope(header).decode())) == code


def test_input_that_is_not_base64_is_a_fault(serve):
    lab = serve()

    with winrm_client(lab.http) as client:
        shell = client.open_shell()
        command = client.run_command(shell, "powershell", console_mode_stdin=False)
        message = client.build_wsman_header(
            action="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send",
            resource_uri="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
            shell_id=shell,
        )
        stream = (
            f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command}">x</rsp:Stream></rsp:Send>'
        )
        import xmltodict  # noqa: PLC0415 - pywinrm's own way to write envelopes

        text = xmltodict.unparse({"env:Envelope": message | {"env:Body": {"#text": "BODY"}}})

        assert fault_of(lambda: client.send_message(text.replace("BODY", stream))) == 2150858791


def test_back_end_that_fails_looks_like_a_powershell_that_died(serve):
    class BrokenBackend(MemoryBackend):
        async def run(self, _host, _execution):
            raise OSError("worker gone")

    lab = serve(backend=BrokenBackend())

    with winrm_client(lab.http) as client:
        stdout, stderr, exit_code = run_command(client)

    assert (stdout, exit_code) == (b"", 1)
    assert b"worker gone" in stderr


def test_large_input_arrives_whole(serve):
    lab = serve()
    data = base64.b64encode(bytes(range(256)) * 1500)

    with winrm_client(lab.http) as client:
        run_command(client, stdin=[(data[:200000], False), (data[200000:], False), (b"", True)])

    assert lab.backend.executions[0][1].stdin == data
