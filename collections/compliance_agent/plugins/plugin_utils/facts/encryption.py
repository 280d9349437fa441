# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about encryption on disk and on the wire, and what the policy demands."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ..models import CheckId, Instant
from ..policy import Day, NonNegativeInt, Policy, PolicyModel
from .host import CheckFacts
from .host_record import FactList, HostRecord
from .probe import UNREAD, Probe

# Win32_EncryptableVolume: VolumeType, ProtectionStatus, ConversionStatus, KeyProtectorType.
OS_VOLUME, FIXED_VOLUME, REMOVABLE_VOLUME = 0, 1, 2
PROTECTION_OFF, PROTECTION_ON, PROTECTION_UNKNOWN = 0, 1, 2
DECRYPTED, ENCRYPTED, ENCRYPTING, DECRYPTING, ENCRYPTION_PAUSED, DECRYPTION_PAUSED = range(6)
RECOVERY_PASSWORD = 3
TPM_PROTECTORS = frozenset({1, 4, 5, 6})
FEATURE_INSTALLED = 1
# SHA-256 in lower case.
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Volume(HostRecord):
    """A volume as BitLocker knows it; null where a locked volume does not answer.

    ``recovery`` are its recovery passwords, each as the SHA-256 of its id.
    """

    device_id: str
    drive: str | None
    volume_type: int
    protection: int | None
    conversion: int | None
    percentage: int | None
    flags: int | None
    method: int | None
    lock: int | None
    suspend_count: int | None
    is_initialized: bool | None
    protectors: FactList[int] | None
    recovery: FactList[Digest] | None

    @property
    def name(self) -> str:
        return self.drive or self.device_id


class FixedVolume(HostRecord):
    """A local disk volume that Windows has mounted (Win32_Volume)."""

    device_id: str
    drive: str | None
    file_system: str | None
    has_path: bool


class Feature(HostRecord):
    install_state: int | None


class Tpm(HostRecord):
    is_present: bool
    is_enabled: bool | None
    is_activated: bool | None
    is_owned: bool | None
    spec_version: str | None


class SecureBoot(HostRecord):
    enabled: int | None


class EscrowPolicy(HostRecord):
    """Group policy: with ``*_required`` no volume is encrypted before the directory has its key.

    It says nothing about a protector that is added later.
    """

    os_backup: int | None
    os_required: int | None
    fixed_backup: int | None
    fixed_required: int | None


class BitLockerEvent(HostRecord):
    event: Literal["suspended", "escrowed", "escrow_failed"]
    drive: str | None
    protector: Digest | None
    at: Instant


class PendingReboot(HostRecord):
    servicing: bool
    update: bool


class Protocol(HostRecord):
    """Server side of SCHANNEL; null means that the default of this Windows is in force."""

    name: str
    enabled: int | None
    disabled_by_default: int | None


class SmbServer(HostRecord):
    smb1: bool
    signing_required: bool
    encrypt_data: bool | None
    reject_unencrypted: bool | None


class SmbRegistry(HostRecord):
    smb1: int | None
    signing_required: int | None


class Share(HostRecord):
    name: str
    encrypt_data: bool


class RemoteDesktop(HostRecord):
    """Local values, and the policy values that win over them."""

    denied: int | None
    policy_denied: int | None
    network_level: int | None
    policy_network_level: int | None
    security_layer: int | None
    policy_security_layer: int | None
    encryption_level: int | None
    policy_encryption_level: int | None


class WinRm(HostRecord):
    policy_unencrypted: int | None
    local_unencrypted: int | None


class OtherProduct(HostRecord):
    """A driver of another encryption product; it loads with Windows when start is below 3."""

    service: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionFacts(CheckFacts):
    """One probe a source."""

    CHECK = CheckId.ENCRYPTION

    volumes: Probe[FactList[Volume]] = UNREAD
    fixed_volumes: Probe[FactList[FixedVolume]] = UNREAD
    feature: Probe[Feature] = UNREAD
    tpm: Probe[Tpm] = UNREAD
    secure_boot: Probe[SecureBoot] = UNREAD
    escrow_policy: Probe[EscrowPolicy] = UNREAD
    events: Probe[FactList[BitLockerEvent]] = UNREAD
    pending_reboot: Probe[PendingReboot] = UNREAD
    protocols: Probe[FactList[Protocol]] = UNREAD
    smb: Probe[SmbServer] = UNREAD
    smb_registry: Probe[SmbRegistry] = UNREAD
    shares: Probe[FactList[Share]] = UNREAD
    remote_desktop: Probe[RemoteDesktop] = UNREAD
    winrm: Probe[WinRm] = UNREAD
    other_products: Probe[FactList[OtherProduct]] = UNREAD


Method = Annotated[int, Field(ge=1, le=7)]
Reference = Annotated[str, Field(min_length=3, description="Where the proof is kept.")]


class EncryptionProduct(PolicyModel):
    """Another product that encrypts whole disks, and the driver that shows it."""

    name: str
    service: str


class EncryptionPolicy(Policy):
    """Thresholds of ``rules/policy/encryption.yml``; the file names the source of each default."""

    methods_accepted: tuple[Method, ...]
    methods_weak: tuple[Method, ...]
    methods_accepted_removable: tuple[Method, ...]
    removable_volumes: Literal["ignore", "warn", "fail"]
    recovery_password_required: bool
    escrow_required: bool
    escrow_attested: Reference | None = None
    suspended_grace_hours: NonNegativeInt
    tpm_protector_required: bool
    compensating: Literal["none", "hypervisor", "san", "cloud_sse", "sed"]
    compensating_evidence: Reference | None = None
    compensating_expires: Day | None = None
    exception_reason: Annotated[str, Field(min_length=10)] | None = None
    exception_expires: Day | None = None
    accepted_products: tuple[str, ...]
    legacy_tls_allowed: bool
    smb_signing_required: bool
    ephi_shares: tuple[str, ...]
    rdp_security_layer_min: Annotated[int, Field(ge=0, le=2)]
    rdp_encryption_level_min: Annotated[int, Field(ge=1, le=4)]
    products: tuple[EncryptionProduct, ...]

    @model_validator(mode="after")
    def _statements_are_whole(self) -> "EncryptionPolicy":
        if self.compensating != "none" and self.compensating_evidence is None:
            raise ValueError("compensating needs compensating_evidence, a reference to the proof")
        if (self.exception_reason is None) != (self.exception_expires is None):
            raise ValueError("exception_reason and exception_expires come together")
        return self

    @classmethod
    def tables(cls) -> frozenset[str]:
        return frozenset({"products"})

    def collector_options(self) -> dict[str, Any]:
        return {
            "services": [product.service for product in self.products],
            "shares": list(self.ephi_shares),
        }
