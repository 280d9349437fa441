# SPDX-License-Identifier: GPL-3.0-or-later
"""What a protected Windows host says of malware protection, and how to spoil one thing of it."""

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.av_edr import (
    judge_av_edr,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.av_edr import (
    AvEdrFacts,
    AvEdrPolicy,
    Product,
)
from unit.checks.documents import NOW, document, list_of, probe

PRODUCTS = (
    Product(
        name="CrowdStrike Falcon",
        kind="both",
        services=("CSFalconService",),
        display_names=("crowdstrike",),
        has_signatures=False,
    ),
    Product(
        name="ESET", kind="engine", services=("ekrn",), display_names=("eset",), has_signatures=True
    ),
    Product(
        name="Huntress",
        kind="sensor",
        services=("HuntressAgent",),
        display_names=(),
        has_signatures=False,
    ),
    Product(
        name="Kaspersky",
        kind="engine",
        services=("AVP*",),
        display_names=("kaspersky",),
        has_signatures=True,
    ),
)
POLICY = AvEdrPolicy(
    hipaa_controls=("164.308(a)(5)(ii)(B)",),
    clock_skew_warn_seconds=300,
    clock_skew_error_seconds=86400,
    signature_age_warn_days=1,
    signature_age_fail_days=3,
    quick_scan_age_warn_days=7,
    quick_scan_age_fail_days=14,
    components_required=("behavior", "ioav", "script", "network"),
    tamper_protection_required_on="manageable",
    edr_required=False,
    accepted_products=None,
    engine_age_max_days=60,
    platform_age_max_days=120,
    event_lookback_days=30,
    forbidden_exclusion_paths=("%TEMP%", r"\Users\*", r"\Windows\Temp"),
    forbidden_exclusion_processes=("powershell.exe",),
    forbidden_exclusion_extensions=("exe",),
    products=PRODUCTS,
)
STATUS = {
    "running_mode": "Normal",
    "service_enabled": True,
    "antivirus_enabled": True,
    "realtime_enabled": True,
    "on_access_enabled": True,
    "behavior_enabled": True,
    "ioav_enabled": True,
    "nis_enabled": True,
    "signature_age_days": 0,
    "signature_updated_at": "2025-11-04T00:00:00Z",
    "signature_version": "1.441.102.0",
    "signatures_out_of_date": False,
    "quick_scan_age_days": 1,
    "full_scan_age_days": 4294967295,
    "engine_version": "1.1.25090.3000",
    "platform_version": "4.18.25090.3009",
    "tamper_protected": True,
    "computer_state": 0,
    "product_status": 524288,
    "reboot_required": False,
}
PREFERENCE = {
    "realtime_disabled": False,
    "behavior_disabled": False,
    "ioav_disabled": False,
    "script_disabled": False,
    "cloud_reporting": 2,
    "are_exclusions_hidden": False,
    "exclusion_total": 0,
    "exclusions": list_of(),
}
SETTINGS = dict.fromkeys(
    (
        "disable_antispyware",
        "disable_realtime",
        "disable_behavior",
        "disable_ioav",
        "disable_script",
        "managed_realtime",
        "managed_behavior",
        "managed_ioav",
        "managed_script",
    )
)
CLIENT = {"product_type": 1, "build": 26100, "installation_type": "Client"}
# productState: on and fresh, on and old, off, snoozed.
DEFENDER_ON, OTHER_ON, OTHER_OLD, OTHER_OFF, OTHER_SNOOZED = 397568, 266240, 266256, 262144, 270336
NOT_RUNNING = {
    "running_mode": "Not running",
    "service_enabled": False,
    "antivirus_enabled": False,
    "realtime_enabled": False,
}
PASSIVE = {"running_mode": "Passive Mode", "realtime_enabled": False}


def service(name, state="Running", start_mode="Auto"):
    return {"name": name, "state": state, "start_mode": start_mode, "exit_code": 0}


def installed(*services, patterns=4):
    return probe({"patterns": patterns, "services": list_of(*services)})


def center(*products):
    return probe(
        list_of(
            *(
                {"name": name, "product_state": state, "has_program": has_program}
                for name, state, has_program in products
            )
        )
    )


def healthy():
    return {
        "computer_status": probe(dict(STATUS)),
        "preference": probe(dict(PREFERENCE)),
        "services": probe(
            list_of(
                {"exists": True, **service("WinDefend")},
                {"exists": True, **service("WdNisSvc", start_mode="Manual")},
                {"exists": True, **service("Sense", "Stopped", "Manual")},
            )
        ),
        "filter_driver": probe({"exists": True, "state": "Running"}),
        "onboarding": probe({"onboarding_state": None, "force_passive": None}),
        "policy": probe(dict(SETTINGS)),
        "security_center": probe(state="absent", hresult="0x8004100E"),
        "products": installed(),
        "feature": probe({"install_state": 1}),
        "detections": probe({"total": 0, "detections": list_of()}),
        "threat_events": probe(list_of()),
        "protection_events": probe(list_of()),
    }


def with_status(probes=None, **change):
    probes = probes or healthy()
    probes["computer_status"]["value"] |= change
    return probes


def with_service(name, state, probes=None):
    probes = probes or healthy()
    for item in probes["services"]["value"]["items"]:
        if item["name"] == name:
            item |= {"state": state}
    return probes


def removed():
    """Return a server whose Defender feature was uninstalled."""
    gone = probe(state="absent", hresult="0x8004100E")
    probes = healthy() | dict.fromkeys(("computer_status", "preference", "detections"), gone)
    no_log = probe(state="absent", hresult="0x80073A9F")
    probes |= {"threat_events": no_log, "protection_events": no_log}
    probes["feature"] = probe({"install_state": 3})
    probes["filter_driver"] = probe({"exists": False, "state": None})
    for item in probes["services"]["value"]["items"]:
        item |= {"exists": False, "state": None, "start_mode": None, "exit_code": None}
    return probes


def judge(probes, policy=POLICY, **host):
    return judge_av_edr(AvEdrFacts.parse(document("av_edr", probes, **host)), policy, NOW)


def codes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] != "PASS"]


def notes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] == "PASS"]
