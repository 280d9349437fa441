# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how much of the PowerShell runs in these tests, and that the rest has a reason.

The runs are a compact set of their own, so that the figure does not depend on which other tests
ran: every scenario through the module of its check, all of check_all on one host of each kind, and
each source broken.
"""

import copy
import dataclasses

import pytest

from integration.chain import CHECKS, COLLECTION, Collection, observe
from integration.coverage_page import (
    OF_REPAIRS,
    PLUGINS,
    listed_by_script,
    missed_by_script,
    script_name,
)
from integration.faultcases import broken, cases, collection, distinct, seeded
from integration.scenarios import (
    baseline_site,
    frozen_states,
    is_run_as_system,
    read_scenarios,
)
from lab.coverage import FileCoverage, format_coverage, read_coverage

# Without a C compiler the first source of the audit policy does not run.
pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("native")]
HOSTS = (
    "healthy-2016-dc",
    "healthy-2016-oldplatform",
    "healthy-2025-member",
    "healthy-core2022-workgroup",
    "healthy-win10-member",
    "healthy-win11-member",
)
FAULTS = ("garbage", "empty")
# Most ways to fail end in one line of _Probe; these have a line of their own.
TOLD_APART = {("eventlog", "missing"), ("native", "denied")}
ALL = (*FAULTS, "missing", "denied")
TOTAL_PERCENT = 95
FILE_PERCENT = 90
# Small scripts with a part that only a real Windows reaches: it is listed with its reason.
BEHIND = {"_HostFact.psm1"}


# What a site may ask that is not asked by default.
RARE_SITE = {
    "patching": {"online_search": "never"},
    "backup": {
        "dump_files": [
            {"path": r"C:\Dumps", "pattern": "*.bak", "max_age_hours": 48, "min_bytes": 0},
        ],
    },
}
# A dump, and a group policy that sets auditing: of the system, and of one account.
RARE_FILES = {
    r"C:\Dumps\ehr.bak": "x",
    r"C:\Windows\System32\GroupPolicy\Machine\Microsoft\Windows NT\Audit\audit.csv": """\
Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,Value
,System,Logon,{0CCE9215-69AE-11D9-BED3-505054503030},Success and Failure,,3
,S-1-5-32-545,Logon,{0CCE9215-69AE-11D9-BED3-505054503030},Success,,1
""",
}


# The answer of AuditQuerySystemPolicy: refused; with numbers that no audit setting has.
DENIED_API = {"type": "denied"}
ODD_VALUES = {"type": "garbage", "only": ["AuditingInformation"]}


def rare_host(audit_fault=None):
    """Return a host with what healthy ones and scenarios lack: each thing is read differently."""
    state = copy.deepcopy(frozen_states()["healthy-win11-member"])
    state["registry"] |= {
        r"HKLM\SOFTWARE\Microsoft\Enrollments\{1}": {"ProviderID": ["REG_SZ", "MS DM Server"]},
    }
    state["security_center"]["firewall"] = [{"displayName": "Other", "productState": 266240}]
    state["defender"]["preference"]["ExclusionPath"] = ["N/A: Must be an administrator"]
    outbound = {"Name": "out", "Enabled": 1, "Direction": 2, "Action": 2, "Profile": 7}
    state["firewall"]["rules"]["PersistentStore"].append(outbound)
    several = {"Name": "several", "Enabled": 1, "Direction": 1, "Action": 2, "Profile": 7}
    several |= {"Protocol": "TCP", "LocalPort": "3000-4000", "RemoteAddress": "Any"}
    state["firewall"]["rules"]["PersistentStore"].append(several)
    logon = "{0CCE9215-69AE-11D9-BED3-505054503030}"
    state["audit"]["users"] = {"S-1-5-21-1004336348-1177238915-682003330-1107": {logon: 1}}
    state["audit"]["policy"][logon] = 4
    if audit_fault:
        state["faults"]["api:AuditQuerySystemPolicy"] = audit_fault
    copies = [{"ID": "{2}", "InstallDate": "2025-11-03T02:00:00Z"}]
    state["cim"]["root/cimv2"]["Win32_ShadowCopy"] = copies
    update = ["2025-11 Definitions (KB2267602)", "{5f0f9d3e-0000-4000-8000-000000000002}", 1]
    defender = "Microsoft-Windows-Windows Defender"
    for log, provider, number, data in (
        ("System", "Microsoft-Windows-WindowsUpdateClient", 19, update),
        ("Setup", "Microsoft-Windows-Servicing", 4, []),
        (f"{defender}/Operational", defender, 5001, {}),
    ):
        record = {
            "TimeCreated": "2025-11-03T12:00:00Z",
            "ProviderName": provider,
            "Id": number,
            "Level": 4,
            "Data": data,
        }
        state["eventlogs"][log]["records"].insert(0, record)
    return state


def collections():
    states = frozen_states()
    for scenario in read_scenarios():
        plain = scenario.collection(states[scenario.name])
        yield dataclasses.replace(plain, module=f"check_{scenario.check}")
    for name in HOSTS:
        user = "SYSTEM" if is_run_as_system(name) else None
        yield Collection(name, states[name], site=baseline_site(name), become_user=user)
    rare = Collection("rare", rare_host(), site=RARE_SITE, become_user="SYSTEM", files=RARE_FILES)
    yield rare
    # The same, and an account with an audit policy of its own, when the first source is broken.
    yield dataclasses.replace(rare, name="rare-backup", state=rare_host(audit_fault=DENIED_API))
    odd = rare_host(audit_fault=ODD_VALUES)
    yield Collection("odd-values", odd, ("logging",), become_user="SYSTEM")
    # Defaults for what nobody asks; then a collector that throws, as none should.
    server = states["healthy-2022-member"]
    yield Collection("unasked", server, collect={check: {} for check in CHECKS})
    yield Collection("defect", server, ("firewall",), collect={"firewall": "no dictionary"})
    wanted = [
        case for case in cases(ALL) if case.fault in FAULTS or (case.kind, case.fault) in TOLD_APART
    ]
    for case in distinct(wanted):
        state = case.break_host(seeded(case.baseline, case.check))
        yield collection(case.name, state, case.check)
    searcher = "com:Microsoft.Update.Searcher.Search"
    search = broken(seeded("healthy-2022-member"), searcher, "hang", 600)
    asked = {"patching": {"online_search": "always", "search_timeout_seconds": 1}}
    yield collection("hang", search, "patching", collect=asked)


@pytest.fixture(scope="module")
def files(once, engine_settings, tmp_path_factory):
    """Return the coverage of each script of the collection."""

    def compute():
        folder = tmp_path_factory.mktemp("coverage")
        settings = dataclasses.replace(engine_settings, coverage=folder / "hits")
        observe(settings, folder / "hosts", collections())
        return [dataclasses.asdict(item) for item in read_coverage(folder / "hits")]

    return [FileCoverage(**item) for item in once("coverage", compute)]


def test_every_script_of_the_collection_runs(files):
    scripts = {
        path.name
        for folder in ("modules", "module_utils")
        for path in (PLUGINS / folder).glob("*.ps*1")
    }

    assert {script_name(item) for item in files} == {
        name for name in scripts if not OF_REPAIRS.fullmatch(name)
    }
    assert all(item.name.startswith(f"ansible_collections.{COLLECTION}.") for item in files)


def test_nearly_every_statement_runs(files):
    statements = sum(item.statements for item in files)
    hit = sum(item.hit for item in files)

    assert 100 * hit >= TOTAL_PERCENT * statements, format_coverage(files)


def test_no_script_is_left_behind(files):
    behind = {script_name(item) for item in files if item.percent < FILE_PERCENT}

    assert behind == BEHIND, format_coverage(files)


def test_what_does_not_run_is_listed_with_its_reason(files):
    assert missed_by_script(files) == listed_by_script(of_repairs=False), format_coverage(files)
