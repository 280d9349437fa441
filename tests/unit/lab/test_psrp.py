# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated host does over PSRP: pools, pipelines, streams. Client: pypsrp."""

import base64

import pytest
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell

from lab.backend import Completed
from lab.clients import psrp_client, psrp_pool
from lab.memory import HangingBackend, MemoryBackend

DEADLINE_SECONDS = 10


def pipeline(pool, script="Get-Date"):
    return PowerShell(pool).add_script(script)


def test_pipeline_runs_as_the_same_execution_as_a_command(serve):
    lab = serve()

    with psrp_pool(lab.address) as pool:
        output = pipeline(pool).invoke(["one", "two"])

    assert output == ['{"changed": false}']
    ((host, execution),) = lab.backend.executions
    assert (host, execution.stdin) == ("dc01", b"one\ntwo")
    encoded = base64.b64encode("Get-Date".encode("utf-16-le")).decode()
    assert execution.command_line.endswith(f" -EncodedCommand {encoded}")


def test_pipeline_without_input_runs_too(serve):
    lab = serve()

    with psrp_pool(lab.address) as pool:
        assert pipeline(pool).invoke() == ['{"changed": false}']

    assert lab.backend.executions[0][1].stdin == b""


def test_pool_serves_several_pipelines_one_after_another(serve):
    lab = serve()

    with psrp_pool(lab.address) as pool:
        outputs = [pipeline(pool).invoke() for _ in range(3)]

    assert outputs == [['{"changed": false}']] * 3
    assert lab.server.stats.operations["Create"] == 1


@pytest.mark.parametrize(("max_runspaces", "at_once"), [(1, 1), (2, 2)])
def test_pool_runs_as_many_pipelines_at_once_as_it_has_runspaces(serve, max_runspaces, at_once):
    backend = HangingBackend()
    lab = serve(backend=backend)

    with psrp_pool(lab.address, max_runspaces=max_runspaces) as pool:
        pipelines = [pipeline(pool), pipeline(pool)]
        for each in pipelines:
            each.begin_invoke()
        for _ in range(at_once):
            assert backend.started.acquire(timeout=DEADLINE_SECONDS)
        assert not backend.started.acquire(blocking=False)
        backend.release()
        for each in pipelines:
            each.end_invoke()

    assert [each.output for each in pipelines] == [['{"changed": false}']] * 2


def test_large_output_and_input_arrive_whole(serve):
    line = "é\u2028" * 150_000
    lab = serve(backend=MemoryBackend(Completed(f"{line}\r\nlast\r\n".encode(), b"", 0)))

    with psrp_pool(lab.address) as pool:
        output = pipeline(pool).invoke([line, "end"])

    assert output == [line, "last"]
    assert lab.backend.executions[0][1].stdin == f"{line}\nend".encode()


def test_standard_error_and_exit_code_arrive_as_error_record_and_host_call(serve):
    lab = serve(backend=MemoryBackend(Completed(b"out", b"broken", 3)))

    with psrp_pool(lab.address) as pool:
        each = pipeline(pool)
        each.invoke()

        assert each.output == ["out"]
        assert [str(error) for error in each.streams.error] == ["broken"]
        assert pool.host.rc == 3
        assert each.state == PSInvocationState.COMPLETED


def test_receive_times_out_and_can_be_repeated(serve):
    backend = HangingBackend()
    lab = serve(backend=backend)

    with psrp_pool(lab.address, operation_timeout=1) as pool:
        each = pipeline(pool)
        each.begin_invoke()
        each.poll_invoke()  # the state Running
        with pytest.raises(WSManFaultError) as caught:
            pool.shell.receive("stdout", command_id=each.id)
        backend.release()
        each.end_invoke()

    assert caught.value.code == 2150858793
    assert each.output == ['{"changed": false}']


def test_stop_cancels_the_pipeline(serve):
    backend = HangingBackend()
    lab = serve(backend=backend)

    with psrp_pool(lab.address) as pool:
        each = pipeline(pool)
        each.begin_invoke()
        assert backend.started.acquire(timeout=DEADLINE_SECONDS)
        each.stop()

        assert backend.cancelled.wait(DEADLINE_SECONDS)


def test_closing_the_pool_cancels_its_pipelines(serve):
    backend = HangingBackend()
    lab = serve(backend=backend)

    with psrp_pool(lab.address) as pool:
        pipeline(pool).begin_invoke()
        assert backend.started.acquire(timeout=DEADLINE_SECONDS)

    assert backend.cancelled.wait(DEADLINE_SECONDS)


def test_pool_tells_how_many_runspaces_it_has(serve):
    lab = serve()

    with psrp_pool(lab.address, max_runspaces=3) as pool:
        assert pool.get_available_runspaces() == 3


def test_open_pool_is_alive(serve):
    lab = serve()

    with psrp_pool(lab.address) as pool:
        assert pool.is_alive()


def test_fragments_that_are_not_psrp_are_a_fault(serve):
    lab = serve()

    with psrp_pool(lab.address) as pool, pytest.raises(WSManFaultError) as caught:
        pool.shell.send("stdin", bytes(16) + b"\x03\0\0\0\x04text")

    assert caught.value.code == 2150858883


def test_envelope_size_is_told_to_clients_that_ask(serve):
    lab = serve()

    with psrp_client(lab.address) as client:
        client.update_max_payload_size()

        assert client.max_envelope_size == 500 * 1024
