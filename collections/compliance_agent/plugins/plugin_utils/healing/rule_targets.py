# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule comes to, given the runbooks: its runbook, and the findings that it can match. Pure.

Messages of findings are fixed phrases, so ``message_contains`` is a set of codes as well: no text
that a host could have written decides which rule wins.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..checks.judgement import SHARED_CODES
from ..errors import ParameterInvalid
from ..judges import JUDGES
from ..models import CheckId
from .parameters import PassedSource
from .rule_faults import Fault, near
from .rules import SERVICE, SPAN_SECONDS_MAX, Pattern, Rule
from .runbooks import Runbook


@dataclass(frozen=True, slots=True)
class Target:
    """A rule with everything that it names looked up."""

    rule: Rule
    runbook: Runbook | None  # None: a person
    codes: frozenset[str]  # one of its findings has one of these
    forbidden: frozenset[str]  # not_finding_codes
    vetoed: frozenset[str]  # what the runbook leaves to a person: escalate_when
    values: Mapping[str, object]  # parameters that the rule gives

    @property
    def excluded(self) -> frozenset[str]:
        """Return the codes that keep the rule from matching."""
        return self.forbidden | self.vetoed


def phrases_of(check: CheckId) -> dict[str, str]:
    """Return the fixed message of every code that *check* can report."""
    catalogue = {**SHARED_CODES, **JUDGES[check].catalogue}
    return {code: entry.phrase for code, entry in catalogue.items()}


def resolve(rule: Rule, runbooks: Mapping[str, Runbook]) -> tuple[Target | None, list[Fault]]:
    """Return what *rule* comes to, and what is wrong with it; no target where something is."""
    faults = list(_unknown_codes(rule.pattern))
    runbook = _runbook_of(rule, runbooks)
    if isinstance(runbook, Fault):
        return None, [*faults, runbook]
    if faults:
        return None, faults  # of codes that do not exist nothing more can be said
    codes = _codes(rule.pattern, runbook)
    if isinstance(codes, Fault):
        return None, [*faults, codes]
    values = {**rule.action.parameters}
    if runbook is not None:
        if rule.action.service is not None and SERVICE in runbook.parameters:
            values[SERVICE] = rule.action.service
        faults += [*_parameter_faults(runbook, values), *_cooldown_faults(rule, runbook)]
    if any(not fault.is_warning for fault in faults):
        return None, faults
    vetoed = _vetoed(rule.pattern.check_type, runbook) if runbook else frozenset()
    forbidden = frozenset(rule.pattern.not_finding_codes or ())
    return Target(rule, runbook, codes, forbidden, vetoed, values), faults


def _unknown_codes(pattern: Pattern) -> Iterator[Fault]:
    known = phrases_of(pattern.check_type)
    for key in ("finding_codes", "not_finding_codes"):
        for code in getattr(pattern, key) or ():
            if code not in known:
                others = [check.value for check in CheckId if code in phrases_of(check)]
                hint = f"It is a code of {', '.join(others)}. " if others else near(code, known)
                yield Fault(
                    ("pattern", key),
                    f"{pattern.check_type} never reports this code",
                    code,
                    f"{hint}docs/reference/finding-codes.md lists them.",
                )


def _runbook_of(rule: Rule, runbooks: Mapping[str, Runbook]) -> Runbook | Fault | None:
    if rule.escalates:
        return None
    name = rule.action.runbook
    if name is None:
        return _only_one(rule, runbooks)
    runbook = runbooks.get(name)
    if runbook is None:
        check = rule.pattern.check_type
        known = [item.runbook_id for item in runbooks.values() if item.check_type is check]
        remedy = f"{near(name, runbooks)}Of {check}: {', '.join(known) or 'none'}."
        return Fault(("action", "runbook"), "there is no such runbook", name, remedy)
    return _misfit(rule, runbook) or runbook


def _misfit(rule: Rule, runbook: Runbook) -> Fault | None:
    """Return why *runbook*, which *rule* names, is not what it asks for."""
    check, name = rule.pattern.check_type, runbook.runbook_id
    if runbook.check_type is not check:
        remedy = f"It repairs {runbook.check_type}."
        return Fault(("action", "runbook"), f"the runbook is not one of {check}", name, remedy)
    if runbook.action_type is not rule.action.type:
        remedy = f"Write {runbook.action_type}, which is what {name} does."
        written = rule.action.type.value
        return Fault(("action", "type"), "the runbook does something else", written, remedy)
    if (service := rule.action.service) and not _serves(runbook, service):
        remedy = "Name the service that it restarts, or leave the key out."
        return Fault(("action", SERVICE), f"{name} has nothing to do with it", service, remedy)
    return None


