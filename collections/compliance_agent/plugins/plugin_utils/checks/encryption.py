# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge how a host encrypts data. Pure: no clock, no I/O, no Ansible."""

from datetime import datetime

from ..facts.encryption import EncryptionFacts, EncryptionPolicy
from ..models import CheckId, ComplianceCheck
from .encryption_codes import CATALOGUE
from .encryption_transit import judge_transit
from .encryption_volumes import judge_volumes
from .judgement import Judgement


def judge_encryption(
    facts: EncryptionFacts, policy: EncryptionPolicy, now: datetime
) -> ComplianceCheck:
    """Judge data at rest, then data in transit; what was not read is an ERROR or a WARNING."""
    judgement = Judgement(CheckId.ENCRYPTION, CATALOGUE)
    if judgement.is_blocked_by(facts.host):
        return judgement.verdict(facts, policy)
    if facts.host.os.value is None:
        judgement.unread("os", facts.host.os)
    if facts.host.computer.value is None:
        judgement.unread("computer", facts.host.computer)
    judge_volumes(judgement, facts, policy, now)
    judge_transit(judgement, facts, policy)
    return judgement.verdict(facts, policy)
