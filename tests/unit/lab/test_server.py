# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab listens, what it refuses, what it leaves behind, and that Ansible accepts it."""

import json
import os
import socket
import subprocess
import sys

import pytest
import requests

from lab.addresses import AddressRefused, AddressTaken, free_block
from lab.backend import Completed
from lab.clients import run_command, winrm_client
from lab.estate import Estate, LabHost
from lab.memory import MemoryBackend
from lab.server import running_lab

ACCOUNTS = {"ansible": "Lab-Passw0rd!"}
MODULE = """#!powershell
#AnsibleRequires -CSharpUtil Ansible.Basic
$module = [Ansible.Basic.AnsibleModule]::Create($args, @{ options = @{} })
$module.ExitJson()
"""
WINRM_HTTP_BASIC = {
    "ansible_connection": "winrm",
    "ansible_port": 5985,
    "ansible_winrm_transport": "basic",
}
WINRM_HTTPS_NTLM = {
    "ansible_connection": "winrm",
    "ansible_port": 5986,
    "ansible_winrm_transport": "ntlm",
}
PSRP_NEGOTIATE = {
    "ansible_connection": "psrp",
    "ansible_port": 5985,
    "ansible_psrp_auth": "negotiate",
}


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::1", "localhost"])  # noqa: S104
def test_only_loopback_is_served(address):
    estate = Estate((LabHost("dc01", address),), ACCOUNTS)

    with pytest.raises(AddressRefused, match=r"Use 127\.x"), running_lab(estate, MemoryBackend()):
        pass


def test_address_that_is_taken_names_holder_and_remedy():
    (address,) = free_block(1)
    estate = Estate((LabHost("dc01", address),), ACCOUNTS)

    with (
        socket.create_server((address, 5985)),
        pytest.raises(AddressTaken) as caught,
        running_lab(estate, MemoryBackend()),
    ):
        pass

    assert f"{address}:5985 is taken by " in str(caught.value)
    assert f"(pid {os.getpid()})" in str(caught.value)
    assert "Stop that process, or give the estate other addresses" in str(caught.value)


def test_each_host_has_its_own_address():
    first, second = free_block(2)
    backend = MemoryBackend()
    estate = Estate((LabHost("dc01", first), LabHost("fs01", second)), ACCOUNTS)

    with running_lab(estate, backend):
        for address in (first, second):
            with winrm_client(f"http://{address}:5985/wsman") as client:
                run_command(client)

    assert [host for host, _ in backend.executions] == ["dc01", "fs01"]


def test_stopped_lab_leaves_no_listener_and_no_key():
    (address,) = free_block(1)
    backend = MemoryBackend()
    estate = Estate((LabHost("dc01", address),), ACCOUNTS)

    with running_lab(estate, backend, https_port=5986) as server:
        authority = server.ca_path
        assert authority.exists()

    assert backend.is_closed
    assert not authority.parent.exists()
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        requests.post(f"http://{address}:5985/wsman", timeout=5)


def ansible(lab, tmp_path, variables, module, *arguments):
    """Run one ad hoc task with the Ansible of this interpreter; return process and result."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "lab_probe.ps1").write_text(MODULE, encoding="utf-8")
    hosts = {"dc01": {"ansible_host": lab.address}}
    account = {"ansible_user": "ansible", "ansible_password": ACCOUNTS["ansible"]}
    inventory = {"all": {"hosts": hosts, "vars": account | variables}}
    (tmp_path / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    settings = {
        "ANSIBLE_LIBRARY": str(tmp_path / "library"),
        "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
        "ANSIBLE_HOME": str(tmp_path),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    command = [sys.executable, "-m", "ansible", "adhoc", "-i", "inventory.json", "-m", module]
    return subprocess.run(
        [*command, *arguments, "all"],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.connection
@pytest.mark.parametrize(
    "variables",
    [
        pytest.param(WINRM_HTTP_BASIC, id="winrm-http-basic"),
        pytest.param(WINRM_HTTPS_NTLM, id="winrm-https-ntlm"),
        pytest.param(PSRP_NEGOTIATE, id="psrp-negotiate"),
    ],
)
def test_ansible_runs_a_powershell_module(serve, tmp_path, variables):
    lab = serve(https_port=5986)
    trust = {"ansible_winrm_ca_trust_path": str(lab.server.ca_path)}

    process = ansible(lab, tmp_path, variables | trust, "lab_probe")

    assert process.returncode == 0, process.stdout + process.stderr
    assert "dc01 | SUCCESS" in process.stdout
    ((host, execution),) = lab.backend.executions
    assert host == "dc01"
    assert b"exec_wrapper" in execution.stdin[:100]


@pytest.mark.connection
@pytest.mark.parametrize("variables", [WINRM_HTTP_BASIC, PSRP_NEGOTIATE], ids=["winrm", "psrp"])
def test_ansible_runs_raw_commands(serve, tmp_path, variables):
    lab = serve(backend=MemoryBackend(Completed(b"Tuesday\r\n", b"", 0)))

    process = ansible(lab, tmp_path, variables, "ansible.builtin.raw", "-a", "Get-Date")

    assert process.returncode == 0, process.stdout + process.stderr
    assert "dc01 | CHANGED | rc=0 >>\nTuesday" in process.stdout


@pytest.mark.connection
def test_ansible_opens_a_new_shell_when_the_quota_is_used_up(serve, tmp_path):
    lab = serve("quota*1")

    process = ansible(lab, tmp_path, WINRM_HTTP_BASIC, "lab_probe")

    assert process.returncode == 0, process.stdout + process.stderr
    assert lab.server.stats.operations["Create"] == 2


@pytest.mark.connection
@pytest.mark.parametrize(
    ("fault", "verdict", "returncode"),
    [
        pytest.param("refused", "UNREACHABLE!", 4, id="never-there"),
        pytest.param("unauthorized", "UNREACHABLE!", 4, id="wrong-password"),
        pytest.param("killed-after:0", "UNREACHABLE!", 4, id="dies-while-connecting"),
        # Ansible tells a connection that breaks later as an exception of the task.
        pytest.param("killed-after:3", "FAILED!", 2, id="dies-later"),
        pytest.param("truncated", "FAILED!", 2, id="cut-answer"),
        pytest.param("noise", "SUCCESS", 0, id="noisy-answer"),
    ],
)
def test_ansible_tells_unreachable_from_failed(serve, tmp_path, fault, verdict, returncode):
    lab = serve(fault)

    process = ansible(lab, tmp_path, WINRM_HTTP_BASIC, "lab_probe")

    assert f"dc01 | {verdict} =>" in process.stdout
    assert process.returncode == returncode
