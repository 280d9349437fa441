# SPDX-License-Identifier: GPL-3.0-or-later
"""What a patched Windows host says of its updates, and how to spoil one thing of it."""

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.patching import (
    judge_patching,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.patching import (
    PatchingFacts,
    PatchingPolicy,
)
from unit.checks.documents import NOW, document, list_of, probe

SECURITY = "0fa1201d-4330-4fa8-8ae9-b877473b6441"
DEFINITIONS = "e0789628-ce08-4437-be74-2495b842f43b"
UPDATE_ID = "5f0f9d3e-0000-4000-8000-000000000001"
POLICY = PatchingPolicy(
    hipaa_controls=("164.308(a)(1)(ii)(B)",),
    clock_skew_warn_seconds=300,
    clock_skew_error_seconds=86400,
    critical_sla_days=15,
    high_sla_days=30,
    unrated_severity="critical",
    lcu_age_warn_days=45,
    lcu_age_fail_days=50,
    scan_age_warn_days=3,
    scan_age_fail_days=7,
    pending_reboot_warn_hours=24,
    pending_reboot_fail_hours=72,
    install_failures_max=2,
    install_failure_window_days=14,
    required_auto_update=True,
    managed_by="none",
    quality_deferral_max_days=0,
    hotpatch_enrolled=False,
    support_notice_days=180,
    security_category_ids=(SECURITY,),
    definition_category_ids=(DEFINITIONS,),
    ignored_kbs=("2267602",),
    online_search="auto",
    search_timeout_seconds=900,
    lcu_releases={
        20348: (
            (4052, "2025-08-12", "lcu"),
            (4163, "2025-09-10", "hotpatch"),
            (4171, "2025-09-15", "lcu"),
            (4294, "2025-10-14", "lcu"),
            (4297, "2025-10-23", "out_of_band"),
            (4405, "2025-11-11", "lcu"),
        ),
    },
    os_end_of_support={
        20348: (("Server*", "2031-10-14"),),
        19045: (("EnterpriseS*", "2027-01-12"), ("*", "2025-10-14")),
    },
)
UPDATE = {
    "update_id": UPDATE_ID,
    "kbs": list_of("5066782"),
    "severity": "critical",
    "published_at": "2025-10-14T00:00:00Z",
    "category_ids": list_of(SECURITY),
    "browse_only": False,
    "is_hidden": False,
    "is_downloaded": False,
    "is_mandatory": False,
    "reboot_required": False,
    "reboot_behavior": 2,
    "impact": 0,
}
SETTINGS = {
    "no_auto_update": 0,
    "au_options": 4,
    "scheduled_install_day": 0,
    "use_wsus": 0,
    "wsus_scheme": "none",
    "disable_access": None,
    "no_internet": None,
    "defer_quality": None,
    "defer_quality_days": None,
    "pause_quality_at": None,
    "target_release": None,
    "pause_expires_at": None,
    "mdm_allow_auto_update": None,
    "mdm_defer_quality_days": None,
    "mdm_pause_quality": None,
    "agent_start": 3,
}
SIGNS = {
    "servicing_pending": False,
    "servicing_in_progress": False,
    "packages_pending": False,
    "update_required": False,
    "server_manager": 0,
    "computer_rename": False,
    "domain_join": False,
    "file_renames": 3,
}
SERVICE = {"exists": True, "state": "Stopped", "start_mode": "Manual", "exit_code": 0}
NAMES = ("wuauserv", "UsoSvc", "BITS", "CryptSvc", "TrustedInstaller")


def package(ubr=4294, state=112, installed_at="2025-10-20T03:00:00Z", build=20348):
    return {"build": build, "ubr": ubr, "state": state, "installed_at": installed_at}


def packages(*items):
    return probe({"total": len(items), "packages": list_of(*items)})


def search(*updates, result_code=2, warnings=(), total=None):
    return probe(
        {
            "online": True,
            "result_code": result_code,
            "warnings": list_of(*({"context": 4, "hresult": item} for item in warnings)),
            "total": len(updates) if total is None else total,
            "updates": list_of(*updates),
        }
    )


def scanned(instant):
    return probe({"last_search_at": instant, "last_install_at": "2025-11-04T00:00:00Z"})


def event(number, at, hresult=None, update_id=UPDATE_ID, kbs=("5066782",)):
    return {
        "id": number,
        "at": at,
        "update_id": update_id,
        "hresult": hresult,
        "kbs": list_of(*kbs),
    }


def healthy():
    return {
        "packages": packages(package(), package(ubr=4171, state=80)),
        "agent_dates": scanned("2025-11-04T00:00:00Z"),
        "search": search(),
        "cached_search": probe(state="absent"),
        "legacy_dates": probe({"last_search_at": None, "last_install_at": None}),
        "history": probe({"total": 0, "entries": list_of()}),
        "events": probe(list_of(event(19, "2025-10-20T02:00:00Z"))),
        "servicing_events": probe(list_of()),
        "hotfixes": probe({"total": 1, "hotfixes": list_of({"hotfix_id": "KB5066782"})}),
        "settings": probe(SETTINGS),
        "update_services": probe(
            list_of(
                {
                    "service_id": "9482f4b4-e343-43b6-b170-9a65bc822c77",
                    "is_default": True,
                    "is_managed": False,
                }
            )
        ),
        "services": probe(list_of(*({"name": name, **SERVICE} for name in NAMES))),
        "reboot": probe(SIGNS),
        "agent_reboot": probe(state="denied", hresult="0x80070005"),
    }


def judge(probes, policy=POLICY, **host):
    return judge_patching(PatchingFacts.parse(document("patching", probes, **host)), policy, NOW)


def found(check):
    return [
        (item["status"], item["code"])
        for item in check.details["findings"]
        if item["status"] != "PASS"
    ]


def informed(check):
    return [item["code"] for item in check.details["findings"] if item["status"] == "PASS"]


def site(**change):
    return PatchingPolicy.model_validate(POLICY.model_dump() | change)


PENDING = probe(SIGNS | {"servicing_pending": True})
