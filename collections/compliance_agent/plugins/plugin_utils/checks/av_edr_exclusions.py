# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what Microsoft Defender does not scan. Pure."""

import re
from fnmatch import fnmatchcase

from ..facts.av_edr import AvEdrFacts, AvEdrPolicy, Exclusion
from .judgement import Judgement

# A path without its drive: \\?\C:\Temp\* and C:/Temp/ are \temp.
DRIVE = re.compile(r"^(\\\\[?.]\\)?([a-z?*]:|%systemdrive%)(?=\\|$)")
TRAILING_WILDCARDS = re.compile(r"(\\(\*+(\.\*)?)?)+$")
ALL_ADDRESSES = frozenset({"0.0.0.0/0", "::/0", "*"})


def judge_exclusions(judgement: Judgement, facts: AvEdrFacts, policy: AvEdrPolicy) -> None:
    """Judge each exclusion: of everything, too broad, or the site's own business."""
    preference = facts.preference.value
    if preference is None:
        return
    if preference.are_exclusions_hidden:
        judgement.warn("exclusions_unread", observed="hidden", expected="readable")
    elif preference.exclusion_total > len(preference.exclusions):
        judgement.warn(
            "exclusions_unread",
            observed=preference.exclusion_total,
            expected=len(preference.exclusions),
        )
    for exclusion in preference.exclusions:
        if _is_everything(exclusion):
            judgement.fail("exclusion_of_everything", exclusion.kind, observed=exclusion.value)
        elif _is_forbidden(exclusion, policy):
            judgement.warn("exclusion_forbidden", exclusion.kind, observed=exclusion.value)


def _normal_path(path: str) -> str:
    text = path.strip().strip('"').replace("/", "\\").casefold()
    return TRAILING_WILDCARDS.sub("", DRIVE.sub("", text))


def _is_everything(exclusion: Exclusion) -> bool:
    text = (
        exclusion.value.strip().strip('"').lstrip(".")
        if exclusion.kind == "extension"
        else exclusion.value
    )
    if exclusion.kind == "address":
        return text in ALL_ADDRESSES
    return text.strip("*.?") == "" or (exclusion.kind != "extension" and _normal_path(text) == "")


def _is_forbidden(exclusion: Exclusion, policy: AvEdrPolicy) -> bool:
    text = exclusion.value.casefold()
    if exclusion.kind == "extension":
        listed = {item.casefold().lstrip(".") for item in policy.forbidden_exclusion_extensions}
        # An exclusion may have wildcards itself: ex? leaves out every exe.
        wanted = text.strip().lstrip(".")
        return wanted.lstrip("*.") in listed or any(fnmatchcase(item, wanted) for item in listed)
    path = _normal_path(text)
    if exclusion.kind == "process":
        listed = {item.casefold() for item in policy.forbidden_exclusion_processes}
        name = path.rsplit("\\", 1)[-1]
        return any(fnmatchcase(item, name) for item in listed)
    return exclusion.kind == "path" and any(
        _fits(path, _normal_path(item)) for item in policy.forbidden_exclusion_paths
    )


def _fits(path: str, pattern: str) -> bool:
    """Whether a path covers the one that a pattern names; in both, * stands for one folder."""
    ours, theirs = path.split("\\"), pattern.split("\\")
    return len(ours) == len(theirs) and all(
        fnmatchcase(part, wanted) or fnmatchcase(wanted, part)
        for part, wanted in zip(ours, theirs, strict=True)
    )
