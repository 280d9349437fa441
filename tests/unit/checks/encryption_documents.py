# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host that is encrypted says of itself, and how to spoil one thing of it."""

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.encryption import (
    judge_encryption,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.encryption import (
    EncryptionFacts,
    EncryptionPolicy,
)
from unit.checks.documents import NOW, document, list_of, probe

SETTINGS = {
    "hipaa_controls": ("164.312(a)(2)(iv)",),
    "clock_skew_warn_seconds": 300,
    "clock_skew_error_seconds": 86400,
    "methods_accepted": (4, 6, 7),
    "methods_weak": (3,),
    "methods_accepted_removable": (3, 4, 6, 7),
    "removable_volumes": "ignore",
    "recovery_password_required": True,
    "escrow_required": True,
    "suspended_grace_hours": 24,
    "tpm_protector_required": True,
    "compensating": "none",
    "accepted_products": (),
    "legacy_tls_allowed": False,
    "smb_signing_required": True,
    "ephi_shares": (),
    "rdp_security_layer_min": 2,
    "rdp_encryption_level_min": 3,
    "products": ({"name": "VeraCrypt", "service": "veracrypt"},),
}
C_DEVICE, D_DEVICE = "\\\\?\\Volume{c}\\", "\\\\?\\Volume{d}\\"
# Recovery passwords, by the SHA-256 of their ids.
C_PASSWORD, D_PASSWORD, GONE_PASSWORD = "c" * 64, "d" * 64, "0" * 64
C_VOLUME = {
    "device_id": C_DEVICE,
    "drive": "C:",
    "volume_type": 0,
    "protection": 1,
    "conversion": 1,
    "percentage": 100,
    "flags": 1,
    "method": 6,
    "lock": 0,
    "suspend_count": 0,
    "is_initialized": True,
    "protectors": list_of(1, 3),
    "recovery": list_of(C_PASSWORD),
}
D_VOLUME = C_VOLUME | {
    "device_id": D_DEVICE,
    "drive": "D:",
    "volume_type": 1,
    "suspend_count": None,
    "protectors": list_of(2, 3),
    "recovery": list_of(D_PASSWORD),
}
OFF = {"enabled": 0, "disabled_by_default": 1}
DEFAULT = {"enabled": None, "disabled_by_default": None}
OLD_PROTOCOLS = ("SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1")


def record(event, protector=None, *, drive=None, at="2025-02-01T10:00:00Z"):
    return {"event": event, "drive": drive, "protector": protector, "at": at}


def fixed(device, drive):
    return {"device_id": device, "drive": drive, "file_system": "NTFS", "has_path": True}


def healthy():
    protocols = [{"name": name, **OFF} for name in OLD_PROTOCOLS]
    protocols += [{"name": name, **DEFAULT} for name in ("TLS 1.2", "TLS 1.3")]
    return {
        "volumes": probe(list_of(dict(C_VOLUME), dict(D_VOLUME))),
        "fixed_volumes": probe(list_of(fixed(C_DEVICE, "C:"), fixed(D_DEVICE, "D:"))),
        "feature": probe({"install_state": 1}),
        "tpm": probe(
            {
                "is_present": True,
                "is_enabled": True,
                "is_activated": True,
                "is_owned": True,
                "spec_version": "2.0, 0, 1.38",
            }
        ),
        "secure_boot": probe({"enabled": 1}),
        "escrow_policy": probe(
            {"os_backup": 1, "os_required": 1, "fixed_backup": 1, "fixed_required": 1}
        ),
        "events": probe(list_of(record("escrowed", C_PASSWORD), record("escrowed", D_PASSWORD))),
        "pending_reboot": probe({"servicing": False, "update": False}),
        "protocols": probe(list_of(*protocols)),
        "smb": probe(
            {
                "smb1": False,
                "signing_required": True,
                "encrypt_data": False,
                "reject_unencrypted": True,
            }
        ),
        "smb_registry": probe({"smb1": 0, "signing_required": 1}),
        "shares": probe(list_of()),
        "remote_desktop": probe(
            {
                "denied": 0,
                "policy_denied": None,
                "network_level": 1,
                "policy_network_level": None,
                "security_layer": 2,
                "policy_security_layer": None,
                "encryption_level": 3,
                "policy_encryption_level": None,
            }
        ),
        "winrm": probe({"policy_unencrypted": 0, "local_unencrypted": None}),
        "other_products": probe(list_of()),
    }


def policy(**change):
    return EncryptionPolicy.model_validate(SETTINGS | change)


def judge(probes, rules=None, **host):
    facts = EncryptionFacts.parse(document("encryption", probes, **host))
    return judge_encryption(facts, rules or policy(), NOW)


def codes(check):
    return [item["code"] for item in check.details["findings"] if item["status"] != "PASS"]


def with_c(**change):
    probes = healthy()
    probes["volumes"]["value"]["items"][0] |= change
    return probes
