# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of a Windows host, with its defaults, and the faults that tell of them."""

import pytest
from pypsrp.powershell import PowerShell
from winrm.exceptions import WSManFaultError

from lab.clients import psrp_pool, run_command, winrm_client
from lab.memory import HangingBackend
from lab.quotas import Quotas


def refusal_of(call):
    with pytest.raises(WSManFaultError) as caught:
        call()
    return caught.value


def test_defaults_are_those_of_windows():
    assert Quotas() == Quotas(
        max_envelope_kib=500,
        max_shells_per_user=30,
        max_processes_per_shell=25,
        max_operations_per_user=1500,
    )


def test_user_may_have_thirty_shells(serve):
    lab = serve()

    with winrm_client(lab.http) as client:
        shells = [client.open_shell() for _ in range(30)]
        refusal = refusal_of(client.open_shell)
        client.close_shell(shells[0], close_session=False)
        client.open_shell()

    assert refusal.wsman_fault_code == 0x803381A5
    assert "maximum number of 30 concurrent shells" in refusal.reason


def test_shells_of_one_user_leave_room_for_another(serve):
    lab = serve(quotas=Quotas(max_shells_per_user=1))
    auditor = {"user": "LAB\\auditor", "password": "Other-Passw0rd!"}

    with winrm_client(lab.http) as mine, winrm_client(lab.http, **auditor) as other:
        mine.open_shell()

        assert other.open_shell()


def test_shell_may_run_twenty_five_commands_at_once(serve):
    lab = serve(backend=HangingBackend())

    with winrm_client(lab.http) as client:
        shell = client.open_shell()
        for _ in range(25):
            client.run_command(shell, "powershell")
        refusal = refusal_of(lambda: client.run_command(shell, "powershell"))

    assert refusal.wsman_fault_code == 0x803381E9


def test_terminated_commands_of_a_text_shell_count_until_it_is_deleted(serve):
    lab = serve(quotas=Quotas(max_operations_per_user=2))

    with winrm_client(lab.http) as client:
        shell = client.open_shell()
        for _ in range(2):
            client.cleanup_command(shell, client.run_command(shell, "powershell"))
        refusal = refusal_of(lambda: client.run_command(shell, "powershell"))
        client.close_shell(shell, close_session=False)
        output = run_command(client)

    # Ansible looks for the code in this field before it opens a new shell.
    assert refusal.wmierror_code == 0x803381A6
    assert output == (b'{"changed": false}\r\n', b"", 0)


def test_stopped_pipelines_of_a_pool_do_not_count(serve):
    lab = serve(quotas=Quotas(max_operations_per_user=2))

    with psrp_pool(lab.address) as pool:
        for _ in range(4):
            pipeline = PowerShell(pool).add_script("x")
            pipeline.invoke()
            pipeline.close()

    assert len(lab.backend.executions) == 4


def test_envelope_over_500_kb_is_refused(serve):
    lab = serve()

    with winrm_client(lab.http) as client:
        shell = client.open_shell()
        command = client.run_command(shell, "powershell", console_mode_stdin=False)
        refusal = refusal_of(lambda: client.send_command_input(shell, command, b"x" * 384_000))

    assert refusal.wsman_fault_code == 0x80338048


@pytest.mark.parametrize(
    ("client_bytes", "stream_bytes"),
    [
        pytest.param(153_600, 112_128, id="what-clients-announce"),
        pytest.param(10_000_000, 380_928, id="capped-by-the-quota"),
        pytest.param(0, 3_072, id="never-nothing"),
    ],
)
def test_output_of_one_receive_fits_the_smaller_envelope(client_bytes, stream_bytes):
    assert Quotas().stream_bytes(client_bytes) == stream_bytes
