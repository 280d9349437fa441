# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge data in transit: TLS, SMB, remote desktop and WinRM. Pure."""

from ..facts.encryption import EncryptionFacts, EncryptionPolicy, RemoteDesktop
from .judgement import Judgement

# On by default in every Windows on the market, Server 2025 and Windows 11 24H2 included
# (Microsoft, "Protocols in TLS/SSL (Schannel SSP)", read 2026).
ON_BY_DEFAULT = ("TLS 1.0", "TLS 1.1")
OFF_BY_DEFAULT = ("SSL 2.0", "SSL 3.0")


def judge_transit(judgement: Judgement, facts: EncryptionFacts, policy: EncryptionPolicy) -> None:
    """Judge what Windows accepts from others, in its role as a server."""
    _judge_protocols(judgement, facts, policy)
    _judge_smb(judgement, facts, policy)
    _judge_shares(judgement, facts, policy)
    _judge_remote_desktop(judgement, facts, policy)
    _judge_winrm(judgement, facts)


def _judge_protocols(
    judgement: Judgement, facts: EncryptionFacts, policy: EncryptionPolicy
) -> None:
    if facts.protocols.value is None:
        judgement.unread("protocols", facts.protocols)
        return
    enabled = {item.name: item.enabled for item in facts.protocols.value}
    unasked = {item.name for item in facts.protocols.value if item.disabled_by_default}
    for name in OFF_BY_DEFAULT:
        if enabled.get(name):
            judgement.fail("ssl_enabled", name, observed="on", expected="off")
    for name in ON_BY_DEFAULT:
        if policy.legacy_tls_allowed or enabled.get(name) == 0:
            continue
        code = "tls10_enabled_default" if enabled.get(name) is None else "legacy_tls_enabled"
        judgement.warn(code, name, observed="on", expected="off")
    # Switched off, or not offered unless a program asks for it by name.
    if enabled.get("TLS 1.2") == 0 or "TLS 1.2" in unasked:
        judgement.fail("tls12_disabled", "TLS 1.2", observed="off", expected="on")
    for name in (*OFF_BY_DEFAULT, *ON_BY_DEFAULT, "TLS 1.2"):
        if name not in enabled:
            judgement.error("probe_missing", name, observed="not reported", expected="reported")


def _judge_smb(judgement: Judgement, facts: EncryptionFacts, policy: EncryptionPolicy) -> None:
    server, registry = facts.smb.value, facts.smb_registry.value
    if server is None and registry is None:
        judgement.unread("smb", facts.smb)
        return
    if server is not None:
        smb1, signing = server.smb1, server.signing_required
    else:
        # Without the value the default decides, which differs between versions: only 0 proves off.
        smb1 = registry is not None and registry.smb1 != 0
        signing = registry is not None and registry.signing_required == 1
        judgement.unread_minor("smb", facts.smb)
    judgement.unread_minor("smb_registry", facts.smb_registry)
    if server is not None and not smb1 and registry is not None and registry.smb1 not in {None, 0}:
        # The server has not been told, and will read it when it starts.
        judgement.warn(
            "conflicting_evidence", "SMB 1", observed="on after a restart", expected="off"
        )
    if smb1:
        judgement.fail("smb1_enabled", observed="on", expected="off")
    if policy.smb_signing_required and not signing:
        judgement.warn("smb_signing_not_required", observed="not required", expected="required")


def _judge_shares(judgement: Judgement, facts: EncryptionFacts, policy: EncryptionPolicy) -> None:
    judgement.unread_minor("shares", facts.shares)
    if facts.shares.value is None:
        return
    # On a cluster several shares may have one name, each in the scope of its role.
    encrypts: dict[str, bool] = {}
    for share in facts.shares.value:
        key = share.name.casefold()
        encrypts[key] = share.encrypt_data and encrypts.get(key, True)
    server = facts.smb.value
    is_server_wide = server is not None and server.encrypt_data is True
    # A client that cannot encrypt is let in then, and reads in clear.
    is_optional = server is not None and server.reject_unencrypted is False
    for name in policy.ephi_shares:
        is_encrypted = encrypts.get(name.casefold())
        if is_encrypted is None:
            judgement.warn("share_missing", name, observed="absent", expected="present")
        elif not is_encrypted and not is_server_wide:
            judgement.fail("share_not_encrypted", name, observed="off", expected="on")
        elif is_optional:
            judgement.fail("share_not_encrypted", name, observed="optional", expected="on")


def _judge_remote_desktop(
    judgement: Judgement, facts: EncryptionFacts, policy: EncryptionPolicy
) -> None:
    judgement.unread_minor("remote_desktop", facts.remote_desktop)
    desktop = facts.remote_desktop.value
    if desktop is None or _effective(desktop, "denied")[0] == 1:
        return
    limits = (
        ("rdp_nla_off", "network_level", 1),
        ("rdp_security_layer_low", "security_layer", policy.rdp_security_layer_min),
        ("rdp_encryption_low", "encryption_level", policy.rdp_encryption_level_min),
    )
    for code, key, least in limits:
        value, is_policy = _effective(desktop, key)
        if value is None or value < least:
            owned = is_policy and facts.host.setting_owner_is_policy
            judgement.warn(code, observed=value, expected=least, gpo_managed=owned)


def _effective(desktop: RemoteDesktop, key: str) -> tuple[int | None, bool]:
    """Return the value in force, and whether a policy set it."""
    policy: int | None = getattr(desktop, f"policy_{key}")
    local: int | None = getattr(desktop, key)
    return (local, False) if policy is None else (policy, True)


def _judge_winrm(judgement: Judgement, facts: EncryptionFacts) -> None:
    judgement.unread_minor("winrm", facts.winrm)
    winrm = facts.winrm.value
    if winrm is None:
        return
    is_policy = winrm.policy_unencrypted is not None
    value = winrm.policy_unencrypted if is_policy else winrm.local_unencrypted
    if value:
        owned = is_policy and facts.host.setting_owner_is_policy
        judgement.fail("winrm_unencrypted", observed="on", expected="off", gpo_managed=owned)
