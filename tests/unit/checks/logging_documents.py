# SPDX-License-Identifier: GPL-3.0-or-later
"""What a healthy Windows server says of its logs, and how to spoil one thing of it."""

from pathlib import Path

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.logging import (
    judge_logging,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.logging import (
    LoggingFacts,
    LoggingPolicy,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import (
    Layer,
    build_policy,
    rule_layers,
)
from unit.checks.documents import NOW, document, list_of, probe

RULES = Path(__file__).parents[3] / "rules"
CONTROLS = Layer("controls", {"hipaa_controls": ["164.312(b)"]})


def policy(**override):
    layers = [*rule_layers(RULES, "logging"), CONTROLS, Layer("test", override)]
    return build_policy(LoggingPolicy, layers)


POLICY = policy()
MEMBER = [rule for rule in POLICY.audit_baseline if not rule.dc]
LOG = {"exists": True, "enabled": True, "mode": "circular", "file_bytes": 20975616, "full": False}
SETTING = {
    "max_bytes": 33554432,
    "retention": 0,
    "auto_backup": None,
    "warning_level": None,
    "policy_max_kb": None,
    "policy_retention": None,
}
SIZES = {
    "Security": 201326592,
    "System": 33554432,
    "Application": 33554432,
    "Setup": 33554432,
    "Microsoft-Windows-PowerShell/Operational": 67108864,
}
SERVICE = {"exists": True, "state": "Running", "start_mode": "Auto"}
ACTIVITY = {
    "newest": {"number": 9018513, "at": "2025-11-04T08:55:00Z"},
    "oldest": {"number": 9014410, "at": "2025-10-21T03:00:00Z"},
    "records": 4104,
    "covered_from": "2025-11-02T08:45:00Z",
    "gaps_found": 0,
    "gaps": list_of(),
}
# A host that starts at 03:00 on 20 October and runs since then.
STARTED = [{"id": 12, "at": "2025-10-20T03:00:00Z"}, {"id": 6005, "at": "2025-10-20T03:00:05Z"}]
TICKET = {
    "reference": "CHG-4711",
    "opens_at": "2025-11-04T06:00:00Z",
    "closes_at": "2025-11-04T07:00:00Z",
}
CLIENT = {"product_type": 1, "installation_type": "Client"}
WEC = "http://wec01.clinic.local:5985/wsman/SubscriptionManager/WEC"


def healthy():
    return {
        "audit_policy": probe(
            {
                "settings": list_of(*({"guid": rule.guid, "value": 3} for rule in MEMBER)),
                "crash_on_audit_fail": 0,
                "user_rows": 0,
            }
        ),
        "audit_policy_backup": probe(state="absent"),
        "audit_settings": probe(
            {"force_subcategory": 1, "crash_on_audit_fail": 0, "command_line": 0}
        ),
        "audit_owner": probe({"policy_guids": list_of(), "mdm_values": 0}),
        "logs": probe(
            list_of(*({"name": name, "max_bytes": size, **LOG} for name, size in SIZES.items()))
        ),
        "log_settings": probe(
            list_of(
                {"name": "Security", **SETTING, "max_bytes": 201326592, "warning_level": 90},
                *({"name": name, **SETTING} for name in ("System", "Application")),
            )
        ),
        "services": probe(list_of(*({"name": name, **SERVICE} for name in ("EventLog", "WinRM")))),
        "security_activity": probe(ACTIVITY),
        "system_activity": probe(ACTIVITY),
        "power_events": probe(list_of(*STARTED)),
        "cleared_events": probe(list_of()),
        "tamper_events": probe(list_of()),
        "powershell": probe(
            {"script_block": 1, "module": None, "transcription": None, "core_script_block": None}
        ),
        "forwarding": probe({"managers": list_of()}),
        "forwarding_events": probe(list_of()),
        "forwarding_reader": probe(state="absent"),
        "agents": probe(list_of()),
    }


def judge(probes, policy=POLICY, **host):
    return judge_logging(LoggingFacts.parse(document("logging", probes, **host)), policy, NOW)


def codes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] != "PASS"]


def notes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] == "PASS"]


def with_item(source, index, **change):
    probes = healthy()
    probes[source]["value"]["items"][index] = probes[source]["value"]["items"][index] | change
    return probes


def with_value(source, **change):
    probes = healthy()
    probes[source]["value"] = probes[source]["value"] | change
    return probes


def audited(number, value):
    probes = healthy()
    guid = f"0CCE92{number}-69AE-11D9-BED3-505054503030"
    for item in probes["audit_policy"]["value"]["settings"]["items"]:
        if item["guid"] == guid:
            item["value"] = value
    return probes


def silent(begin, end):
    gaps = list_of({"from": begin, "to": end})
    return with_value("security_activity", gaps_found=1, gaps=gaps)


def cleared(at="2025-11-04T06:02:11Z", log="Security"):
    return healthy() | {"cleared_events": probe(list_of({"log": log, "at": at, "sid": "S-1-5-18"}))}


def forwarded(*events, reader=True):
    return healthy() | {
        "forwarding": probe({"managers": list_of(WEC)}),
        "forwarding_events": probe(
            list_of(*({"id": number, "at": at, "error_code": None} for number, at in events))
        ),
        "forwarding_reader": probe({"network_service": reader}),
    }
