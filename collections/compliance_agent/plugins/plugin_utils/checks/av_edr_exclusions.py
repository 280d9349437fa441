# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what Microsoft Defender does not scan. Pure."""

import re
from fnmatch import fnmatchcase

from ..facts.av_edr import AvEdrFacts, AvEdrPolicy, Exclusion
from .judgement import Judgement

# A path without its drive: \\?\C:\Temp\* and C:/Temp/ are \temp.
DRIVE = re.compile(r"^(\\\\[?.]\\)?([a-z?*]:|%systemdrive%|%homedrive%)(?=\\|$)")
# The same folder by another name; the one of a user is one of many.
FOLDERS = {
    "%windir%": r"\windows",
    "%systemroot%": r"\windows",
    "%programdata%": r"\programdata",
    "%allusersprofile%": r"\programdata",
    "%programfiles%": r"\program files",
    "%programw6432%": r"\program files",
    "%programfiles(x86)%": r"\program files (x86)",
    "%public%": r"\users\public",
    "%userprofile%": r"\users\*",
    "%homepath%": r"\users\*",
    "%appdata%": r"\users\*\appdata\roaming",
    "%localappdata%": r"\users\*\appdata\local",
    "%temp%": r"\users\*\appdata\local\temp",
    "%tmp%": r"\users\*\appdata\local\temp",
}
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
    text = DRIVE.sub("", path.strip().strip('"').replace("/", "\\").casefold())
    first, slash, rest = text.partition("\\")
    return TRAILING_WILDCARDS.sub("", f"{FOLDERS.get(first, first)}{slash}{rest}")


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
        return _is_forbidden_extension(text.strip().lstrip("."), policy)
    path = _normal_path(text)
    if exclusion.kind == "path" and _leaves_out_a_kind(path, policy):
        return True
    if exclusion.kind == "process":
        listed = {item.casefold() for item in policy.forbidden_exclusion_processes}
        name = path.rsplit("\\", 1)[-1]
        if any(fnmatchcase(item, name) for item in listed):
            return True
    is_folder = exclusion.kind == "path" or (exclusion.kind == "process" and _is_folder(text))
    return is_folder and any(
        _fits(path, _normal_path(item)) for item in policy.forbidden_exclusion_paths
    )


def _is_folder(process: str) -> bool:
    # Then it leaves out what any program of the folder opens (Microsoft, "Configure exclusions for
    # files opened by processes").
    return TRAILING_WILDCARDS.search(process.strip().strip('"').replace("/", "\\")) is not None


def _is_forbidden_extension(wanted: str, policy: AvEdrPolicy) -> bool:
    listed = {item.casefold().lstrip(".") for item in policy.forbidden_exclusion_extensions}
    # An exclusion may have wildcards itself: ex? leaves out every exe.
    return wanted.lstrip("*.") in listed or any(fnmatchcase(item, wanted) for item in listed)


def _leaves_out_a_kind(path: str, policy: AvEdrPolicy) -> bool:
    """Whether a path is for all files of a kind in every folder, or at the root of a drive."""
    name = path.removeprefix("\\")
    stem, dot, extension = name.rpartition(".")
    is_any = dot and "\\" not in name and stem.strip("*?") == ""
    return bool(is_any) and _is_forbidden_extension(extension, policy)


def _fits(path: str, pattern: str) -> bool:
    """Whether a path covers the one that a pattern names; in both, * stands for one folder."""
    ours, theirs = path.split("\\"), pattern.split("\\")
    return len(ours) == len(theirs) and all(
        fnmatchcase(part, wanted) or fnmatchcase(wanted, part)
        for part, wanted in zip(ours, theirs, strict=True)
    )
