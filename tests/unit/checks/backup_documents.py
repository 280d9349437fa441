# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Windows host that is backed up says, and how to spoil one thing of it."""

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.backup import (
    judge_backup,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.backup import (
    BackupFacts,
    BackupPolicy,
    EventSource,
    Product,
)
from unit.checks.documents import NOW, document, list_of, probe

VEEAM_LOG = EventSource(log="Veeam Agent", provider="Veeam Agent", ids=(190,))
POLICY = BackupPolicy(
    hipaa_controls=("164.308(a)(7)(ii)(A)",),
    clock_skew_warn_seconds=300,
    clock_skew_error_seconds=86400,
    provider="auto",
    max_age_warn_hours=26,
    max_age_fail_hours=48,
    business_days_aware=False,
    min_versions=3,
    require_schedule=True,
    require_system_state=True,
    same_disk_target="fail",
    hung_job_hours=24,
    restore_test_required=False,
    restore_test_max_age_days=30,
    restore_test_last=None,
    external_last_success=None,
    exception_reason=None,
    exception_expires=None,
    dump_files=(),
    success_events=(),
    products=(
        Product(
            name="Veeam Agent",
            provider="veeam_agent",
            services=("VeeamEndpointBackupSvc",),
            events=VEEAM_LOG,
        ),
        Product(name="Datto", provider="datto", services=("DattoBackupAgentService",), events=None),
    ),
)
SUMMARY = {
    "next_backup_at": "2025-11-05T04:30:00Z",
    "version_count": 101,
    "last_success_at": "2025-11-04T04:30:00Z",
    "last_backup_at": "2025-11-04T04:30:00Z",
    "result": 0,
    "detailed_result": 0,
    "operation": "NoOperationInProgress",
    "target_path": None,
}
PLAN = {
    "is_configured": True,
    "schedule_times": 1,
    "has_system_state": True,
    "volumes": list_of("C:", "D:"),
    "targets": list_of(
        {"type": "Disk", "path": r"\\?\Volume{61776c53-3eeb-447b-b38e-a6cd3bee7fbb}"}
    ),
}
WRITER = "{e8132975-6f93-4464-a53e-1050253ae220}"
NO_COMMAND = probe(state="absent", hresult="0x80070002")


def service(name, state="Running", start_mode="Auto", exit_code=0):
    return {"name": name, "state": state, "start_mode": start_mode, "exit_code": exit_code}


def idle(name):
    return {"exists": True, **service(name, "Stopped", "Manual", 1077)}


def healthy():
    return {
        "wsb_summary": probe(dict(SUMMARY)),
        "wsb_policy": probe(dict(PLAN)),
        "wsb_job": probe({"state": "Unknown", "type": "None", "started_at": None}),
        "wsb_events": probe(list_of(event(4, "2025-11-04T05:10:00Z"))),
        "disks": probe(
            list_of(
                {"path": "C:\\", "disk": 0},
                {"path": "D:\\", "disk": 1},
                {"path": "E:\\", "disk": 2},
            )
        ),
        "services": probe(list_of(idle("wbengine"), idle("VSS"), idle("swprv"))),
        "products": installed(),
        "product_events": probe(list_of()),
        "feature": probe({"install_state": 1}),
        "dumps": probe(list_of()),
        "shadow_copies": probe({"copies": 0, "newest_at": None}),
        "writers": probe(list_of({"id": WRITER, "state": 1})),
        "directory": probe(state="absent"),
    }


def event(number, at, result=None, detailed=None):
    return {"id": number, "at": at, "result": result, "detailed_result": detailed}


def installed(*services, patterns=2):
    return probe({"patterns": patterns, "services": list_of(*services)})


def with_summary(**change):
    probes = healthy()
    probes["wsb_summary"]["value"] |= change
    return probes


def without_wsb():
    gone = dict.fromkeys(("wsb_summary", "wsb_policy", "wsb_job"), NO_COMMAND)
    probes = healthy() | gone | {"feature": probe({"install_state": 2})}
    probes["wsb_events"] = probe(state="absent", hresult="0x80073A9F")
    return probes


def veeam(*results, **host):
    """Return a host with Veeam Agent, whose log tells (level, time), newest first."""
    events = probe(list_of(*({"level": level, "at": at} for level, at in results)))
    return without_wsb() | {
        "products": installed(service("VeeamEndpointBackupSvc", **host)),
        "product_events": probe(list_of({"product": "Veeam Agent", "events": events})),
    }


def judge(probes, policy=POLICY, **host):
    return judge_backup(BackupFacts.parse(document("backup", probes, **host)), policy, NOW)


def changed(**values):
    return POLICY.model_copy(update=values)


def codes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] != "PASS"]
