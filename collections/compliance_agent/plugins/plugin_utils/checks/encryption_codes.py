# SPDX-License-Identifier: GPL-3.0-or-later
"""What the findings of the encryption check mean. Pure."""

from ..models import Severity
from .judgement import Catalogue, Code

CATALOGUE: Catalogue = {
    "os_volume_unencrypted": Code(
        Severity.HIGH, "the volume of Windows is not encrypted", "RB-WIN-ENC-003"
    ),
    "fixed_volume_unencrypted": Code(
        Severity.HIGH, "a fixed volume is not encrypted", "RB-WIN-ENC-003"
    ),
    "removable_unencrypted": Code(Severity.LOW, "a removable volume is not encrypted"),
    "bitlocker_not_installed": Code(
        Severity.HIGH, "BitLocker is not installed, so no volume is encrypted", "RB-WIN-ENC-003"
    ),
    "protection_suspended": Code(
        Severity.MEDIUM, "protection is suspended: the key lies open on the disk", "RB-WIN-ENC-001"
    ),
    "protection_not_activated": Code(
        Severity.HIGH, "a volume is encrypted with a clear key and protects nothing"
    ),
    "encryption_in_progress": Code(Severity.LOW, "encryption is in progress"),
    "encryption_paused": Code(Severity.MEDIUM, "encryption was paused"),
    "volume_decrypting": Code(Severity.HIGH, "a volume is being decrypted"),
    "volume_locked": Code(Severity.MEDIUM, "a volume is locked and cannot be examined"),
    "volume_unread": Code(Severity.MEDIUM, "a volume did not tell its state"),
    "weak_method": Code(Severity.HIGH, "a volume is encrypted with a method that is not accepted"),
    "method_outdated": Code(Severity.LOW, "a volume is encrypted with an outdated method"),
    "no_recovery_password": Code(
        Severity.MEDIUM, "a volume has no recovery password: data can be lost", "RB-WIN-ENC-002"
    ),
    "no_tpm_protector": Code(Severity.MEDIUM, "the volume of Windows is not bound to a TPM"),
    "escrow_unverified": Code(
        Severity.MEDIUM,
        "nothing proves that the recovery password is kept elsewhere",
        "RB-WIN-ENC-002",
    ),
    "escrow_failed": Code(
        Severity.MEDIUM, "keeping the recovery password elsewhere failed", "RB-WIN-ENC-002"
    ),
    "escrow_attested": Code(Severity.INFO, "the site attests where recovery passwords are kept"),
    "compensating_control": Code(Severity.INFO, "the site encrypts below Windows and proves it"),
    "compensating_expired": Code(
        Severity.MEDIUM, "the proof of a compensating control has expired"
    ),
    "documented_exception": Code(Severity.MEDIUM, "the site documents an exception"),
    "third_party_encryption": Code(Severity.MEDIUM, "a product that is not accepted may encrypt"),
    "third_party_accepted": Code(Severity.INFO, "an accepted product encrypts"),
    "ssl_enabled": Code(Severity.HIGH, "SSL is switched on", "RB-WIN-ENC-004"),
    "legacy_tls_enabled": Code(Severity.LOW, "TLS older than 1.2 is switched on", "RB-WIN-ENC-004"),
    "tls10_enabled_default": Code(
        Severity.LOW, "TLS older than 1.2 is on by the default of Windows", "RB-WIN-ENC-004"
    ),
    "tls12_disabled": Code(Severity.HIGH, "TLS 1.2 is switched off", "RB-WIN-ENC-004"),
    "smb1_enabled": Code(Severity.HIGH, "SMB 1 is switched on", "RB-WIN-ENC-005"),
    "smb_signing_not_required": Code(
        Severity.MEDIUM, "SMB does not require signatures", "RB-WIN-ENC-005"
    ),
    "share_not_encrypted": Code(Severity.HIGH, "a share with ePHI does not require encryption"),
    "share_missing": Code(Severity.LOW, "a share that the policy names does not exist"),
    "rdp_nla_off": Code(
        Severity.MEDIUM, "remote desktop does not require network level authentication"
    ),
    "rdp_security_layer_low": Code(Severity.MEDIUM, "remote desktop does not require TLS"),
    "rdp_encryption_low": Code(Severity.MEDIUM, "remote desktop accepts weak encryption"),
    "winrm_unencrypted": Code(Severity.HIGH, "WinRM accepts unencrypted messages"),
}
