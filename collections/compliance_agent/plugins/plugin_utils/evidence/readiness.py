# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove, before a host is touched, that what it will say can be kept, signed and verified."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from ..clock import Clock
from ..controls import load_controls
from ..errors import ComplianceError
from ..models import LONGEST_HOST_NAME, CheckId
from ..phi.scrubber import Scrubber
from ..rules import rules_digest
from . import verify
from .canonical import canonical_json
from .key_ring import refuse_revoked
from .keys import SiteKey, default_key_file, open_or_create_key, publish_key, write_public_half
from .recorder import SiteConflict
from .recovery import needs_recovery, recover
from .runstate import RunState
from .sealer import Sealer, open_sealer
from .signing import sign_document
from .site import SiteDirectory
from .standing import read_standing


class ScopeInvalid(ComplianceError):
    """The run asks for no check, or for one that does not exist."""

    code = "scope_invalid"


class HostNameUnusable(ComplianceError):
    """Evidence cannot name a host as the inventory does."""

    code = "host_name_unusable"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the run may rely on."""

    key: SiteKey
    key_file: Path
    sealer: Sealer
    recovered: tuple[str, ...]
    checks: tuple[CheckId, ...]
    controls: Mapping[CheckId, tuple[str, ...]]
    rules_sha256: str


def make_ready(
    state: RunState, site_id: str, checks: Sequence[str], rules_dir: Path, clock: Clock
) -> Readiness:
    """Prepare the evidence of *site_id*, and seal what killed runs left of it.

    Raises a ComplianceError that says what is missing, or what keeps the evidence from growing.
    """
    site = SiteDirectory(Path(state.evidence_dir), site_id)
    if state.site_id not in {"", site_id}:
        remedy = f"The run is set up for {state.site_id!r} by HIPAA_SITE_ID or ansible.cfg."
        raise SiteConflict("this run has evidence of two sites", value=site_id, remedy=remedy)
    selected = _parse_checks(checks)
    controls = load_controls(rules_dir)
    site.prepare()
    key_file = Path(state.signing_key) if state.signing_key else default_key_file(site_id)
    key = open_or_create_key(key_file, site)
    publish_key(key, site)
    if key.is_new:
        write_public_half(key, key_file, site_id)
    _prove_signature(key)
    refuse_revoked(site, key)
    sealer = open_sealer(state, site, clock)
    read_standing(site, key)
    recovered = recover(sealer).sentences() if needs_recovery(site) else []
    return Readiness(
        key=key,
        key_file=key_file,
        sealer=sealer,
        recovered=tuple(recovered),
        checks=selected,
        controls={item: controls.for_check(item) for item in selected},
        rules_sha256=rules_digest(rules_dir),
    )


def refuse_unusable_names(hosts: Iterable[str], scrubber: Scrubber) -> None:
    """Return if evidence can hold each name of *hosts* as it stands; raises HostNameUnusable.

    A name that the scrubber takes for an identifier would be another one in the bundles than in
    the inventory, and the run could never be sealed.
    """
    met: set[str] = set()
    for host in hosts:
        name = normalize("NFC", host)
        kept = scrubber.scrub_document({"host_id": name}).document["host_id"]
        if kept != name or name in met or not 0 < len(name) <= LONGEST_HOST_NAME:
            raise HostNameUnusable(
                "the inventory has a host whose name evidence cannot hold",
                value=kept,  # not the name: it may be why
                remedy="Call it by another name there, and keep how to reach it in ansible_host.",
            )
        met.add(name)


def _parse_checks(names: Sequence[str]) -> tuple[CheckId, ...]:
    known = [check.value for check in CheckId]
    unknown = sorted(set(names) - set(known))
    if unknown or not names:
        remedy = f"Choose from {', '.join(known)}."
        raise ScopeInvalid("checks are not what this product knows", value=unknown, remedy=remedy)
    return tuple(check for check in CheckId if check.value in names)


def _prove_signature(key: SiteKey) -> None:
    probe = {"probe": os.urandom(16).hex()}
    try:
        signature = sign_document(probe, key.signing_key)
        verify.check_signature(canonical_json(probe), signature, key.trusted[key.key_id])
    except verify.Rejected as rejected:
        raise ScopeInvalid("a trial signature does not verify", value=rejected.reason) from rejected
