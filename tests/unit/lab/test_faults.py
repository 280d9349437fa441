# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that an estate can give a host, and what a client sees of each."""

import pytest
import requests
from pypsrp.powershell import PowerShell
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from lab.backend import Completed
from lab.clients import psrp_pool, run_command, winrm_client
from lab.faults import FaultInvalid, FaultKind, HostFaults, InjectedFault, parse_fault
from lab.memory import MemoryBackend

OUTPUT = b'{"changed": false}\r\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("refused", InjectedFault(FaultKind.REFUSED)),
        ("slow:0.5", InjectedFault(FaultKind.SLOW, 0.5)),
        ("quota*1", InjectedFault(FaultKind.QUOTA, 0.0, 1)),
        ("slow:2*3", InjectedFault(FaultKind.SLOW, 2.0, 3)),
        ("killed-after:4", InjectedFault(FaultKind.KILLED_AFTER, 4.0)),
    ],
)
def test_fault_is_name_value_and_count(text, fault):
    assert parse_fault(text) == fault


def test_unknown_fault_is_refused_with_a_list_of_what_exists():
    with pytest.raises(FaultInvalid) as caught:
        parse_fault("on-fire")

    assert str(caught.value) == (
        "no such fault; got 'on-fire'. Known: refused, half-open, killed-after, unauthorized, "
        "server-error, quota, reset-mid-send, timeout, slow, noise, truncated, clixml, no-json."
    )


@pytest.mark.parametrize("text", ["slow", "noise:2", "refused*1", "quota*0", "slow:-1", "quota* 1"])
def test_fault_that_is_written_wrongly_is_refused(text):
    with pytest.raises(FaultInvalid):
        parse_fault(text)


def test_fault_that_is_named_twice_is_refused():
    with pytest.raises(FaultInvalid, match="twice"):
        HostFaults(["slow:1", "slow:2*1"])


def test_counted_fault_happens_that_often():
    faults = HostFaults(["quota*2", "noise"])

    assert [bool(faults.take(FaultKind.QUOTA)) for _ in range(3)] == [True, True, False]
    assert [bool(faults.take(FaultKind.NOISE)) for _ in range(3)] == [True, True, True]
    assert faults.take(FaultKind.SLOW) is None


def run(lab, **options):
    with winrm_client(lab.http, **options) as client:
        return run_command(client, stdin=[(b"x", True)])


def test_refused_host_does_not_listen(serve):
    lab = serve("refused")

    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        run(lab)


def test_half_open_host_never_answers(serve):
    lab = serve("half-open")

    with pytest.raises(requests.ReadTimeout):
        run(lab, operation_timeout_sec=1, read_timeout_sec=2)


def test_unauthorized_host_rejects_the_right_password(serve):
    lab = serve("unauthorized")

    with pytest.raises(InvalidCredentialsError):
        run(lab)


def test_server_error_is_http_500_without_a_fault(serve):
    lab = serve("server-error*1")

    with pytest.raises(WinRMTransportError) as caught:
        run(lab)

    assert (caught.value.code, caught.value.response_text) == (500, "")
    assert run(lab) == (OUTPUT, b"", 0)


def test_quota_refuses_the_command(serve):
    lab = serve("quota*1")

    with pytest.raises(WSManFaultError) as caught:
        run(lab)

    assert caught.value.wmierror_code == 0x803381A6
    assert run(lab) == (OUTPUT, b"", 0)


def test_reset_mid_send_breaks_the_connection_and_runs_nothing(serve):
    lab = serve("reset-mid-send*1")

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        run(lab)

    assert lab.backend.executions == []
    assert run(lab) == (OUTPUT, b"", 0)


def test_module_that_never_ends_times_out_at_each_receive(serve):
    lab = serve("timeout")

    with winrm_client(lab.http, operation_timeout_sec=1, read_timeout_sec=5) as client:
        shell = client.open_shell()
        command = client.run_command(shell, "powershell")
        with pytest.raises(WinRMOperationTimeoutError):
            client.get_command_output_raw(shell, command)

    assert lab.backend.executions == []


def test_slow_host_waits_before_it_runs(serve):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    lab = serve("slow:2.5", sleep=sleep)

    assert run(lab) == (OUTPUT, b"", 0)
    assert waits == [2.5]


def test_noise_comes_before_the_json(serve):
    stdout, _, _ = run(serve("noise"))

    assert stdout.endswith(b"\r\n" + OUTPUT)
    assert stdout.count(b"\r\n") == 3


def test_truncated_json_loses_its_second_half(serve):
    assert run(serve("truncated")) == (b'{"changed"', b"", 0)


def test_clixml_goes_to_standard_error_only(serve):
    stdout, stderr, exit_code = run(serve("clixml"))

    assert (stdout, exit_code) == (OUTPUT, 0)
    assert stderr.startswith(b"#< CLIXML\r\n<Objs ")


def test_no_json_is_text_and_exit_code_1(serve):
    lab = serve("no-json")

    stdout, stderr, exit_code = run(lab)

    assert stdout.startswith(b"Internal Windows PowerShell error.")
    assert (stderr, exit_code) == (b"", 1)
    assert lab.backend.executions == []


def test_killed_host_serves_so_many_requests_and_is_gone(serve):
    lab = serve("killed-after:3")

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        run(lab)
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        run(lab)

    assert dict(lab.server.stats.operations) == {"Create": 1, "Command": 1, "Send": 1}


def test_faults_reach_pipelines_too(serve):
    lab = serve("noise", backend=MemoryBackend(Completed(OUTPUT, b"", 0)))

    with psrp_pool(lab.address) as pool:
        output = PowerShell(pool).add_script("x").invoke()

    assert output[0].startswith("WARNING: ")
    assert output[-1] == '{"changed": false}'
