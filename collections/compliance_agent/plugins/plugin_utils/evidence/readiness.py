# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove, before a host is touched, that what it will say can be kept, signed and verified."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..clock import Clock
from ..controls import load_controls
from ..errors import ComplianceError
from ..models import CheckId
from ..rules import rules_digest
from . import verify
from .canonical import canonical_json
from .key_ring import refuse_revoked
from .keys import SiteKey, default_key_file, open_or_create_key, publish_key, write_public_half
from .recorder import SiteConflict
from .recovery import needs_recovery, recover
from .runstate import RunState
from .sealer import open_sealer
from .signing import sign_document
from .site import SiteDirectory
from .standing import read_standing


class ScopeInvalid(ComplianceError):
    """The run asks for no check, or for one that does not exist."""

    code = "scope_invalid"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the run may rely on."""

    key: SiteKey
    key_file: Path
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
        recovered=tuple(recovered),
        checks=selected,
        controls={item: controls.for_check(item) for item in selected},
        rules_sha256=rules_digest(rules_dir),
    )


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
