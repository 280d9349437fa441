# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what the lab understands of the bytes that ansible-core sends.

The captures in data/captures were taken from ansible-core 2.19.14 and 2.21.5 over WinRM; the
scripts of ansible-core in them are left out.
"""

import json
from pathlib import Path

import pytest

from lab.backend import Execution
from lab.payload import JobKind, PayloadInvalidError, decode
from lab.sources import read_module

DATA = Path(__file__).parent / "data"
CORES = ("2.19", "2.21")
# The module of the captures, tests/unit/lab/data/collections.
SCRIPT = "ansible_collections.lab.fixture.plugins.modules.act.ps1"
UTIL = "ansible_collections.lab.fixture.plugins.module_utils._Act.psm1"
ADD_TYPE = "Ansible.ModuleUtils.AddType.psm1"

core = pytest.mark.parametrize("core", CORES)


def captured(core, form):
    capture = json.loads((DATA / "captures" / f"{core}-{form}.json").read_text())
    return Execution(capture["command_line"], capture["stdin"].encode())


@core
def test_a_module_comes_with_its_arguments_and_utils(core):
    job = decode(captured(core, "module"))

    assert (job.kind, job.name, job.script) == (JobKind.MODULE, "lab.fixture.act", SCRIPT)
    assert job.public_args == {"act": "read", "checks": ["firewall"]}
    assert not job.check_mode
    assert set(job.powershell_modules) == {ADD_TYPE, UTIL}
    assert job.csharp_modules == ("Ansible.Basic.cs",)
    assert job.actions == ("module_wrapper.ps1",)
    assert job.become_user is None
    assert "Set-Soil" in job.text


@core
def test_the_digest_is_that_of_the_files_whatever_the_core(core):
    source = read_module("lab.fixture.act", DATA / "collections")

    assert decode(captured(core, "module")).sha256 == source.sha256


def test_the_digest_covers_the_utils():
    source = read_module("lab.fixture.act", DATA / "collections")
    before = source.sha256

    source.scripts[UTIL] += b"# changed\n"

    assert source.sha256 != before


def test_the_digest_ignores_the_utils_of_ansible():
    source = read_module("lab.fixture.act", DATA / "collections")
    before = source.sha256

    source.scripts[ADD_TYPE] += b"# another release\n"

    assert source.sha256 == before


AUDIT_POLICY = "ansible_collections.hipaa.compliance_agent.plugins.module_utils._AuditPolicy.cs"


def test_a_util_in_c_sharp_brings_what_it_uses():
    source = read_module("hipaa.compliance_agent.check_logging")

    assert source.csharp_modules == ["Ansible.Basic.cs", AUDIT_POLICY, "Ansible.Privilege.cs"]


def test_the_digest_covers_the_c_sharp_of_the_collection():
    source = read_module("hipaa.compliance_agent.check_logging")
    before = source.sha256
    source.scripts[AUDIT_POLICY] += b"// changed"

    assert source.sha256 != before


@core
def test_become_names_the_user(core):
    job = decode(captured(core, "become"))

    assert job.become_user == "SYSTEM"
    assert job.actions == ("become_wrapper.ps1", "module_wrapper.ps1")
    assert job.name == "lab.fixture.act"


@core
def test_environment_and_check_mode_are_seen(core):
    job = decode(captured(core, "environment"))

    assert job.environment == {"SENT_BY_TASK": "bar"}
    assert job.check_mode


@core
def test_an_async_task_is_recognised(core):
    assert decode(captured(core, "async")).is_async


@core
def test_a_raw_command_is_its_decoded_text(core):
    job = decode(captured(core, "raw"))

    assert (job.kind, job.text) == (JobKind.RAW, "Get-Date")


def test_a_command_without_encoding_is_taken_as_it_stands():
    assert decode(Execution("hostname", b"")).text == "hostname"


@core
def test_the_script_action_is_no_module(core):
    job = decode(captured(core, "script"))

    assert (job.kind, job.name) == (JobKind.SCRIPT, "ansible.builtin.script.s")
    assert "s.ps1" in job.text
    assert not job.args


@core
def test_a_helper_comes_with_parameters(core):
    job = decode(captured(core, "mkdtemp"))

    assert (job.kind, job.name) == (JobKind.HELPER, "powershell_mkdtemp.ps1")
    assert job.params == {"Directory": "%TEMP%", "Name": "ansible-tmp-1"}


@core
def test_put_file_brings_the_content_after_the_manifest(core):
    job = decode(captured(core, "put_file"))

    assert job.name == "winrm_put_file.ps1"
    assert job.extra.strip() == b"cGFyYW0oJEEpICJhPSRBIgo="


def test_line_ends_of_psrp_clients_make_no_difference():
    sent = captured("2.21", "module")
    crlf = Execution(sent.command_line, sent.stdin.replace(b"\n", b"\r\n"))

    assert decode(crlf) == decode(sent)


@pytest.mark.parametrize(
    "stdin",
    [
        pytest.param(b"nonsense", id="text"),
        pytest.param(b"{}\n\0\0\0\0\n{}", id="no actions"),
        pytest.param(b"{}\n\0\0\0\0\n[]", id="no object"),
    ],
)
def test_anything_else_is_refused(stdin):
    with pytest.raises(PayloadInvalidError):
        decode(Execution("powershell", stdin))


def test_an_encoded_command_that_is_no_text_is_refused():
    with pytest.raises(PayloadInvalidError, match="base64"):
        decode(Execution("powershell -EncodedCommand abc", b""))