def _only_one(rule: Rule, runbooks: Mapping[str, Runbook]) -> Runbook | Fault:
    """Return the only runbook of the check that does what the bare action says."""
    action = rule.action
    fitting = [
        runbook
        for runbook in runbooks.values()
        if runbook.check_type is rule.pattern.check_type and runbook.action_type is action.type
        if action.service is None or _serves(runbook, action.service)
    ]
    if len(fitting) == 1:
        return fitting[0]
    bare = f"{action.type} {action.service}" if action.service else action.type.value
    found = ", ".join(runbook.runbook_id for runbook in fitting)
    what = "several runbooks fit" if fitting else f"no runbook of {rule.pattern.check_type} fits"
    remedy = f"Name one with runbook: {found}." if found else "Name one with runbook."
    return Fault(("action",), what, bare, remedy)


def _serves(runbook: Runbook, service: str) -> bool:
    """Return whether *runbook* takes *service* as its parameter, or names it in its scripts."""
    parameter = runbook.parameters.get(SERVICE)
    if parameter is not None:
        try:
            parameter.check(SERVICE, service)
        except ParameterInvalid:
            return False
        return True
    word = re.compile(rf"(?<![\w.$-]){re.escape(service)}(?![\w$-])", re.IGNORECASE)
    return any(word.search(text) for text in runbook.scripts.values())


def _codes(pattern: Pattern, runbook: Runbook | None) -> frozenset[str] | Fault:
    phrases = phrases_of(pattern.check_type)
    named = frozenset(pattern.finding_codes or phrases)
    repairs = phrases.keys() if runbook is None else frozenset(runbook.repairs)
    if runbook and pattern.finding_codes and (foreign := sorted(named - repairs)):
        what = f"{runbook.runbook_id} does not repair this"
        remedy = f"It repairs {', '.join(runbook.repairs)}."
        return Fault(("pattern", "finding_codes"), what, foreign, remedy)
    if (text := pattern.message_contains) is not None:
        said = frozenset(_saying(text, phrases))
        if not said:
            remedy = (
                "docs/reference/finding-codes.md lists the messages; status and scopes are none."
            )
            return Fault(("pattern", "message_contains"), "no message has this part", text, remedy)
        named &= said
    codes = named & repairs
    if codes:
        return codes
    # Each key by itself is right, and together they leave nothing.
    remedy = "Compare its keys with what the runbook repairs."
    return Fault(("pattern",), "no finding can have these codes and this message", None, remedy)


def _saying(text: str, phrases: Mapping[str, str]) -> Iterator[str]:
    part = text.casefold()
    return (code for code, phrase in phrases.items() if part in phrase.casefold())


def _vetoed(check: CheckId, runbook: Runbook) -> frozenset[str]:
    phrases = phrases_of(check)
    return frozenset(
        code
        for entry in runbook.escalate_when
        for code in ([entry] if entry in phrases else _saying(entry, phrases))
    )


def _parameter_faults(runbook: Runbook, values: Mapping[str, object]) -> Iterator[Fault]:
    place = ("action", "parameters")
    for name, value in values.items():
        if name not in runbook.parameters:
            allowed = ", ".join(runbook.parameters) or "none"
            yield Fault(
                (*place, name), f"{runbook.runbook_id} takes no such parameter", name,
                f"{near(name, runbook.parameters)}Allowed: {allowed}.",
            )  # fmt: skip
            continue
        if isinstance(source := runbook.parameters[name].source, PassedSource):
            what = "a rule cannot say that a check has passed"
            remedy = f"Leave it out: the check {source.passed} of the host gives it."
            yield Fault((*place, name), what, value, remedy)
            continue
        try:
            runbook.parameters[name].check(name, value)
        except ParameterInvalid as error:
            yield Fault((*place, name), error.failed, error.value, error.remedy)
    for name, parameter in runbook.parameters.items():
        has_value = name in values or parameter.default is not None or parameter.source is not None
        if parameter.required and not has_value:
            yield Fault(place, f"{runbook.runbook_id} needs the parameter {name}", None,
                        f"Give it: {parameter.description}")  # fmt: skip


def _cooldown_faults(rule: Rule, runbook: Runbook) -> Iterator[Fault]:
    pause, takes = rule.cooldown_seconds, runbook.estimated_seconds
    longest = max(pause, takes)
    if rule.max_retries * longest > SPAN_SECONDS_MAX:
        most = SPAN_SECONDS_MAX // rule.max_retries
        yield Fault(
            ("cooldown_seconds",),
            f"{rule.max_retries} tries {longest} s apart take {rule.max_retries * longest} s, and "
            f"after {SPAN_SECONDS_MAX} s (7 days) an incident is a person's",
            pause,
            "Allow fewer max_retries."
            if takes > most
            else f"Write at most {most}, or fewer max_retries.",
        )
    if pause < takes:
        # No error: the contract's own sample is like this. A try never begins beside another.
        yield Fault(
            ("cooldown_seconds",),
            f"the cooldown of {pause} s is over before {runbook.runbook_id}, which takes about "
            f"{takes} s, has ended",
            pause,
            f"Write at least {takes} if there shall be a pause between two tries.",
            is_warning=True,
        )
