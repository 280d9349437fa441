# SPDX-License-Identifier: GPL-3.0-or-later
"""Which facts, policy and judge belong to each check, and how a document becomes verdicts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from .checks.av_edr import CATALOGUE as AV_EDR_CODES
from .checks.av_edr import judge_av_edr
from .checks.backup import judge_backup
from .checks.backup_codes import CATALOGUE as BACKUP_CODES
from .checks.clock_skew import judge_clock
from .checks.encryption import judge_encryption
from .checks.encryption_codes import CATALOGUE as ENCRYPTION_CODES
from .checks.firewall import CATALOGUE as FIREWALL_CODES
from .checks.firewall import judge_firewall
from .checks.judgement import Catalogue
from .checks.logging import CATALOGUE as LOGGING_CODES
from .checks.logging import judge_logging
from .checks.patching import CATALOGUE as PATCHING_CODES
from .checks.patching import judge_patching
from .controls import load_controls
from .errors import PolicyInvalid
from .facts import av_edr, backup, encryption, firewall, logging, patching
from .facts.host import CheckFacts, HostFacts
from .facts.host_record import forget_parsers
from .facts.probe import FactDocument, prepare_document, prepare_probes
from .models import CheckId, ComplianceCheck
from .policy import Layer, Policy, build_policy, rule_layers

COMMON = "common"


@dataclass(frozen=True, slots=True)
class Judge:
    """One check, from its facts to its verdict."""

    policy: type[Policy]
    facts: type[CheckFacts]
    judge: Callable[[Any, Any, datetime], ComplianceCheck]
    catalogue: Catalogue  # the codes of its findings, beside those that all share


JUDGES: Mapping[CheckId, Judge] = {
    CheckId.PATCHING: Judge(
        patching.PatchingPolicy, patching.PatchingFacts, judge_patching, PATCHING_CODES
    ),
    CheckId.AV_EDR: Judge(av_edr.AvEdrPolicy, av_edr.AvEdrFacts, judge_av_edr, AV_EDR_CODES),
    CheckId.BACKUP: Judge(backup.BackupPolicy, backup.BackupFacts, judge_backup, BACKUP_CODES),
    CheckId.LOGGING: Judge(
        logging.LoggingPolicy, logging.LoggingFacts, judge_logging, LOGGING_CODES
    ),
    CheckId.FIREWALL: Judge(
        firewall.FirewallPolicy, firewall.FirewallFacts, judge_firewall, FIREWALL_CODES
    ),
    CheckId.ENCRYPTION: Judge(
        encryption.EncryptionPolicy, encryption.EncryptionFacts, judge_encryption, ENCRYPTION_CODES
    ),
}


@lru_cache(maxsize=4)
def shipped_layers(rules_dir: Path) -> Mapping[CheckId, tuple[Layer, ...]]:
    """Return what the folder ``rules/`` says about each check, read once a process.

    The controller reads it before workers fork, so that no worker parses YAML.
    """
    controls = load_controls(rules_dir)
    origin = str(rules_dir / "controls.yml")
    return {
        check: (
            *rule_layers(rules_dir, check),
            Layer(origin, {"hipaa_controls": list(controls.for_check(check))}),
        )
        for check in CheckId
    }


def load_policies(
    rules_dir: Path, checks: Iterable[CheckId], overrides: Sequence[Layer] = ()
) -> dict[CheckId, Policy]:
    """Return the policy of each of *checks*: what is shipped, then each of *overrides*.

    An override maps ``common`` or a check id to keys of its policy. Raises PolicyInvalid.
    """
    for layer in overrides:
        _refuse_unknown_checks(layer)
    policies = {}
    for check in checks:
        changes = list(_layers_of(check, overrides))
        policies[check] = (
            _changed_policy(rules_dir, check, changes)
            if changes
            else shipped_policy(rules_dir, check)
        )
    return policies


@lru_cache(maxsize=4 * len(CheckId))
def shipped_policy(rules_dir: Path, check: CheckId) -> Policy:
    """Return the policy of *check* without any override, built once a process."""
    return build_policy(JUDGES[check].policy, shipped_layers(rules_dir)[check])


def _changed_policy(rules_dir: Path, check: CheckId, changes: Sequence[Layer]) -> Policy:
    layers: Sequence[Layer] = shipped_layers(rules_dir)[check]
    # Without what is not valid by itself, and may be so together with the changes.
    with suppress(PolicyInvalid):
        # Its values are parsed already: a worker does not walk the long tables of the rules, nor
        # copy the memory that they lie in.
        known = dict(shipped_policy(rules_dir, check))
        layers = [
            Layer(layer.origin, {key: known[key] for key in layer.values}) for layer in layers
        ]
    return build_policy(JUDGES[check].policy, [*layers, *changes]).with_site_tables(changes)


def prepare_facts() -> None:
    """Build what parses facts: what a process builds after a fork, each fork builds."""
    prepare_document()
    prepare_probes(HostFacts)
    for judge in JUDGES.values():
        prepare_probes(judge.facts)


def forget_rules_and_facts() -> None:
    """Give back what a process keeps for judging, and builds again if it is asked once more."""
    forget_parsers()
    shipped_layers.cache_clear()
    shipped_policy.cache_clear()


def judge_document(
    document: FactDocument,
    policies: Mapping[CheckId, Policy],
    asked_at: datetime,
    answered_at: datetime,
) -> list[ComplianceCheck]:
    """Return one verdict for each policy, in the order of *policies*.

    Ages are counted on the host's own clock, which stamped the evidence; how far that clock is from
    the controller's is a finding of its own.
    """
    verdicts = []
    for check, policy in policies.items():
        judge = JUDGES[check]
        verdict = judge.judge(judge.facts.parse(document), policy, document.collected_at)
        verdicts.append(judge_clock(verdict, policy, asked_at, answered_at))
    return verdicts


def _layers_of(check: CheckId, overrides: Iterable[Layer]) -> Iterable[Layer]:
    for layer in overrides:
        for section in (COMMON, check.value):
            if section in layer.values:
                yield Layer(f"{layer.origin}, {section}", layer.values[section])


def _refuse_unknown_checks(layer: Layer) -> None:
    allowed = [COMMON, *(check.value for check in CheckId)]
    for section, keys in layer.values.items():
        if section not in allowed:
            remedy = f"Allowed: {', '.join(allowed)}."
            raise PolicyInvalid(f"{layer.origin}: no such check", value=section, remedy=remedy)
        if not isinstance(keys, Mapping):
            remedy = "Write the policy keys of the check below its name."
            where = f"{layer.origin}: {section} is no mapping"
            raise PolicyInvalid(where, value=keys, remedy=remedy)
