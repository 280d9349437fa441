# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies the first source of the audit policy: calls of advapi32.dll from compiled C#.

The C# of the collection runs as it is. What it calls is a library of the lab, which is as strict as
Windows about sizes, privileges and memory; what the library answers is the host's state document.
"""

import asyncio
import json
from dataclasses import replace

import pytest

from integration.chain import COLLECTION, Collection, observe
from lab.cold import ColdEngine
from lab.estate import Estate, LabHost
from lab.fixtures import EngineRunner, execution_of
from lab.powershell import EngineSettings
from lab.sources import read_module
from lab.windows.states import Clock, build_states, set_fault, write_state

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("native")]
LOGON = "{0CCE9215-69AE-11D9-BED3-505054503030}"
LOGOFF = "{0CCE9216-69AE-11D9-BED3-505054503030}"
USERS = {
    "S-1-5-21-1004336348-1177238915-682003330-1107": {LOGON: 1, LOGOFF: 3},
    "S-1-5-21-1004336348-1177238915-682003330-4294967295": {LOGON: 2},
}
# What a task of ours would send, with another text in the place of the module.
SCRIPT = """
#AnsibleRequires -CSharpUtil Ansible.Basic
$module = [Ansible.Basic.AnsibleModule]::Create($args, @{ options = @{} })
$api = [ansible_collections.hipaa.compliance_agent.plugins.module_utils._AuditPolicy.AuditPolicy]
if (-not ('AuditTest.Lab' -as [type])) {
    Add-Type -TypeDefinition @'
        using System.Runtime.InteropServices;
        namespace AuditTest {
            public static class Lab {
                [DllImport("advapi32.dll")] public static extern int LabBuffers();
                [DllImport("advapi32.dll")] public static extern int LabHandles();
                [DllImport("advapi32.dll")] public static extern int LabIsEnabled();
                public static string Left()
                {
                    return LabBuffers() + " " + LabHandles() + " " + LabIsEnabled();
                }
            }
        }
'@
}
function Get-Code([scriptblock]$Block) {
    try { $null = & $Block; 0 } catch { $_.Exception.InnerException.NativeErrorCode }
}
$module.Result.said = & {
    BODY
}
$module.ExitJson()
"""


@pytest.fixture(scope="module")
def engine(pwsh):
    runner = EngineRunner(EngineSettings(pwsh, workers=1))
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def states():
    return build_states(Clock("frozen"))


@pytest.fixture
def write(states, tmp_path):
    def write_with(name="fs1", policy=None, faults=None, **audit):
        state = json.loads(json.dumps(states["healthy-2022-member"]))
        state["audit"] |= audit
        state["audit"]["policy"] |= policy or {}
        for surface, fault in (faults or {}).items():
            set_fault(state, surface, fault)
        file = tmp_path / f"{name}.json"
        write_state(state, file)
        return file

    return write_with


def collect():
    return read_module(f"{COLLECTION}.check_logging").job({"collect": {}})


def probes(completed):
    checks = json.loads(completed.stdout)["facts"]["checks"]
    return {name: checks["logging"][name] for name in ("audit_policy", "audit_policy_backup")}


def values(probe):
    return {f"{{{item['guid']}}}": item["value"] for item in probe["value"]["settings"]["items"]}


def answer_of(engine, state, body):
    source = read_module(f"{COLLECTION}.check_logging")
    source.scripts[source.script] = SCRIPT.replace("BODY", body).encode()
    completed = engine.job(source.job({}), state)
    answer = json.loads(completed.stdout)
    assert "said" in answer, answer
    return answer["said"]


def test_the_first_source_answers_and_the_second_is_not_asked(engine, write, states):
    found = probes(engine.job(collect(), write()))

    assert found["audit_policy"]["state"] == "ok"
    assert found["audit_policy"]["source"] == "api:advapi32.dll:AuditQuerySystemPolicy"
    assert values(found["audit_policy"]) == states["healthy-2022-member"]["audit"]["policy"]
    assert found["audit_policy_backup"] == {
        "state": "absent",
        "hresult": None,
        "source": "native:auditpol.exe /backup",
        "elapsed_ms": found["audit_policy_backup"]["elapsed_ms"],
        "value": None,
    }


def test_both_sources_say_the_same_of_the_same_host(engine, write):
    odd = {LOGON: 2, LOGOFF: 0}

    first = probes(engine.job(collect(), write(policy=odd, users=USERS)))
    state = write(policy=odd, users=USERS, faults={"api:advapi32.dll": "denied"})
    second = probes(engine.job(collect(), state))

    assert second["audit_policy"]["value"] is None
    assert values(first["audit_policy"]) == values(second["audit_policy_backup"])
    assert first["audit_policy"]["value"]["user_rows"] == 3
    assert second["audit_policy_backup"]["value"]["user_rows"] == 3


def test_none_is_read_as_zero(engine, write):
    found = probes(engine.job(collect(), write(policy={LOGON: 4})))

    assert values(found["audit_policy"])[LOGON] == 0


def test_one_warm_process_tells_its_hosts_apart(engine, write):
    hosts = [write(f"fs{number}", policy={LOGON: number}) for number in range(4)]

    found = [
        values(probes(engine.job(collect(), host))["audit_policy"])[LOGON]
        for host in (*hosts, *reversed(hosts))
    ]

    assert found == [0, 1, 2, 3, 3, 2, 1, 0]


def test_hosts_that_are_asked_at_once_are_told_apart(pwsh, write):
    runner = EngineRunner(EngineSettings(pwsh, workers=2))
    hosts = [write(f"fs{number}", policy={LOGON: number % 4}) for number in range(8)]

    async def ask():
        return await asyncio.gather(*(runner.engine.run_job(host, collect()) for host in hosts))

    try:
        answers = runner.wait(ask())
    finally:
        runner.close()

    assert [values(probes(answer)["audit_policy"])[LOGON] for answer in answers] == [0, 1, 2, 3] * 2


def test_what_auditpol_sets_is_what_the_next_call_reads(engine, write):
    body = """
        $logon = [guid]'LOGON'
        @($api::GetSystemSettings([guid[]]@($logon))[0].Value
        $null = auditpol.exe /set '/subcategory:LOGON' /failure:disable
        $api::GetSystemSettings([guid[]]@($logon))[0].Value)
    """.replace("LOGON", LOGON)

    assert answer_of(engine, write(policy={LOGON: 3}), body) == [3, 1]


def test_ansibles_own_wrappers_compile_it_in_the_same_run(engine, write):
    state = write(policy={LOGON: 2})
    cold = ColdEngine(Estate((LabHost("host", "127.0.0.1", state=state),), {}), engine.settings)
    try:
        completed = engine.wait(cold.run("host", execution_of(collect())))
    finally:
        engine.wait(cold.close())

    found = probes(completed)

    assert found["audit_policy"]["state"] == "ok", completed.stderr
    assert values(found["audit_policy"])[LOGON] == 2


def test_nothing_is_left_behind(engine, write):
    body = """
        $guids = $api::GetSubcategories()
        $null = $api::GetSystemSettings($guids)
        $null = $api::CountUserSettings($guids)
        [AuditTest.Lab]::Left()
    """

    assert answer_of(engine, write(users=USERS), body) == "0 0 0"


@pytest.mark.parametrize(
    "function", ["AuditQuerySystemPolicy", "AuditEnumeratePerUserPolicy", "AuditQueryPerUserPolicy"]
)
def test_a_call_that_fails_says_its_code_and_leaves_nothing_behind(engine, write, function):
    body = """
        $guids = $api::GetSubcategories()
        $code = Get-Code { $api::GetSystemSettings($guids); $api::CountUserSettings($guids) }
        "$code $([AuditTest.Lab]::Left())"
    """

    # ERROR_INTERNAL_ERROR; no buffer, no token, no privilege.
    state = write(users=USERS, faults={f"api:{function}": "error"})
    assert answer_of(engine, state, body) == "1359 0 0 0"


def test_a_privilege_that_was_on_stays_on(engine, write):
    body = """
        $mine = [Ansible.Privilege.PrivilegeEnabler]::new($true, 'SeSecurityPrivilege')
        $null = $api::GetSystemSettings($api::GetSubcategories())
        $during = [AuditTest.Lab]::LabIsEnabled()
        $mine.Dispose()
        "$during $([AuditTest.Lab]::LabIsEnabled())"
    """

    assert answer_of(engine, write(), body) == "1 0"


def test_a_token_without_the_privilege_is_refused(engine, write):
    body = "Get-Code { $api::GetSystemSettings($api::GetSubcategories()) }"

    # ERROR_NOT_ALL_ASSIGNED
    assert answer_of(engine, write(faults={"api:AdjustTokenPrivileges": "denied"}), body) == 1300


@pytest.mark.parametrize(
    "guids",
    [
        pytest.param("[guid[]]@()", id="none"),
        pytest.param("[guid[]]@([guid]::NewGuid())", id="unknown"),
    ],
)
def test_subcategories_that_windows_lacks_are_refused(engine, write, guids):
    # ERROR_INVALID_PARAMETER
    assert answer_of(engine, write(), f"Get-Code {{ $api::GetSystemSettings({guids}) }}") == 87


# What is wrong with the first source -> what its probe says.
REASONS = [
    pytest.param("AuditQuerySystemPolicy", "denied", ("denied", "0x80070522"), id="no-privilege"),
    pytest.param("AdjustTokenPrivileges", "denied", ("denied", "0x80070514"), id="not-assigned"),
    pytest.param(
        "AuditEnumerateSubCategories", "missing", ("error", "0x80070078"), id="no-function"
    ),
    pytest.param("AuditQuerySystemPolicy", "error", ("error", "0x8007054F"), id="failed"),
    pytest.param("AuditEnumeratePerUserPolicy", "error", ("error", "0x8007054F"), id="users"),
    pytest.param("AuditEnumerateSubCategories", "empty", ("error", "0x80070057"), id="nothing"),
    pytest.param("AuditEnumerateSubCategories", "garbage", ("error", "0x8007000D"), id="twice"),
    pytest.param("AuditQuerySystemPolicy", "garbage", ("error", "0x8007000D"), id="not-asked-for"),
    pytest.param("AuditQuerySystemPolicy", "empty", ("error", "0x8007000D"), id="zeros"),
]


@pytest.mark.parametrize(("function", "fault", "said"), REASONS)
def test_the_second_source_answers_and_the_first_says_why_it_did_not(
    engine, write, function, fault, said
):
    host = write(policy={LOGON: 1}, faults={f"api:{function}": fault})

    found = probes(engine.job(collect(), host))

    assert (found["audit_policy"]["state"], found["audit_policy"]["hresult"]) == said
    assert found["audit_policy"]["value"] is None
    assert found["audit_policy_backup"]["state"] == "ok"
    assert values(found["audit_policy_backup"])[LOGON] == 1


def test_a_number_that_no_setting_has_is_not_believed(engine, write):
    host = write()
    document = json.loads(host.read_text())
    odd = {"type": "garbage", "only": ["AuditingInformation"]}
    document["faults"]["api:AuditQuerySystemPolicy"] = odd
    write_state(document, host)

    found = probes(engine.job(collect(), host))

    assert found["audit_policy"]["hresult"] == "0x8007000D"
    assert found["audit_policy_backup"]["state"] == "ok"


def test_without_the_library_the_verdict_is_the_same(engine_settings, states, tmp_path):
    state = states["logging-U1"]
    bare = replace(engine_settings, native=None)

    verdicts = [
        observe(settings, tmp_path / name, [Collection("host", state, ("logging",))])
        for name, settings in (("with", engine_settings), ("without", bare))
    ]
    first, second = (found["host"]["logging"] for found in verdicts)

    assert first.probes["audit_policy"] == "ok"
    assert second.probes["audit_policy"] == "error"
    assert second.probes["audit_policy_backup"] == "ok"
    assert first.findings == second.findings
    assert "audit_subcategory_missing" in first.codes


def test_with_neither_source_nothing_is_judged(engine_settings, states, tmp_path):
    state = json.loads(json.dumps(states["healthy-2022-member"]))
    set_fault(state, "api:advapi32.dll", "denied")
    set_fault(state, "native:auditpol.exe", "error")

    found = observe(engine_settings, tmp_path, [Collection("host", state, ("logging",))])
    verdict = found["host"]["logging"]

    assert verdict.status == "ERROR"
    assert [
        (item["code"], item["scope"]) for item in verdict.findings if item["status"] == "ERROR"
    ] == [("probe_denied", "audit_policy"), ("probe_error", "audit_policy_backup")]
